"""What must not leave the code it stands in: values under names of credentials, addresses with a password, keys that show what they are."""

from __future__ import annotations

import ast
import re

CONCEALED = "<secret>"
"""Stands where a secret stood as source text. No Python: whoever reads a value from it finds none."""

_CREDENTIAL = re.compile(
    r"SECRET|PASSW|TOKEN|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|_KEY$|(^|_)DSN|DATABASE_URL"
    r"|(DATABASE|DB|REDIS|BROKER|AMQP|RABBIT\w*|CELERY|MONGO\w*|CACHE|BACKEND|EMAIL|SMTP)\w*_(URL|URI)$|RESULT_BACKEND$",
    re.IGNORECASE,
)
# Names of settings and keys say more than that a credential is near: TOKEN_HEADER and PASSWORD_HASHERS hold none.
_HOLDS = re.compile(
    r"SECRET(_?KEY)?(_FALLBACKS?)?$|(PASSWORD|PASSWD|PASSPHRASE|PASS|PWD|TOKEN|CREDENTIALS?|DSN)S?$|(API|ACCESS|PRIVATE|SIGNING|ENCRYPTION|AUTH)_?KEYS?$",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(URL|URI|DSN|BACKEND)$", re.IGNORECASE)  # secret when it shows a password
_SHOWS = re.compile(
    r"\w://[^/\s:@'\"]*:[^@/\s'\"]+@"  # an address with a password
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\b(AKIA[0-9A-Z]{12,}|AIza[\w-]{20,}|gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{10,}|xox[abprs]-[\w-]{8,}|[rs]k_(live|test)_\w{8,})"
)


def is_credential(name: str) -> bool:
    """Whether an environment variable of this name is to come from a secret store."""
    return _CREDENTIAL.search(name) is not None


def concealed(name: str, source: str, *, variable: bool = False) -> str:
    """The value of a name as source text, without what is secret in it; the same text where nothing is.

    ``variable``: the name is that of an environment variable, whose default is as secret as what replaces it.
    """
    secret = _HOLDS.search(name) is not None or (variable and is_credential(name) and not _ADDRESS.search(name))
    if not secret and not _SHOWS.search(source) and not _HOLDS_WITHIN.search(source):
        return source
    try:
        tree = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return CONCEALED if _TEXT.search(source) else source
    if secret and (_is_text(tree) or isinstance(tree, ast.List | ast.Tuple | ast.Set) or (variable and _has_text(tree))):
        return CONCEALED if _has_text(tree) else source
    if isinstance(tree, ast.Constant):
        return CONCEALED if isinstance(tree.value, str) and _SHOWS.search(tree.value) else source
    blanks = _Blanks()
    blanked = blanks.visit(tree)
    return ast.unparse(blanked) if blanks.found else source


_TEXT = re.compile(r"['\"]\s*[^'\"\s]")
_HOLDS_WITHIN = re.compile(r"SECRET|PASS|PWD|TOKEN|CREDENTIAL|DSN|KEY", re.IGNORECASE)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) and bool(node.value))


def _has_text(tree: ast.AST) -> bool:
    return any(_is_text(node) for node in ast.walk(tree))


class _Blanks(ast.NodeTransformer):
    """Empties the texts that are secret inside of a larger value: under keys and arguments named so, and those that show it."""

    def __init__(self) -> None:
        self.found = False

    def _blank(self) -> ast.Constant:
        self.found = True
        return ast.Constant("")

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return self._blank() if isinstance(node.value, str) and _SHOWS.search(node.value) else node

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        for index, key in enumerate(node.keys):
            if _named(key) and _is_text(node.values[index]):
                node.values[index] = self._blank()
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        for given in node.keywords:
            if given.arg and _HOLDS.search(given.arg) and _is_text(given.value):
                given.value = self._blank()
        if node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str) and is_credential(node.args[0].value):
            # environ.get("API_KEY", "...")
            node.args[1:] = [self._blank() if _is_text(each) else each for each in node.args[1:]]
        return self.generic_visit(node)


def _named(key: ast.expr | None) -> bool:
    return isinstance(key, ast.Constant) and isinstance(key.value, str) and _HOLDS.search(key.value) is not None
