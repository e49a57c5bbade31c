"""Rules about where code may stand that import contracts cannot say."""

from __future__ import annotations

import ast
from pathlib import Path

import gaplisten

UI = Path(gaplisten.__file__).parent / "ui"
TOOLKITS = ("PySide6", "pyqtgraph")


def names_of_toolkits(tree: ast.AST) -> set[str]:
    """The names that a module binds by importing from Qt or pyqtgraph."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in TOOLKITS:
            found |= {name.asname or name.name for name in node.names}
        elif isinstance(node, ast.Import):
            kits = [name for name in node.names if name.name.split(".")[0] in TOOLKITS]
            found |= {(name.asname or name.name).split(".")[0] for name in kits}
    return found


def uses_a_toolkit(source: str) -> bool:
    """Whether a module does something with what it imports from Qt or pyqtgraph."""
    tree = ast.parse(source)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return bool(names_of_toolkits(tree) & used)


def is_empty(source: str) -> bool:
    """Whether a module holds at most its docstring."""
    return all(isinstance(node, ast.Expr) for node in ast.parse(source).body)


def test_every_module_of_the_window_uses_qt() -> None:
    sources = {path.relative_to(UI).as_posix(): path.read_text(encoding="utf-8") for path in UI.rglob("*.py")}
    found = {name for name, text in sources.items() if not is_empty(text) and not uses_a_toolkit(text)}
    # A drawer may draw as another one does, and say only of what.
    found = {name for name in found if not name.startswith("lanes/drawers/")}
    assert sorted(found) == [], "these use no name of Qt: move them to the room whose facts they hold"


def test_an_import_alone_is_no_use() -> None:
    assert not uses_a_toolkit("from PySide6.QtCore import QObject\n")
    assert not uses_a_toolkit("import pathlib\npathlib.Path()\n")
    assert uses_a_toolkit("from PySide6.QtCore import QObject as Thing\nclass A(Thing): ...\n")
    assert uses_a_toolkit("import pyqtgraph as pg\npg.mkPen()\n")
    assert uses_a_toolkit("def f():\n    from PySide6 import QtGui\n    return QtGui.QColor()\n")
    assert is_empty('"""Only a docstring."""\n')
