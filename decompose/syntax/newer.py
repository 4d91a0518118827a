"""Source written for a newer Python, with what is new blanked out or respelled so that an older one can parse it.

Every line and every column stays where it was, so places found in the result are places in the file. What the code
says about names stays; what only types or new constructs add is lost:

* type parameters of functions, classes and aliases (PEP 695, 696) are blanked; ``type A = x`` becomes ``type;A = x``
* ``t"..."`` (PEP 750) becomes ``f"..."``
* quotes, backslashes and comments inside the holes of f-strings (PEP 701) are respelled: ``f"{a["b"]}"`` -> ``f"{a['b']}"``;
  where that cannot be done (line ends in a hole, quotes in quotes in quotes) only the holes stay: ``f"-{a} {b}"`` -> `` (  a, b) ``
* ``except A, B:`` (PEP 758) becomes ``except A| B:``
* ``lazy import a`` (PEP 810) becomes ``lazy;import a``
* ``[*a for a in b]`` (PEP 798) becomes ``[ a for a in b]``
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
_STARS = re.compile(r"[ \t\n]*(?P<stars>\*\*?)")
_JOINED = re.compile(r"(?:[ \t\f]|\\\n|\n|\#[^\n]*)*(?:[bBfFrRtTuU]{1,3})?['\"]")
_JOINED_ON_LINE = re.compile(r"(?:[ \t\f]|\\\n)*(?:[bBfFrRtTuU]{1,3})?['\"]")
_DEBUGGED = re.compile(r"=(?:[ \t\n]|\#[^\n]*)*[}!:]")
_DEFINED = re.compile(r"[ \t]+[^\W\d]\w*[ \t]*(?P<bracket>\[)")


class _Hopeless(Exception):
    """The text is not what it seemed to be, or cannot be respelled in place."""


def lowered(text: str, *, thorough: bool = False) -> str | None:
    """The text in older syntax, or ``None`` when there is nothing in it that this knows to be new.

    ``thorough`` leaves no formatted string but what stands in its holes: for those that an older Python cannot read for a reason
    not known here.
    """
    try:
        result = _Lowering(text, thorough).run()
    except _Hopeless:
        return None
    return None if result == text else result


class _Lowering:
    def __init__(self, text: str, thorough: bool = False) -> None:
        self.text = text
        self.thorough = thorough
        self.out = list(text)
        self.written: list[int] = []
        self.spreading = False
        """Inside a string of which only the holes stay."""
        self.after_string = False
        """Whether a string would be joined to one before it."""
        self.depth = 0
        """Brackets around the place, holes included: a line end within does not end the statement."""

    def put(self, index: int, character: str) -> None:
        self.out[index] = character
        self.written.append(index)

    def take_back(self, written: int) -> None:
        """Everything written since then."""
        for index in self.written[written:]:
            self.out[index] = self.text[index]
        del self.written[written:]

    def run(self) -> str:
        text = self.text
        position, begins = 0, True
        starts: list[int] = []
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise _Hopeless
            kind, end = found.lastgroup, found.end()
            if kind == "quote":
                end = self.string(found, "")
                begins = False
            elif kind == "name":
                word = found.group()
                end = self.word(word, end, begins and not starts)
                if word == "for" and starts:
                    self.unpacking(starts[-1])
                begins = self.after_string = False
            elif kind == "line":
                begins = begins or not starts
                self.after_string = self.after_string and bool(starts)
            elif kind == "other":
                character = found.group()
                if character in _OPEN:
                    starts.append(end)
                elif character in _CLOSE and starts:
                    starts.pop()
                self.depth = len(starts)
                begins = character in ":;" and not starts
                self.after_string = False
            elif kind == "number":
                begins = self.after_string = False
            position = end
        return "".join(self.out)

    def unpacking(self, start: int) -> None:
        """A comprehension whose brackets begin at ``start``: what it unpacks is named all the same."""
        found = _STARS.match(self.text, start)
        if found is not None:
            for index in range(found.start("stars"), found.end()):
                self.put(index, " ")

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
                self.put(found.start(), ";")
        elif word == "lazy":
            if _LAZY.match(text, end) is not None:
                self.put(end, ";")
        elif word == "except":
            self.except_clause(end)
        return end

    def blank_brackets(self, start: int) -> int:
        end = self.closing(start)
        for index in range(start, end):
            if self.text[index] == "\n":
                # The sign that the line goes on; an empty line has no place of its own for it.
                self.put(*((index, "\\\n") if self.text[index - 1] == "\n" else (index - 1, "\\")))
            else:
                self.put(index, " ")
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
            self.put(comma, "|")

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
        if "f" not in prefix and "t" not in prefix:
            end = self.plain_end(found)
            if around and not self.spreading:
                self.requote(found, found.group("quote"), end, around)
        elif self.spreading or self.thorough:
            end = self.spread(found)
        elif around:
            end = self.respelled(found, prefix, around)
        else:
            written, after_string = len(self.written), self.after_string
            try:
                end = self.respelled(found, prefix, around)
            except _Hopeless:
                self.take_back(written)
                self.spreading, self.after_string = True, after_string
                end = self.spread(found)
                self.spreading = False
        self.after_string = True
        return end

    def respelled(self, found: re.Match[str], prefix: str, around: str) -> int:
        if "t" in prefix:
            place = found.start("prefix") + prefix.index("t")
            self.put(place, "f" if self.text[place] == "t" else "F")
        end = self.formatted_end(found, around)
        if around:
            self.requote(found, found.group("quote"), end, around)
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
                self.put(index, " ")
                self.put(index + 1, " ")
                skip = True
            elif self.out[index] == chosen:
                raise _Hopeless
        self.put(found.end() - 1, chosen)
        self.put(end - 1, chosen)

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
            if character == "\\" and raw:
                # It stays, and what it stands before begins or ends nothing; a brace does.
                position += 1 if text.startswith(("{", "}"), position + 1) else 2
            elif character == "\\":
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
                    self.put(index, " ")
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

    # --- only the holes -------------------------------------------------------------------------------

    def spread(self, found: re.Match[str]) -> int:
        """A formatted string as the expressions in its holes, in brackets; joined by ``+`` to strings before and after it."""
        text, quote = self.text, found.group("quote")
        raw = "r" in found.group("prefix").lower()
        written = len(self.written)
        for index in range(found.start(), found.end()):
            self.put(index, " ")
        # At the very front, so that a statement does not seem indented.
        self.put(found.start(), "+" if self.after_string else "(")
        if self.after_string:
            self.put(found.start("quote"), "(")
        position, last = found.end(), -1
        while not text.startswith(quote, position):
            if position >= len(text) or (text[position] == "\n" and len(quote) == 1):
                raise _Hopeless
            if text[position] == "{" and not text.startswith("{{", position):
                self.put(position, " ")
                position = self.spread_hole(position + 1)
                last = position - 1
                continue
            width = 1
            if text.startswith(("{{", "}}"), position):
                width = 2
            elif text[position] == "\\" and raw:
                width = 1 if text.startswith(("{", "}"), position + 1) else 2
            elif text[position] == "\\":
                named = text.startswith("N{", position + 1) and "}" in text[position : position + 120]
                width = text.index("}", position) + 1 - position if named else 2
            for index in range(position, min(position + width, len(text))):
                if text[index] != "\n":
                    self.put(index, " ")
            position += width
        end = position + len(quote)
        for index in range(position, end):
            self.put(index, " ")
        if last < 0:
            # Nothing in it: any Python can read it, as a formatted string at least.
            self.take_back(written)
            for index in range(found.start(), found.start("quote")):
                if text[index] in "tT":
                    self.put(index, "f")
            return end
        self.put(last, ")")
        if (_JOINED if self.depth else _JOINED_ON_LINE).match(text, end) is not None:
            self.put(position, "+")
        return end

    def spread_hole(self, position: int) -> int:
        """Behind the ``}`` that closes a hole."""
        text = self.text
        depth, self.after_string = 0, False
        self.depth += 1
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                break
            kind, character, start = found.lastgroup, found.group(), found.start()
            position = found.end()
            if kind == "quote":
                position = self.string(found, "")
            elif kind == "comment":
                for index in range(start, position):
                    self.put(index, " ")
            elif kind in ("name", "number"):
                self.after_string = False
            elif kind == "other":
                self.after_string = False
                if not depth and character in "}:!=":
                    if character == "}":
                        self.put(start, ",")
                        break
                    inequality = text.startswith(("!=", "=="), start) or text[start - 1] in "=!<>"
                    if character == ":" or (not inequality and (character == "!" or _DEBUGGED.match(text, start) is not None)):
                        self.put(start, ",")
                        position = self.spread_specification(position)
                        break
                depth += (character in _OPEN) - (character in _CLOSE)
        else:
            raise _Hopeless
        self.depth -= 1
        self.after_string = False
        return position

    def spread_specification(self, position: int) -> int:
        while position < len(self.text):
            character = self.text[position]
            if character != "\n":
                self.put(position, " ")
            position += 1
            if character == "}":
                return position
            if character == "{":
                position = self.spread_hole(position)
        raise _Hopeless
