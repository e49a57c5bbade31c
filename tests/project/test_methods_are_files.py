"""A test method is one file: nothing outside `panel/methods` asks which one a panel has."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import gaplisten
from gaplisten.panel import methods

APP = Path(gaplisten.__file__).resolve().parent
FOLDER = APP / "panel/methods"
ROOMS = ("panel", "ui/panel", "ui/results", "commands")
# Other people's tools have kinds of pages of their own: who reads or writes their files says which of our
# methods each is, and refuses the others, so that a new method needs nothing there.
TRANSLATES = APP / "exchange"


def _knows_panels(path: Path) -> bool:
    """Tell whether a module may have to do with methods: another engine may call something else p835."""
    own = any(path.is_relative_to(APP / room) for room in ROOMS)
    return own or "gaplisten.panel" in path.read_text(encoding="utf-8")


OUTSIDE = sorted(
    path
    for path in APP.rglob("*.py")
    if not path.is_relative_to(FOLDER) and not path.is_relative_to(TRANSLATES) and _knows_panels(path)
)


NAMES = frozenset(methods.names())


def _exempt(tree: ast.AST) -> set[int]:
    """Return texts that are no names: documentation, and modes of files ("ab")."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            found.add(id(node.value))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "open":
            found |= {id(argument) for argument in node.args}
    return found


def named(tree: ast.AST) -> list[int]:
    """Return the lines of code that name a method: as a text of its own, or as an attribute."""
    exempt = _exempt(tree)
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in exempt)
    attributes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    found = [node.lineno for node in texts if isinstance(node.value, str) and node.value in NAMES]
    return found + [node.lineno for node in attributes if node.attr.lower() in NAMES]


def test_no_other_module_asks_which_method_it_is() -> None:
    found = {
        str(path.relative_to(APP)): named(ast.parse(path.read_text(encoding="utf-8"))) for path in OUTSIDE
    }
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "line", ["x is Method.MUSHRA", "x == 'acr'", "{'abx': 1}[x]", "d.mushra.anchors", "x in ('dcr', 'ccr')"]
)
def test_that_test_would_see_one(line: str) -> None:
    assert set(named(ast.parse(f"y = ({line})"))) == {1}


def test_no_module_imports_one_method_by_its_file() -> None:
    found = []
    for path in OUTSIDE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if module.startswith("gaplisten.panel.methods.") and not module.endswith(".contract"):
                found.append(path.name)
    assert found == []


def test_every_file_of_the_folder_is_a_method_and_found_by_its_name() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__", "contract"}
    assert set(methods.names()) == files
    assert [one.name for one in methods.methods()] == sorted(
        files, key=lambda name: (methods.method(name).place, name)
    )
    with pytest.raises(methods.NoSuchMethod, match="choose one of ab, abc_hr"):
        methods.method("contract")


def test_every_method_stands_in_the_docs() -> None:
    text = (APP.parents[1] / "docs/panels.md").read_text(encoding="utf-8")
    table = text.split("## Methods")[1].split("\n## ")[0]
    assert [name for name in methods.names() if f"\n| `{name}` |" not in table] == []
