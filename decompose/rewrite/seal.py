"""Sealing: outside code calls the boundary instead of the context's models and functions.

An expression on a model becomes one call with the same argument values; a function keeps its name and only its import changes, so
that patches of that name in tests go on working. In the file that defines the function itself the call changes. The edit of a file is refused, not guessed, where the text at an edge's place is not
what the plan says.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import count

import libcst as cst
import msgspec
from libcst.metadata import CodeRange, MetadataWrapper, ParentNodeProvider, PositionProvider

from decompose.errors import Drifted, RefusedInput
from decompose.model.migration import BoundaryEdge, Operation
from decompose.planning import shape as shapes
from decompose.planning.contract import covered
from decompose.rewrite.comprehensions import Repeated, in_one_call, only, repeated
from decompose.rewrite.names import names_in
from decompose.rewrite.parts import changes_between, held_in, taken
from decompose.rewrite.unify import unify


class Seal(msgspec.Struct, frozen=True):
    """What to seal of one context: ``boundary`` is its dotted package (``shop.boundaries.reviews``), ``modules`` are those that it replaces."""

    context: str
    boundary: str
    edges: tuple[BoundaryEdge, ...]
    operations: tuple[Operation, ...]
    modules: frozenset[str]

    @property
    def sealable(self) -> Iterator[BoundaryEdge]:
        for edge in self.edges:
            if edge.direction == "in" and edge.disposition == "operation" and edge.span is not None:
                yield edge


class Sealed(msgspec.Struct, frozen=True):
    """The rewritten files by path, and the edges whose call site was left as it is, with the place and the reason."""

    texts: dict[str, bytes]
    left: tuple[tuple[str, str, str], ...]


def seal(seals: Sequence[Seal], paths: Iterable[str], sources: Mapping[str, bytes], modules: Mapping[str, str], *, width: int = 100) -> Sealed:
    """Rewrites the given files for all contexts at once.

    ``sources`` are texts by path, as the plan saw them; ``modules`` are dotted names by path. Raises :class:`Drifted` when an expression is
    not where the plan says, :class:`RefusedInput` when a file would not survive.
    """
    texts: dict[str, bytes] = {}
    left: list[tuple[str, str, str]] = []
    for path in sorted(paths):
        file = _File(path, modules[path], sources[path], width)
        for each in seals:
            edges = [edge for edge in each.sealable if edge.at.path == path]
            held = {edge.target for edge in each.edges if edge.at.path == path and edge.direction == "in" and edge.disposition != "operation"}
            kept = {edge.text.rpartition(".")[2] for edge in each.edges if edge.kind == "patch" and edge.text.rpartition(".")[0] == modules[path]}
            if edges:
                left.extend(file.add(each, edges, kept, held))
        text = file.rewritten()
        left.extend(file.unswitched())
        if text != sources[path]:
            _prove(path, text)
            texts[path] = text
    return Sealed(texts, tuple(sorted(left)))


def parsed_module(path: str, source: bytes) -> cst.Module:
    """The file as libcst sees it. Raises :class:`RefusedInput` when it cannot be read and written back unchanged."""
    try:
        parsed = cst.parse_module(source)
    except (cst.ParserSyntaxError, cst.CSTValidationError, TypeError) as error:
        # libcst 1.8 reads a little less than Python does: `return((a if b else c))`, and a TypeError for `return(lambda: a)`.
        raise RefusedInput(f"the file cannot be rewritten: {error}", place=path, hint="format the file, for instance with ruff or black") from error
    if parsed.bytes != source:
        raise RefusedInput("the file does not survive being read and written back unchanged", place=path, hint="normalise its line ends")
    return parsed


def _prove(path: str, text: bytes) -> None:
    """What we write must parse, both for Python and for the next rewrite."""
    try:
        ast.parse(text)
        cst.parse_module(text)
    except (SyntaxError, cst.ParserSyntaxError, cst.CSTValidationError) as error:
        raise RefusedInput(f"the rewritten file would not parse: {error}", place=path, hint="please report this file's text as a bug") from error


class _Job:
    """The edits of one context in one file."""

    def __init__(self, seal: Seal, kept: set[str], bound: set[str]) -> None:
        self.seal = seal
        self.kept = kept
        self.package, _, self.last = seal.boundary.rpartition(".")
        self.alias = next(name for name in _aliases(self.last) if name not in bound)
        self.operations = {operation.name: operation for operation in seal.operations}
        self.functions: dict[str, list[BoundaryEdge]] = {}
        self.switched: set[str] = set()
        self.calls = False


def _aliases(name: str) -> Iterator[str]:
    """Names for a boundary in a file, the plainest first."""
    yield name
    yield f"{name}_boundary"
    yield from (f"{name}_boundary_{number}" for number in count(2))


class _File:
    """One file being sealed."""

    def __init__(self, path: str, module: str, source: bytes, width: int) -> None:
        self._path = path
        self._name = module
        self._width = width
        parsed = parsed_module(path, source)
        wrapper = MetadataWrapper(parsed, unsafe_skip_copy=True)
        self._tree = wrapper.module
        self.indent = self._tree.default_indent
        self._positions: Mapping[cst.CSTNode, CodeRange] = wrapper.resolve(PositionProvider)
        # Not splitlines(): a form feed ends no line for Python.
        self._lines = re.split(r"\r\n|\r|\n", source.decode(self._tree.encoding))
        self._bound = _bound_names(self._tree)
        self._unused_before = self._bound - names_in(self._tree)
        self._jobs: list[_Job] = []
        self._replacements: dict[cst.CSTNode, _Replacement] = {}
        self._batches: dict[cst.CSTNode, _Batch] = {}
        self._wrapper = wrapper
        self._functions = [(node, place) for node, place in self._positions.items() if isinstance(node, cst.FunctionDef)]
        self._gone: set[int] = set()
        self._starts: dict[tuple[int, int], list[cst.BaseExpression]] = {}
        for node, place in self._positions.items():
            if isinstance(node, (cst.Name, cst.Attribute, cst.Call, cst.Subscript)):
                self._starts.setdefault((place.start.line, place.start.column), []).append(node)

    def add(self, seal: Seal, edges: Iterable[BoundaryEdge], kept: set[str], held: set[str]) -> Iterator[tuple[str, str, str]]:
        """Takes up the edges of a context; yields those that are left as they are: id, place, reason.

        ``held`` are targets that another edge of this file keeps as they are: their import cannot change for one and stay for the other.
        """
        job = _Job(seal, kept, self._bound)
        self._jobs.append(job)
        for edge in edges:
            assert edge.span is not None
            start = (edge.span.line, self._column(edge.span.line, edge.span.column))
            found = self._target(job, edge, self._starts.get(start, []))
            if found is None and _is_statement(edge, job.operations.get(edge.operation)):
                yield edge.id, str(edge.at), "the statement is written in a way that is not rewritten"
                continue
            if found is None:
                raise Drifted(f"{edge.id}: the expression is not what the plan says", place=str(edge.at), hint="run `decompose plan` again")
            expression, replacement = found
            if expression is None and edge.target in held:
                yield edge.id, str(edge.at), "the name is used here in another way too, and both share one import"
            elif expression is None:
                job.functions.setdefault(edge.target, []).append(edge)
            elif _has_comment(expression):
                yield edge.id, str(edge.at), "a comment stands inside the expression"
            elif (batch := self._batch(job, edge, expression, replacement)) is not None:
                job.calls = True
                self._batches[batch.place.node] = batch
            else:
                job.calls = True
                self._replacements[expression] = replacement
                if edge.batch:
                    yield edge.id, str(edge.at), f"one call for each turn of the loop on line {edge.loop}: {edge.batch} asks for all in one"

    def _batch(self, job: _Job, edge: BoundaryEdge, expression: cst.BaseExpression, replacement: _Replacement) -> _Batch | None:
        """The batch that stands for a whole comprehension of such calls, ``None`` where that might change what happens."""
        batch = job.operations.get(edge.batch)
        if batch is None or replacement.parts is None:
            return None
        given = only(self._given(expression, replacement))
        place = repeated(self._parents, expression, given) if given is not None else None
        if place is None or given is None or _has_comment(place.node):
            return None
        return _Batch(place, f"{job.alias}.{batch.name}", batch.parameters[0].name, given)

    @cached_property
    def _parents(self) -> Mapping[cst.CSTNode, cst.CSTNode]:
        found: Mapping[cst.CSTNode, cst.CSTNode] = self._wrapper.resolve(ParentNodeProvider)
        return found

    def _given(self, expression: cst.BaseExpression, replacement: _Replacement) -> list[cst.BaseExpression]:
        """What a call hands over: the row that it begins at, and the values of its slots."""
        parts = replacement.parts or ()
        before = self._strip(expression, len(parts), parts)
        found = [before] if replacement.owner is not None and before is not None else []
        node: cst.BaseExpression | None = expression
        for part in reversed(parts):
            if part.arguments is not None and isinstance(node, cst.Call):
                given = node.args[len(node.args) - len(part.arguments) :]
                found += [each.value for shaped, each in zip(part.arguments, given, strict=True) if shaped.endswith("=") or shaped == "?"]
            node = self._strip(node, 1, (part,))
        return found

    def rewritten(self) -> bytes:
        tree = self._tree.visit(_Replace(self._replacements, self._batches, self))
        assert isinstance(tree, cst.Module)
        for job in self._jobs:
            tree = self._imports(tree, job)
        return tree.bytes

    def parts_words(self, node: cst.BaseExpression) -> bool:
        """Whether the parentheses around an expression are all that parts it from a word beside it: ``return(x)``."""
        first, last = self._positions[node.lpar[0]].start, self._positions[node.rpar[-1]].end
        before, after = self._lines[first.line - 1][: first.column], self._lines[last.line - 1][last.column :]
        return before[-1:].isidentifier() or after[:1].isidentifier()

    def _column(self, line: int, offset: int) -> int:
        """Characters before a byte offset: ``ast`` counts UTF-8 bytes, libcst characters."""
        text = self._lines[line - 1]
        return len(text.encode()[:offset].decode(errors="ignore"))

    def _target(self, job: _Job, edge: BoundaryEdge, nodes: Sequence[cst.BaseExpression]) -> tuple[cst.BaseExpression | None, _Replacement] | None:
        """The node to replace and how; the node is ``None`` when changing an import is enough."""
        operation = job.operations.get(edge.operation)
        if edge.kind == "exception":
            name = edge.text.rpartition(".")[2]
            for node in nodes:
                if isinstance(node, cst.Attribute) and node.attr.value == name:
                    return node, _Replacement(job.alias, edge.operation, None, ())
            return None
        if operation is None:
            return None
        if operation.shape == "function":
            name = operation.target.rpartition(".")[2]
            for node in nodes:
                if isinstance(node, cst.Attribute) and node.attr.value == name:
                    return node, _Replacement(job.alias, operation.name, None, ())
            plain = next((node for node in nodes if isinstance(node, cst.Name)), None)
            if plain is not None and operation.target == f"{self._name}.{plain.value}":
                # No import brings it in.
                return plain, _Replacement(job.alias, operation.name, None, ())
            return (None, _Replacement("", "", None, ())) if plain is not None else None
        if _is_statement(edge, operation):
            return self._statement(job, edge, operation, nodes)
        whole = max(nodes, key=self._length, default=None)
        try:
            found = shapes.parts(edge.text)
        except ValueError:
            return None
        if operation.shape == "method":
            call = self._strip(whole, len(found) - 1, found)
            if isinstance(call, cst.Call) and isinstance(call.func, cst.Attribute) and call.func.attr.value == found[0].name:
                names = tuple(parameter.name for parameter in operation.parameters[1:])
                return call, _Replacement(job.alias, operation.name, "", found[:1], names)
            return None
        kept = covered(found)
        if edge.kind == "accessor" and (not kept or operation.parameters[0].type.startswith("related:")):
            # The accessor of a one-to-one relation and a foreign key give the row without a call.
            kept = kept if operation.expression.endswith(")") and kept else found[:1]
        bounds = {parameter.name for parameter in operation.parameters if not parameter.required}
        taken = shapes.taken(found, len(kept)) if bounds else ""
        target = self._strip(whole, len(found) - len(kept) - (taken in ("limit", "bounds")), found)
        inner = target.value if taken in ("limit", "bounds") and isinstance(target, cst.Subscript) else target
        if target is None or inner is None or not _matches(inner, kept):
            return None
        owner = operation.parameters[0].name if edge.kind == "accessor" else None
        # The one row of `rows[2]` is taken where it was taken: of the first three.
        last = str(int((found[len(kept)].arguments or ("",))[0]) + 1) if taken == "one" else ""
        return target, _Replacement(job.alias, operation.name, owner, kept, upper="stop" if "stop" in bounds else "limit" if taken else "", last=last)

    def _statement(
        self, job: _Job, edge: BoundaryEdge, operation: Operation, nodes: Sequence[cst.BaseExpression]
    ) -> tuple[cst.BaseExpression, _Replacement] | None:
        """The node that says what a statement's normal form says, and what it has in the place of the parameters."""
        template = cst.parse_expression(edge.text)
        holes = tuple(parameter.name for parameter in operation.parameters)
        if operation.shape == "draft":
            holes = tuple(argument.keyword.value for argument in getattr(template, "args", ()) if argument.keyword is not None)
        function = self._function_around(edge.at.line)
        held = held_in(function) if function is not None else {}
        for node in sorted(nodes, key=self._length, reverse=True):
            if not isinstance(node, cst.Call):
                continue
            if unify(template, node, holes) is not None:
                return node, _Replacement(job.alias, operation.name, None, (), None, template, holes)
            parts = taken(held, node)
            values = {name: part.value for name, part in parts.items()}
            found = unify(template, node, holes, values)
            if function is None or found is None:
                continue
            if changes_between(function, parts.values(), found.values()):
                return None
            self._gone |= {id(part.line) for part in parts.values()}
            return node, _Replacement(job.alias, operation.name, None, (), None, template, holes, tuple(values.items()))
        return None

    def _function_around(self, line: int) -> cst.FunctionDef | None:
        """The innermost function that holds a line."""
        found = [(place.start.line, node) for node, place in self._functions if place.start.line <= line <= place.end.line]
        return max(found, key=lambda each: each[0])[1] if found else None

    def goes(self, line: cst.CSTNode) -> bool:
        """Whether a line only built a statement that a call of the boundary stands for now."""
        return id(line) in self._gone

    def _length(self, node: cst.BaseExpression) -> tuple[int, int]:
        end = self._positions[node].end
        return (end.line, end.column)

    def _strip(self, node: cst.BaseExpression | None, count: int, found: Sequence[shapes.Part]) -> cst.BaseExpression | None:
        """The node without its last ``count`` parts."""
        for part in reversed(found[len(found) - count :] if count else ()):
            if part.name == "[]":
                node = node.value if isinstance(node, cst.Subscript) else None
                continue
            if part.arguments is not None:
                node = node.func if isinstance(node, cst.Call) else None
            if part.name:
                node = node.value if isinstance(node, cst.Attribute) else None
        return node

    def call(self, original: cst.CSTNode, updated: cst.BaseExpression, replacement: _Replacement, block: str | None) -> cst.BaseExpression:
        """The boundary call that stands for an expression; inner expressions have been replaced already.

        ``block`` is the indentation of the block around it, ``None`` where the call must stay on one line.
        """
        name = f"{replacement.alias}.{replacement.operation}"
        if replacement.template is not None:
            values = unify(replacement.template, updated, replacement.holes, dict(replacement.held)) or {}
            filled = [f"{hole}={self._value(values[hole])}" for hole in replacement.holes if hole in values]
            return cst.parse_expression(self._laid_out(name, filled, self._positions[original], block, bool(updated.lpar)))
        if replacement.parts is None or (replacement.owner is None and not replacement.parts):
            return cst.parse_expression(name)
        calls: list[tuple[shapes.Part, cst.Call]] = []
        inner: cst.BaseExpression = updated
        bounds = self._bounds(updated, replacement)
        if isinstance(updated, cst.Subscript) and replacement.upper and not replacement.last:
            inner = updated.value
        for part in reversed(replacement.parts):
            if part.arguments is not None:
                assert isinstance(inner, cst.Call)
                calls.insert(0, (part, inner))
                inner = inner.func
            if isinstance(inner, cst.Attribute) and part.name:
                inner = inner.value
        names = iter(shapes.parameter_names(replacement.parts))
        arguments: list[str] = []
        if replacement.owner is not None:
            owner = self._tree.code_for_node(inner.with_changes(lpar=(), rpar=()))
            arguments.append(f"{replacement.owner}={owner}" if replacement.owner else owner)
        for part, call in calls:
            # A shortcut function has the model as its first argument, which the shape leaves out.
            given = call.args[len(call.args) - len(part.arguments or ()) :]
            if replacement.names is not None:
                positions = iter(replacement.names)
                named = ((each.keyword.value if each.keyword is not None else next(positions), each.value) for each in given)
                arguments += [f"{name}={self._value(node)}" for name, node in named]
                continue
            for shaped, argument in zip(part.arguments or (), given, strict=True):
                if shaped.endswith("=") or shaped == "?":
                    arguments.append(f"{next(names)}={self._value(argument.value)}")
        arguments += bounds
        return cst.parse_expression(self._laid_out(name, arguments, self._positions[original], block, bool(updated.lpar)))

    def _bounds(self, updated: cst.BaseExpression, replacement: _Replacement) -> Iterator[str]:
        """The arguments that say which rows are taken."""
        if replacement.last:
            yield f"{replacement.upper}={replacement.last}"
        elif replacement.upper and isinstance(updated, cst.Subscript) and isinstance(updated.slice[0].slice, cst.Slice):
            written = updated.slice[0].slice
            for name, bound in (("start", written.lower), (replacement.upper, written.upper)):
                if bound is not None:
                    yield f"{name}={self._value(bound)}"

    def _value(self, node: cst.BaseExpression) -> str:
        """The text of an argument's value; what may stand bare only as a positional argument gets parentheses."""
        text = self._tree.code_for_node(node)
        return f"({text})" if isinstance(node, (cst.GeneratorExp, cst.NamedExpr)) and not node.lpar else text

    def _laid_out(self, name: str, arguments: Sequence[str], place: CodeRange, block: str | None, enclosed: bool) -> str:
        """On one line where it fits; else one argument a line, as formatters do it.

        ``block`` is the indentation of the statement's block, which libcst adds to every line of an expression by itself.
        """
        line = f"{name}({', '.join(arguments)})"
        if block is None:
            return line
        text, before = self._lines[place.start.line - 1], place.start.column
        above = self._lines[place.start.line - 2] if place.start.line > 1 else ""
        if enclosed and not text[:before].strip() and above.endswith("("):
            # The expression stood in parentheses of its own, on lines of its own.
            text, before = above, len(above) - 1
        after = len(self._lines[place.end.line - 1]) - place.end.column
        if "\n" not in line and before + len(line) + after <= self._width:
            return line
        indent = text[: len(text) - len(text.lstrip())].removeprefix(block)
        inner = "".join(f"\n{indent}    {argument}," for argument in arguments)
        return f"{name}({inner}\n{indent})" if arguments else f"{name}()"

    # --- imports -------------------------------------------------------------------------------

    def unswitched(self) -> Iterator[tuple[str, str, str]]:
        """Calls whose function no import of a known form brings in, after :meth:`rewritten`: id, place, reason."""
        for job in self._jobs:
            for target, edges in job.functions.items():
                if target.rpartition(".")[2] not in job.switched:
                    here = target.rpartition(".")[0] == self._name
                    reason = "its import has a form that is not rewritten: a star, or several statements on a line"
                    for edge in edges:
                        yield edge.id, str(edge.at), "the function is defined in this file, and called by another name" if here else reason

    def _imports(self, tree: cst.Module, job: _Job) -> cst.Module:
        """Function imports moved to the boundary, imports without a use left taken out, the boundary imported once."""
        used = names_in(tree) | job.kept
        # What was never used before stays: somebody may import it from here.
        used |= self._unused_before
        names = {target.rpartition(".")[2]: edges[0].operation for target, edges in job.functions.items()}
        edit = _Imports(self._name, self._path.endswith("__init__.py"), job.seal.modules, job.seal.boundary, names, used)
        tree = tree.visit(edit)
        assert isinstance(tree, cst.Module)
        job.switched = edit.switched
        if edit.lifted:
            tree = _with_import(tree, self._import_line(job.seal.boundary, sorted(set(edit.lifted))), job.seal.boundary.split(".")[0], edit.vacant)
        if job.calls:
            line = f"from {job.package} import {job.last}" if job.package else f"import {job.last}"
            if job.alias != job.last:
                line += f" as {job.alias}"
            tree = _with_import(tree, line, job.seal.boundary.split(".")[0], edit.vacant)
        return tree


    def _import_line(self, module: str, names: Sequence[str]) -> str:
        line = f"from {module} import {', '.join(names)}"
        return line if len(line) <= self._width else f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"


class _Replacement(msgspec.Struct, frozen=True):
    """How to write a call: ``owner`` is the parameter for the object before the parts (``""``: positional, ``None``: none).

    ``names`` are the parameters of a method in order, which takes its arguments by them; ``None`` for other operations.
    With a ``template`` the arguments are what stands in the place of its ``holes``. ``upper`` is the parameter for the upper bound of the rows that
    are taken, ``""`` where all are; ``last`` is its value where the rest of the expression picks one row.
    """

    alias: str
    operation: str
    owner: str | None
    parts: tuple[shapes.Part, ...] | None
    names: tuple[str, ...] | None = None
    template: cst.BaseExpression | None = None
    holes: tuple[str, ...] = ()
    held: tuple[tuple[str, cst.BaseExpression], ...] = ()
    upper: str = ""
    last: str = ""


class _Batch(msgspec.Struct, frozen=True):
    """A comprehension that becomes one call of ``operation``: ``given`` is what each turn hands over as ``parameter``."""

    place: Repeated
    operation: str
    parameter: str
    given: cst.BaseExpression


class _Replace(cst.CSTTransformer):
    def __init__(self, replacements: Mapping[cst.CSTNode, _Replacement], batches: Mapping[cst.CSTNode, _Batch], file: _File) -> None:
        super().__init__()
        self._replacements = replacements
        self._batches = batches
        self._file = file
        self._blocks: list[str] = []
        self._in_string = 0

    def visit_FormattedString(self, node: cst.FormattedString) -> None:
        # Before Python 3.12 an expression in an f-string may not hold a line break.
        self._in_string += 1

    def leave_FormattedString(self, original_node: cst.FormattedString, updated_node: cst.FormattedString) -> cst.FormattedString:
        self._in_string -= 1
        return updated_node

    def visit_IndentedBlock(self, node: cst.IndentedBlock) -> None:
        self._blocks.append(self._file.indent if node.indent is None else node.indent)

    def leave_IndentedBlock(self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock) -> cst.IndentedBlock:
        self._blocks.pop()
        return updated_node

    def on_leave(self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT) -> cst.CSTNodeT | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNodeT]:
        batch = self._batches.get(original_node)
        if batch is not None and isinstance(updated_node, (cst.ListComp, cst.GeneratorExp)):
            return in_one_call(updated_node, batch.place.depth, batch.operation, batch.parameter, batch.given)  # type: ignore[return-value]
        replacement = self._replacements.get(original_node)
        if replacement is None:
            if isinstance(original_node, cst.SimpleStatementLine) and self._file.goes(original_node):
                return cst.RemoveFromParent()
            return super().on_leave(original_node, updated_node)
        assert isinstance(updated_node, cst.BaseExpression)
        made = self._file.call(original_node, updated_node, replacement, None if self._in_string else "".join(self._blocks))
        if any(_has_comment(paren) for paren in (*updated_node.lpar, *updated_node.rpar)):
            return made.with_changes(lpar=updated_node.lpar, rpar=updated_node.rpar)  # type: ignore[return-value]
        assert isinstance(original_node, cst.BaseExpression)
        if original_node.lpar and self._file.parts_words(original_node):
            return made.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])  # type: ignore[return-value]
        # A call needs no parentheses of its own; those of the old expression held its lines together.
        return made  # type: ignore[return-value]


def _is_statement(edge: BoundaryEdge, operation: Operation | None) -> bool:
    """Whether an edge's text is the source of a whole statement, not a chain's normal form."""
    return operation is not None and (edge.text == operation.expression or (operation.shape == "draft" and not edge.text.startswith("(")))


def _matches(node: cst.BaseExpression, parts: Sequence[shapes.Part]) -> bool:
    """Whether an expression ends in these attributes and calls."""
    for part in reversed(parts):
        if part.arguments is not None:
            if not isinstance(node, cst.Call):
                return False
            node = node.func
        if isinstance(node, cst.Attribute) and node.attr.value == part.name:
            node = node.value
        elif part.name and not (isinstance(node, cst.Name) and part is parts[0] and part.arguments is not None):
            # Only a function such as `get_object_or_404` stands by itself, maybe under another name.
            return False
    return True


class _Imports(cst.CSTTransformer):
    """Changes import statements: see :meth:`_File._imports`."""

    def __init__(self, module: str, is_package: bool, moved: frozenset[str], boundary: str, functions: Mapping[str, str], used: set[str]) -> None:
        super().__init__()
        self._package = module if is_package else module.rpartition(".")[0]
        self._moved = moved
        self._boundary = boundary
        self._functions = functions
        self._used = used
        self._depth = 0
        self._gone: list[cst.SimpleStatementLine] = []
        self.vacant: tuple[int, Sequence[cst.EmptyLine]] | None = None
        self.switched: set[str] = set()
        self.lifted: list[str] = []
        """Names that the module imports from the boundary at its top level."""

    def visit_IndentedBlock(self, node: cst.IndentedBlock) -> None:
        self._depth += 1

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement] | cst.RemovalSentinel:
        if len(updated_node.body) != 1 or not isinstance(updated_node.body[0], cst.ImportFrom):
            return updated_node
        statement = updated_node.body[0]
        if isinstance(statement.names, cst.ImportStar):
            return updated_node
        ours = self._from_context(statement)
        staying: list[cst.ImportAlias] = []
        moving: list[cst.ImportAlias] = []
        for alias in statement.names:
            bound = alias.evaluated_alias or alias.evaluated_name
            if ours and alias.evaluated_name in self._functions:
                moving.append(self._renamed(alias))
                self.switched.add(alias.evaluated_name)
            elif bound in self._used:
                staying.append(alias)
        if len(staying) == len(statement.names):
            return updated_node
        lines: list[cst.BaseStatement] = []
        if staying:
            last = staying[-1].with_changes(comma=statement.names[-1].comma)
            lines.append(updated_node.with_changes(body=[statement.with_changes(names=[*staying[:-1], last])]))
        if moving and not self._depth:
            self.lifted += [cst.Module([]).code_for_node(alias.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for alias in moving]
        elif moving:
            names = ", ".join(cst.Module([]).code_for_node(alias.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for alias in moving)
            made = cst.parse_statement(f"from {self._boundary} import {names}\n")
            assert isinstance(made, cst.SimpleStatementLine)
            if not staying:
                made = made.with_changes(leading_lines=updated_node.leading_lines, trailing_whitespace=updated_node.trailing_whitespace)
            lines.append(made)
        if lines:
            return cst.FlattenSentinel(lines)
        if self._depth:
            return cst.RemoveFromParent()
        gone = updated_node.with_changes(body=[cst.Pass()])
        self._gone.append(gone)
        return gone

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        """Takes out emptied imports; blank lines and comments above one go to the import that follows it."""
        body: list[cst.BaseStatement | cst.SimpleStatementLine] = []
        carried: Sequence[cst.EmptyLine] = ()
        for statement in updated_node.body:
            if any(statement is gone for gone in self._gone):
                assert isinstance(statement, cst.SimpleStatementLine)
                carried = (*carried, *statement.leading_lines)
                continue
            follows = isinstance(statement, cst.SimpleStatementLine) and _import_code(updated_node, statement)
            if carried and follows and all(line.comment for line in statement.leading_lines):
                statement = statement.with_changes(leading_lines=[*carried, *statement.leading_lines])
            elif carried and not follows:
                # The last import of a group is gone: the boundary's import takes its place.
                self.vacant = (len(body), carried)
            carried = ()
            body.append(statement)
        return updated_node.with_changes(body=body)

    def leave_IndentedBlock(self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock) -> cst.IndentedBlock:
        self._depth -= 1
        if original_node.body and not updated_node.body:
            return updated_node.with_changes(body=[cst.SimpleStatementLine([cst.Pass()])])
        return updated_node

    def _renamed(self, alias: cst.ImportAlias) -> cst.ImportAlias:
        """The import of an operation that is not called as the function was, under the name that the file uses."""
        name = self._functions[alias.evaluated_name]
        if name == alias.evaluated_name:
            return alias
        bound = alias.evaluated_alias or alias.evaluated_name
        return cst.ImportAlias(cst.Name(name), asname=None if bound == name else cst.AsName(cst.Name(bound), cst.SimpleWhitespace(" "), cst.SimpleWhitespace(" ")))

    def _from_context(self, statement: cst.ImportFrom) -> bool:
        module = self._absolute(statement)
        return any(module == name or name.startswith(module + ".") or module.startswith(name + ".") for name in self._moved)

    def _absolute(self, statement: cst.ImportFrom) -> str:
        name = "" if statement.module is None else cst.Module([]).code_for_node(statement.module)
        dots = len(statement.relative)
        if not dots:
            return name
        base = self._package.split(".")
        base = base[: len(base) - (dots - 1)]
        return ".".join([*base, name] if name else base)


def _with_import(tree: cst.Module, line: str, top: str, vacant: tuple[int, Sequence[cst.EmptyLine]] | None) -> cst.Module:
    """The module with an import line among the top-level imports of the same top-level package.

    Where there are none it takes the ``vacant`` place (index and lines above) of an import that went, else it follows the last import.
    """
    body = list(tree.body)
    codes = [_import_code(tree, statement) for statement in body]
    if line in codes:
        return tree
    imports = [index for index, code in enumerate(codes) if code]
    related = [index for index in imports if codes[index].startswith((f"from {top}.", f"from {top} ", f"import {top}"))]
    made = cst.parse_statement(line + "\n")
    assert isinstance(made, cst.SimpleStatementLine)
    if related:
        position = next((index for index in related if codes[index] > line), related[-1] + 1)
        following = body[position] if position in related else None
        if position == related[0] and isinstance(following, cst.SimpleStatementLine):
            # The first import of a group carries the blank lines and comments above the group.
            made = made.with_changes(leading_lines=following.leading_lines)
            body[position] = following.with_changes(leading_lines=[])
    elif vacant is not None:
        position = vacant[0]
        made = made.with_changes(leading_lines=vacant[1])
    elif imports:
        position = imports[-1] + 1
        # Another top-level package is a group of its own.
        made = made.with_changes(leading_lines=[cst.EmptyLine(indent=False)])
    else:
        position = _after_docstring(body)
        made = made.with_changes(leading_lines=[cst.EmptyLine(indent=False)] if position else [])
    body.insert(position, made)
    return tree.with_changes(body=body)


def _import_code(tree: cst.Module, statement: cst.CSTNode) -> str:
    """The text of an import statement, ``""`` for any other statement."""
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 and isinstance(statement.body[0], (cst.Import, cst.ImportFrom)):
        return tree.code_for_node(statement.body[0])
    return ""


def _after_docstring(body: Sequence[cst.BaseStatement]) -> int:
    first = body[0] if body else None
    if isinstance(first, cst.SimpleStatementLine) and isinstance(first.body[0], cst.Expr) and isinstance(first.body[0].value, (cst.SimpleString, cst.ConcatenatedString)):
        return 1
    return 0


class _Bound(cst.CSTVisitor):
    """Names that the file binds anywhere: a boundary's name must not hide or be hidden by one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def visit_ImportAlias(self, node: cst.ImportAlias) -> None:
        self.found.add((node.evaluated_alias or node.evaluated_name).partition(".")[0])

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:
        self._targets(node.target)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        self._targets(node.target)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        self._targets(node.target)

    def visit_For(self, node: cst.For) -> None:
        self._targets(node.target)

    def visit_CompFor(self, node: cst.CompFor) -> None:
        self._targets(node.target)

    def visit_AsName(self, node: cst.AsName) -> None:
        self._targets(node.name)

    def visit_Param(self, node: cst.Param) -> None:
        self.found.add(node.name.value)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self.found.add(node.name.value)

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self.found.add(node.name.value)

    def _targets(self, node: cst.BaseExpression | cst.BaseAssignTargetExpression) -> None:
        self.found.update(_names_in(node))


def _names_in(node: cst.CSTNode) -> Iterator[str]:
    if isinstance(node, cst.Name):
        yield node.value
    elif isinstance(node, (cst.Tuple, cst.List)):
        for element in node.elements:
            yield from _names_in(element.value)


def _bound_names(tree: cst.Module) -> set[str]:
    bound = _Bound()
    tree.visit(bound)
    return bound.found


class _Comments(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def visit_Comment(self, node: cst.Comment) -> None:
        self.found = True


def _has_comment(node: cst.CSTNode) -> bool:
    comments = _Comments()
    node.visit(comments)
    return comments.found
