"""No module of the flows, or of what they stand on, needs itself by way of others, not even for a type."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter

from mmemo.settings import REPOSITORY

FREE_OF_CIRCLES = ("datasets", "episode", "evaluate", "flow", "store", "teacher")


def imports_of_modules() -> dict[str, set[str]]:
    """What every module of mmemo names at its top or under TYPE_CHECKING; imports inside functions may wait."""
    paths = {
        ".".join(path.relative_to(REPOSITORY).with_suffix("").parts): path
        for path in (REPOSITORY / "mmemo").rglob("*.py")
        if path.name != "__init__.py"
    }
    named: dict[str, set[str]] = {}
    for name, path in paths.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        blocks = [tree.body, *(one.body for one in tree.body if isinstance(one, ast.If))]
        froms = [one for block in blocks for one in block if isinstance(one, ast.ImportFrom) and one.module]
        wanted = {str(one.module) for one in froms} | {f"{one.module}.{a.name}" for one in froms for a in one.names}
        named[name] = (wanted & set(paths)) - {name}
    return named


def test_no_module_needs_itself_by_way_of_others():
    kept = {f"mmemo.{part}" for part in FREE_OF_CIRCLES}
    graph = {name: named for name, named in imports_of_modules().items() if ".".join(name.split(".")[:2]) in kept}
    assert len(graph) > 100 and any(graph.values())
    graph = {name: named & set(graph) for name, named in graph.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(f"they import each other: {' <- '.join(error.args[1])}") from None
