"""Modules form no circles, and what a module needs it imports where everybody can see it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import gaplisten

APP = Path(gaplisten.__file__).parent

# Who may import by a name that is put together: registries, from their own folder (and what a user named).
REGISTRIES = {
    "__init__.py": "the public API",
    "cli.py": "the commands",
    "concealers/form.py": "the forms of plugins",
    "concealers/loading.py": "plugin files that the user named",
    "loss/measures/catalogue.py": "the measures",
    "metrics/catalogue.py": "the metrics",
    "ui/lanes/drawer.py": "the drawers",
    "ui/shell/__init__.py": "the panes",
}


def module_name(path: Path, root: Path = APP) -> str:
    """Return the dotted name of a file."""
    parts = [root.name, *path.relative_to(root).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(source: str, known: set[str]) -> set[str]:
    """Return the modules that a source imports anywhere, in functions and for types too."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{name.name}" for name in node.names} & known
            found |= inside or {node.module}
    return found & known


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that reach each other (Tarjan's strongly connected components)."""
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(name: str) -> None:
        numbers[name] = lowest[name] = len(numbers)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in numbers:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], numbers[other])
        if lowest[name] == numbers[name]:
            cut = stack.index(name)
            groups.append(sorted(stack[cut:]))
            del stack[cut:]

    for name in sorted(graph):
        if name not in numbers:
            visit(name)
    return [group for group in groups if len(group) > 1]


def strings_imported(source: str) -> list[int]:
    """Return the lines on which something of ours, or who knows what, is imported by a string."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and node.args]
    names = ("import_module", "__import__")
    by_string = [call for call in calls if getattr(call.func, "attr", getattr(call.func, "id", "")) in names]
    return [call.lineno for call in by_string if not _is_allowed(call.args[0])]


def _is_allowed(name: ast.expr) -> bool:
    """Whether a name is another project's, written out (an optional package), or that of one's own folder."""
    if isinstance(name, ast.JoinedStr) and isinstance(name.values[0], ast.FormattedValue):
        return ast.unparse(name.values[0].value) == "__name__"
    said = name.value if isinstance(name, ast.Constant) else "gaplisten"
    return str(said).split(".")[0] != "gaplisten"


def test_no_files_import_each_other_in_a_circle():
    sources = {module_name(path): path.read_text(encoding="utf-8") for path in APP.rglob("*.py")}
    found = circles({name: imported(source, set(sources)) - {name} for name, source in sources.items()})
    assert found == []


def test_no_pane_of_the_window_knows_another_or_the_window():
    panes = APP / "ui" / "panes"
    known = {module_name(path) for path in APP.rglob("*.py")}
    forbidden = {module_name(path) for path in panes.glob("*.py")} | {"gaplisten.ui.shell.window"}
    for path in sorted(panes.glob("*.py")):
        assert imported(path.read_text(encoding="utf-8"), known) & forbidden == set(), path.name


def test_only_registries_import_by_strings():
    found = {
        path.relative_to(APP).as_posix()
        for path in APP.rglob("*.py")
        if strings_imported(path.read_text(encoding="utf-8"))
    }
    assert sorted(found - set(REGISTRIES)) == []
    assert sorted(set(REGISTRIES) - found) == [], "take these off the list"


@pytest.mark.parametrize(
    ("graph", "found"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}, [["a", "b", "c"]]),
        ({"a": {"b"}, "b": {"a"}, "c": {"d"}, "d": {"c"}}, [["a", "b"], ["c", "d"]]),
    ],
)
def test_circles_are_found(graph, found):
    assert circles(graph) == found


def test_imports_for_types_and_in_functions_count():
    source = "if TYPE_CHECKING:\n    from x import y\ndef f():\n    import x.z\n"
    assert imported(source, {"x", "x.y", "x.z"}) == {"x.y", "x.z"}
    ours = "import importlib\nimportlib.import_module('gaplisten.ui')\n__import__(name)\n"
    assert strings_imported(ours) == [2, 3]
    assert strings_imported("import importlib\nimportlib.import_module('miniaudio')\n") == []
    assert strings_imported("import importlib\nimportlib.import_module(f'{__name__}.{name}')\n") == []
