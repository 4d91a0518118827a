"""The dependency graph for other tools: networkx, GraphML, Graphviz DOT and Mermaid.

Names come from the target and may hold anything, so every one is quoted by the rules of its format.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import ContextMap
from decompose.model.location import Location
from decompose.report.places import Places
from decompose.report.printable import printable

if TYPE_CHECKING:
    import networkx as nx


def networkx_graph(graph: CodeGraph, context_map: ContextMap) -> nx.MultiDiGraph[str]:
    """The whole graph: modules, definitions and tables with their dependencies.

    Nodes have ``kind`` (``module``, ``class``, ``function``, ``method``, ``table``), ``context`` (``""`` for none), ``path`` and
    ``line``; a table's id carries ``table:`` in front. Edges have ``kind`` (those of the analysis, and ``defines``, ``read``,
    ``write``, ``foreign-key``), ``weight`` (number of places), ``when`` for imports and ``at``, the places as ``path:line``
    separated by spaces. All attributes are strings and numbers.
    """
    import networkx as nx

    places = Places(graph, context_map)
    result: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    paths = {module.id: module.path for module in graph.modules}
    for module in graph.modules:
        result.add_node(module.id, kind="module", context=places.module(module.id) or "", path=module.path, line=1)
    for definition in graph.definitions:
        if definition.id not in paths:
            path = paths.get(definition.module, "")
            result.add_node(
                definition.id,
                kind=definition.kind,
                context=places.code(definition.id) or "",
                path=path,
                line=definition.line,
            )
            _edge(result, definition.module, definition.id, "defines", [Location(path, definition.line)])
    for table in graph.tables:
        result.add_node(
            _table(table.id), kind="table", context=places.table(table.id) or "", path=table.at.path, line=table.at.line
        )
    for edge in graph.edges:
        more = {"when": edge.when} if edge.kind == "import" else {}
        _edge(result, edge.src, edge.dst, edge.kind, edge.at, **more)
    accesses: dict[tuple[str, str, str], list[Location]] = {}
    for access in graph.accesses:
        accesses.setdefault((access.definition, access.table, access.mode), []).append(access.at)
    for (definition_id, table_id, mode), at in sorted(accesses.items()):
        _edge(result, definition_id, _table(table_id), mode, at)
    for key in context_map.foreign_keys:
        source = key.src.rpartition(".")[0]
        _edge(result, _table(source), _table(key.dst), "foreign-key", [key.at], id=key.id, column=key.src)
    return result


def _table(id: str) -> str:
    return f"table:{id}"


def _edge(
    result: nx.MultiDiGraph[str], src: str, dst: str, kind: str, at: list[Location] | tuple[Location, ...], **more: str
) -> None:
    for node in (src, dst):
        if node not in result:
            result.add_node(
                node, kind="table" if node.startswith("table:") else "external", context="", path="", line=0
            )
    key = ":".join([kind, *(more[name] for name in ("when", "id") if name in more)])
    result.add_edge(src, dst, key, kind=kind, weight=len(at), at=" ".join(str(place) for place in sorted(at)), **more)


def graphml(graph: CodeGraph, context_map: ContextMap) -> str:
    """The whole graph as GraphML. Characters that XML does not know are spelled out."""
    import networkx as nx

    source = networkx_graph(graph, context_map)
    target: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    target.add_nodes_from((printable(node), _clean(data)) for node, data in source.nodes(data=True))
    for src, dst, key, data in source.edges(keys=True, data=True):
        target.add_edge(printable(src), printable(dst), printable(key), **_clean(data))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + "\n".join(nx.generate_graphml(target)) + "\n"


def _clean(data: dict[str, Any]) -> dict[str, Any]:
    return {name: printable(value) if isinstance(value, str) else value for name, value in data.items()}


# --- drawings -----------------------------------------------------------------------------------


def dot(graph: CodeGraph, context_map: ContextMap) -> str:
    """Modules in boxes of their contexts with what depends on what, for Graphviz. Tests and migrations are left out."""
    places = Places(graph, context_map)
    shown = [module for module in graph.modules if module.role not in ("test", "migration")]
    number = {module.id: f"m{index}" for index, module in enumerate(shown)}
    groups: dict[str, list[str]] = {}
    for module in shown:
        groups.setdefault(places.module(module.id) or "", []).append(module.id)
    lines = ["digraph decompose {", "  rankdir=LR;", '  node [shape=box, style="rounded,filled", fillcolor=white];']
    for index, (context, modules) in enumerate(sorted(groups.items())):
        lines += [
            f"  subgraph cluster_{index} {{",
            f"    label={_dot(context or 'unassigned')};",
            '    style="filled"; fillcolor="#f2f2f2";',
        ]
        lines += [f"    {number[module]} [label={_dot(module)}];" for module in modules]
        lines.append("  }")
    for (src, dst), weight in sorted(_between_modules(graph).items()):
        if src in number and dst in number:
            crossing = places.module(src) != places.module(dst)
            colour = ', color="#b00020"' if crossing else ""
            lines.append(
                f"  {number[src]} -> {number[dst]} [weight={min(weight, 1000)}, tooltip={_dot(f'{weight} places')}{colour}];"
            )
    lines.append("}")
    return "\n".join(lines) + "\n"


def _dot(text: str) -> str:
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _between_modules(graph: CodeGraph) -> Counter[tuple[str, str]]:
    """Places in which one module depends on another."""
    home = {definition.id: definition.module for definition in graph.definitions}
    counts: Counter[tuple[str, str]] = Counter()
    for edge in graph.edges:
        src, dst = home.get(edge.src, edge.src), home.get(edge.dst, edge.dst)
        if src != dst:
            counts[src, dst] += edge.weight
    return counts


def mermaid(graph: CodeGraph, context_map: ContextMap) -> str:
    """The context map: contexts with their size, and how many places, foreign keys and transactions join each pair."""
    places = Places(graph, context_map)
    number = {context.name: f"c{index}" for index, context in enumerate(context_map.contexts)}
    lines = ["flowchart LR"]
    for context in context_map.contexts:
        text = f"{_mermaid(context.name)}<br/>{len(context.modules)} modules, {len(context.tables)} tables"
        lines.append(
            f'  {number[context.name]}["{text}"]'
            if context.role != "shared"
            else f'  {number[context.name]}(["{text}"])'
        )
    uses: Counter[tuple[str, str]] = Counter()
    for (src, dst), weight in _between_modules(graph).items():
        pair = (places.module(src) or "", places.module(dst) or "")
        if pair[0] in number and pair[1] in number and pair[0] != pair[1]:
            uses[pair] += weight
    keys = Counter((key.src_context, key.dst_context) for key in context_map.foreign_keys if key.cut)
    for pair in sorted({*uses, *keys}):
        if pair[0] in number and pair[1] in number:
            label = ", ".join([f"{uses[pair]} uses"] * bool(uses[pair]) + [f"{keys[pair]} FK"] * bool(keys[pair]))
            lines.append(f'  {number[pair[0]]} -->|"{label}"| {number[pair[1]]}')
    return "\n".join(lines) + "\n"


def _mermaid(text: str) -> str:
    """Text inside a quoted label: all but plain characters become entities, which Mermaid writes as ``#35;``."""
    return "".join(c if c.isalnum() or c in " _-./:" else f"#{ord(c)};" for c in printable(text))
