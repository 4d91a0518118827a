"""Why a file could not be parsed, said so that its reader knows what to do."""

from __future__ import annotations

import re
import sys

_PYTHON_2 = (
    (re.compile(r"Missing parentheses in call to 'print'"), "Python 2 print statement"),
    (re.compile(r"Missing parentheses in call to 'exec'"), "Python 2 exec statement"),
    (re.compile(r"leading zeros in decimal integer"), "Python 2 octal number"),
)
_PYTHON_2_LINE = (
    (re.compile(r"\s*except\s+[\w.]+\s*,\s*[a-z_]\w*\s*:"), "Python 2 except clause"),
    (re.compile(r"\s*except\s*\([^)]*\)\s*,\s*[a-z_]\w*\s*:"), "Python 2 except clause"),
    (re.compile(r"\s*print\s+[\"'%\w]|\s*print\s*>>"), "Python 2 print statement"),
    (re.compile(r"\s*exec\s+[\"'\w]"), "Python 2 exec statement"),
    (re.compile(r"\s*raise\s+[\w.]+\s*,"), "Python 2 raise statement"),
    (re.compile(r".*<>"), "Python 2 comparison <>"),
    (re.compile(r".*`"), "Python 2 backquotes"),
    (re.compile(r".*\bur[\"']"), "Python 2 string prefix"),
    (re.compile(r".*\b0[0-7]+\b|.*\b\d+[lL]\b"), "Python 2 number"),
)
_NEWER_LINE = (
    (re.compile(r"\s*(?:async\s+)?def\s+\w+\s*\[|\s*class\s+\w+\s*\["), "type parameters, PEP 695"),
    (re.compile(r"\s*type\s+\w+\s*(?:\[.*\])?\s*="), "type statement, PEP 695"),
    (re.compile(r"\s*lazy\s+(?:import|from)\b"), "lazy import, PEP 810"),
    (re.compile(r"\s*except\s*\*?\s+[\w.]+\s*,"), "except without parentheses, PEP 758"),
    (re.compile(r".*\b(?:t|rt|tr)[\"']", re.IGNORECASE), "template string, PEP 750"),
    (re.compile(r".*\bf[\"'].*\{", re.IGNORECASE), "f-string, PEP 701"),
)
# Jinja's statements and expressions (cookiecutter and copier too), Mako's and ERB's tags: what no dictionary in a set could be.
_LONGEST = 2_000
_TEMPLATE = re.compile(r"^[^\n#'\"]{0,200}?(?:\{%-?[ \t]*\w|\{\{-?[ \t]*[\w.]+[ \t]*(?:\|[^\n}]{0,200})?-?\}\}|<%[=!]?[ \t]*\w)", re.MULTILINE)
_CONFLICT = re.compile(r"(?:<{7}|={7}|>{7})(?:\s|$)")


def reason(error: SyntaxError, text: str) -> tuple[str, int]:
    """The sentence and its line (1 when the parser names none)."""
    line = error.lineno or 1
    lines = text.splitlines() if "\r" in text else text.split("\n")
    line = max(1, min(line, len(lines)))
    message = error.msg or "invalid syntax"
    for number in range(max(0, line - 2), min(line + 1, len(lines))):
        if _CONFLICT.match(lines[number]):
            return f"unresolved merge conflict at line {number + 1}", number + 1
    if (found := _TEMPLATE.search(text)) is not None:
        return "a template, not Python: it has to be rendered first", text.count("\n", 0, found.start()) + 1
    for pattern, what in _PYTHON_2:
        if pattern.match(message):
            return f"{what} at line {line}", line
    # The patterns below look for one thing behind another: on a line without end that would take long.
    shown = lines[line - 1][:_LONGEST] if lines else ""
    for pattern, what in _PYTHON_2_LINE:
        if pattern.match(shown):
            return f"{what} at line {line}", line
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    for pattern, what in _NEWER_LINE:
        if pattern.match(shown):
            return f"syntax newer than Python {running} ({what}) at line {line}", line
    return f"syntax error: {message}", line
