"""Source written for a newer Python, with what is new blanked out or respelled so that an older one can parse it.

Every line and every column stays where it was, so places found in the result are places in the file. What the code
says about names stays; what only types or new constructs add is lost:

* type parameters of functions, classes and aliases (PEP 695, 696) are blanked; ``type A = x`` becomes ``type;A = x``
* ``t"..."`` (PEP 750) becomes ``f"..."``
* quotes, backslashes and comments inside the holes of f-strings (PEP 701) are respelled: ``f"{a["b"]}"`` -> ``f"{a['b']}"``
* ``except A, B:`` (PEP 758) becomes ``except A| B:``
* ``lazy import a`` (PEP 810) becomes ``lazy;import a``
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
      | (?P<prefix>\b[bBfFrRtTuU]{1,3})?(?P<quote>'''|\"\"\"|'|\")
      | (?P<name>[^\W\d]\w*)
      | (?P<space>[ \t\f]+|\\\n)
      | (?P<line>\n)
      | (?P<number>\d\w*)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_OPEN, _CLOSE = "([{", ")]}"
_TYPE = re.compile(r"[ \t]+[^\W\d]\w*[ \t]*(?P<bracket>\[|=(?!=))")
_LAZY = re.compile(r"[ \t]+(?:import|from)\b")
_PYTHON_2_NAME = re.compile(r",[ \t]*[a-z_]\w*[ \t]*:")
_DEFINED = re.compile(r"[ \t]+[^\W\d]\w*[ \t]*(?P<bracket>\[)")


class _Hopeless(Exception):
    """The text is not what it seemed to be, or cannot be respelled in place."""


def lowered(text: str) -> str | None:
    """The text in older syntax, or ``None`` when there is nothing in it that this knows to be new."""
    try:
        result = _Lowering(text).run()
    except _Hopeless:
        return None
    return None if result == text else result


class _Lowering:
    def __init__(self, text: str) -> None:
        self.text = text
        self.out = list(text)

    def run(self) -> str:
        text = self.text
        position, depth, begins = 0, 0, True
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise _Hopeless
            kind, end = found.lastgroup, found.end()
            if kind == "quote":
                end = self.string(found, "")
                begins = False
            elif kind == "name":
                end = self.word(found.group(), end, begins and not depth)
                begins = False
            elif kind == "line":
                begins = begins or not depth
            elif kind == "other":
                character = found.group()
                if character in _OPEN:
                    depth += 1
                elif character in _CLOSE:
                    depth -= 1
                begins = character in ":;" and not depth
            elif kind == "number":
                begins = False
            position = end
        return "".join(self.out)

    def word(self, word: str, end: int, begins: bool) -> int:
        """A name that ends at ``end``; ``begins`` when it is the first of a statement. Where to go on."""
        text = self.text
        if word in ("def", "class"):
            found = _DEFINED.match(text, end)
            if found is not None:
                return self.blank_brackets(found.start("bracket"))
        elif not begins:
            return end
        elif word == "type":
            found = _TYPE.match(text, end)
            if found is not None:
                if found.group("bracket") == "[":
                    after = self.blank_brackets(found.start("bracket"))
                    if re.compile(r"[ \t]*=(?!=)").match(text, after) is None:
                        raise _Hopeless
                    end = after
                self.out[found.start()] = ";"
        elif word == "lazy":
            if _LAZY.match(text, end) is not None:
                self.out[end] = ";"
        elif word == "except":
            self.except_clause(end)
        return end

    def blank_brackets(self, start: int) -> int:
        end = self.closing(start)
        for index in range(start, end):
            if self.text[index] == "\n":
                if self.text[index - 1] == "\n":
                    raise _Hopeless  # no room for the sign that the line goes on
                self.out[index - 1] = "\\"
            else:
                self.out[index] = " "
        return end

    def closing(self, start: int) -> int:
        """Behind the bracket that closes the one at ``start``."""
        position, depth = start, 0
        while position < len(self.text):
            found = _TOKEN.match(self.text, position)
            if found is None:
                break
            position = found.end()
            if found.lastgroup == "quote":
                position = self.plain_end(found)
            elif found.lastgroup == "other":
                depth += (found.group() in _OPEN) - (found.group() in _CLOSE)
                if not depth:
                    return position
        raise _Hopeless

    def except_clause(self, start: int) -> None:
        position, depth = start, 0
        commas: list[int] = []
        while position < len(self.text):
            found = _TOKEN.match(self.text, position)
            if found is None:
                return
            character = found.group()
            if found.lastgroup == "other":
                if character == ":" and not depth:
                    break
                depth += (character in _OPEN) - (character in _CLOSE)
                if character == "," and not depth:
                    commas.append(position)
            elif found.lastgroup in ("line", "quote") or character == "as":
                return
            position = found.end()
        if len(commas) == 1 and _PYTHON_2_NAME.match(self.text, commas[0]) is not None:
            return
        for comma in commas:
            self.out[comma] = "|"

    def plain_end(self, found: re.Match[str]) -> int:
        """Behind a string without holes."""
        quote = found.group("quote")
        position = found.end()
        while position < len(self.text):
            if self.text.startswith(quote, position):
                return position + len(quote)
            if self.text[position] == "\n" and len(quote) == 1:
                break
            position += 2 if self.text[position] == "\\" else 1
        raise _Hopeless

    def string(self, found: re.Match[str], around: str) -> int:
        """A string that begins at ``found``, inside the quotes ``around``; where it ends."""
        prefix = (found.group("prefix") or "").lower()
        quote = found.group("quote")
        if "t" in prefix:
            place = found.start("prefix") + prefix.index("t")
            self.out[place] = "f" if self.text[place] == "t" else "F"
        end = self.formatted_end(found, around) if "f" in prefix or "t" in prefix else self.plain_end(found)
        if around:
            self.requote(found, quote, end, around)
        return end

    def requote(self, found: re.Match[str], quote: str, end: int, around: str) -> None:
        """Inside a hole no backslash and none of the quotes around it may stand."""
        if len(quote) == 3:
            if quote[0] in around or "\\" in self.text[found.end() : end]:
                raise _Hopeless
            return
        inner = range(found.end(), end - 1)
        chosen = quote if quote not in around else "'" if quote == '"' else '"'
        if chosen in around:
            raise _Hopeless
        skip = False
        for index in inner:
            if skip:
                skip = False
            elif self.text[index] == "\\":
                self.out[index] = " "
                self.out[index + 1] = " "
                skip = True
            elif self.out[index] == chosen:
                raise _Hopeless
        self.out[found.end() - 1] = chosen
        self.out[end - 1] = chosen

    def formatted_end(self, found: re.Match[str], around: str) -> int:
        text, quote = self.text, found.group("quote")
        raw = "r" in found.group("prefix").lower()
        inside = around + quote[0] if len(quote) == 1 else around
        position = found.end()
        while position < len(text):
            if text.startswith(quote, position):
                return position + len(quote)
            character = text[position]
            if character == "\n" and len(quote) == 1:
                break
            if character == "\\" and not raw:
                named = text.startswith("N{", position + 1)
                position = text.index("}", position) + 1 if named and "}" in text[position:] else position + 2
            elif character == "{":
                position = position + 2 if text.startswith("{{", position) else self.hole(position + 1, quote, inside)
            else:
                position += 1
        raise _Hopeless

    def hole(self, position: int, quote: str, inside: str) -> int:
        """Behind the ``}`` that closes a hole."""
        text = self.text
        depth = 0
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                break
            kind, character = found.lastgroup, found.group()
            position = found.end()
            if kind == "quote":
                position = self.string(found, inside or "\0")
            elif kind == "comment":
                for index in range(found.start(), found.end()):
                    self.out[index] = " "
            elif kind == "line" or character == "\\\n":
                if len(quote) == 1 or kind == "space":
                    raise _Hopeless
            elif kind == "other":
                if character == "}" and not depth:
                    return position
                if character == ":" and not depth:
                    return self.specification(position, quote, inside)
                depth += (character in _OPEN) - (character in _CLOSE)
        raise _Hopeless

    def specification(self, position: int, quote: str, inside: str) -> int:
        while position < len(self.text):
            character = self.text[position]
            if character == "}":
                return position + 1
            if character == "{":
                position = self.hole(position + 1, quote, inside)
            elif character == "\n" and len(quote) == 1:
                break
            else:
                position += 1
        raise _Hopeless
