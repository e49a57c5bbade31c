"""What the window can show, found in the code: the English texts that a language's file has to have."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import gaplisten
from gaplisten.loss.models import MODELS

APP = Path(gaplisten.__file__).resolve().parent
UI = APP / "ui"
PLUGINS = APP.parents[1] / "plugins"
# Rooms whose sentences the window tells; commands, the web page and Python's interface speak English.
ENGINES = (
    *("audio", "batch", "bench", "captures", "clips", "concealers", "durable", "exchange", "loss", "metrics"),
    *("panel", "playback", "report"),
)


def template(node: ast.expr) -> str | None:
    """Return a literal with its places in braces; None for what is no literal."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        found: list[str] = []
        parts = [part if isinstance(part, ast.Constant) else None for part in node.values]
        for part, value in zip(parts, node.values, strict=True):
            if part is not None:
                found.append(str(part.value))
            else:
                assert isinstance(value, ast.FormattedValue)
                found.append("{" + _unused(_place(value.value), found) + "}")
        return "".join(found)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = template(node.left), template(node.right)
        return None if left is None or right is None else left + right
    return None


def _unused(name: str, found: list[str]) -> str:
    """Return a name that no place before has: a sentence is found again by patterns with named groups."""
    number, wish = 2, name
    while "{" + wish + "}" in found:
        wish, number = f"{name}{number}", number + 1
    return wish


def _place(node: ast.expr) -> str:
    name = _named(node).strip("_").lower()
    return re.sub(r"\W", "_", name) or "value"


def _named(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        short = node.attr in ("name", "title", "key", "value", "text") and isinstance(node.value, ast.Name)
        return f"{node.value.id}_{node.attr}" if short and node.value.id != "self" else node.attr  # type: ignore[attr-defined]
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func).split(".")[-1]
        if called == "len" and node.args:
            return "n_" + _named(node.args[0]).strip("_")
        return _named(node.args[0]) if node.args and called in ("str", "abs", "round", "int") else called
    if isinstance(node, ast.Subscript):
        return _named(node.value)
    if isinstance(node, ast.BinOp):
        return _named(node.left if isinstance(node.right, ast.Constant) else node.right)
    return "value"


def _trees(folder: Path) -> Iterator[ast.Module]:
    for path in sorted(folder.rglob("*.py")):
        yield _tree(path)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _called(node: ast.AST) -> str:
    return ast.unparse(node.func).split(".")[-1] if isinstance(node, ast.Call) else ""


@cache
def window_texts() -> frozenset[str]:
    """Return every text that stands in `tr`, behind its context where it has one."""
    calls = (node for tree in _trees(UI) for node in ast.walk(tree) if _called(node) == "tr")
    return frozenset(key for call in calls if (key := _key(call)) is not None)


def _key(call: ast.AST) -> str | None:
    assert isinstance(call, ast.Call)
    context = next((template(each.value) for each in call.keywords if each.arg == "context"), None)
    text = template(call.args[0])
    return f"{context}|{text}" if context else text


@cache
def window_forms() -> dict[str, str]:
    """Return the texts in `tr_n`: that for one by that for many."""
    nodes = (node for tree in _trees(UI) for node in ast.walk(tree) if _called(node) == "tr_n")
    return {template(node.args[1]): template(node.args[0]) for node in nodes}  # type: ignore[attr-defined, misc]


@cache
def row_texts() -> frozenset[str]:
    """Return what rows of data hold that the window shows: commands, menus, titles of panes."""
    found: set[str] = set()
    for tree in _trees(UI):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                found.update(_of_rows(node))
    return frozenset(found)


def _of_rows(call: ast.Call) -> Iterator[str]:
    called = _called(call)
    if isinstance(call.func, ast.Call) and _called(call.func) == "section":
        for row in (each for arg in call.args for each in ast.walk(arg) if isinstance(each, ast.Tuple)):
            yield from _literals(row.elts[1::2])
    elif called == "section":
        for path in _literals(call.args[:1]):
            head, *tail = path.split("/")
            yield from (f"&{head}", *tail)
    elif called == "Pane":
        yield from _literals(
            [*call.args[3:4], *(each.value for each in call.keywords if each.arg == "title")]
        )


def _literals(nodes: list[ast.expr]) -> Iterator[str]:
    yield from (text for node in nodes if (text := template(node)) and re.search("[A-Za-z]{2}", text))


# Calls whose texts nobody sees: names of things, of programmers' mistakes, of keys and files.
_UNSEEN = frozenset(
    (
        "tr",
        "tr_n",
        "tr_said",
        "section",
        "Pane",
        "setObjectName",
        "setProperty",
        "property",
        "getLogger",
        "debug",
        "info",
        "warning",
        "error",
        "exception",
        "ValueError",
        "TypeError",
        "KeyError",
        "RuntimeError",
        "TypeVar",
        "cast",
        "getattr",
        "hasattr",
        "setattr",
        "setStyleSheet",
        "fromString",
        "bind",
        "check",
        "with_suffix",
        "with_name",
        "startswith",
        "endswith",
        "removeprefix",
        "removesuffix",
        "replace",
        "get",
        "glob",
        "rglob",
        "encode",
        "decode",
        "compile",
        "sub",
        "fullmatch",
        "findall",
        "split",
        "partition",
        "print",
        "setValue",
        "import_module",
        "value",
        "contains",
        "horizontalAdvance",
        "wide",
    )
)
_WORDS = re.compile(r"[A-Za-zäöü]{2,}[^A-Za-z]* [^A-Za-z]*[A-Za-zäöü]{2,}")


def untranslated() -> list[str]:
    """Return what in `ui/` looks like words that people read and stands in no `tr`: "file:line text"."""
    found = []
    for path in sorted(UI.rglob("*.py")):
        tree = _tree(path)
        _mark_unseen(tree)
        for node in ast.walk(tree):
            text = None if getattr(node, "unseen", False) else template(node)  # type: ignore[arg-type]
            if text and _WORDS.search(re.sub(r"{\w+}", "", text)):
                found.append(f"{path.relative_to(UI)}:{node.lineno} {text}")  # type: ignore[attr-defined]
    return found


def _mark_unseen(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        inside = getattr(node, "unseen", False) or _hides(node)
        for child in ast.iter_child_nodes(node):
            seen_again = isinstance(node, ast.Call) and child is node.func
            key = isinstance(node, ast.Dict) and child in node.keys
            child.unseen = (inside and not seen_again) or key or isinstance(node, ast.JoinedStr)  # type: ignore[attr-defined]


def _hides(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        rows = isinstance(node.func, ast.Call) and _called(node.func) == "section"
        return rows or _called(node) in _UNSEEN
    bare = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)  # a docstring
    return bare or isinstance(node, (ast.Compare | ast.Assert, ast.AnnAssign | ast.arg))


@cache
def parameter_keys() -> frozenset[str]:
    """Return what bundled plugins and loss models can be set to: ``opus.bitrate``, ``loss/random.loss``."""
    found = {f"loss/{model.name}.{each.name}" for model in MODELS for each in model.parameters}
    for path in PLUGINS.glob("*.py"):
        arguments = (node for node in ast.walk(_tree(path)) if isinstance(node, ast.arg))
        told = (each for each in arguments if each.annotation and "Annotated" in ast.unparse(each.annotation))
        found.update(f"{path.stem}.{each.arg}" for each in told)
    return frozenset(found)


@cache
def raised_texts() -> frozenset[str]:
    """Return what engines raise: facts and ways out in the calls, and what is named for them before."""
    found: set[str] = set()
    for room in ENGINES:
        for tree in _trees(APP / room):
            for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
                found.update(_raised_in(function))
    return frozenset(found)


@cache
def _of_facts() -> frozenset[str]:
    """Return the errors of engines that begin with the fact: whoever has the name of the thing adds it."""
    defined = {
        node.name: {ast.unparse(base) for base in node.bases}
        for room in ENGINES
        for tree in _trees(APP / room)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {name for name, bases in defined.items() if bases & {"Exception", "ValueError"}}
    found |= {name for name, bases in defined.items() if bases & found}
    return frozenset(found - {"WireBroken", "WireClosed"})  # between processes, seen by programmers alone


def _raised_in(function: ast.FunctionDef) -> Iterator[str]:
    raised = [node.exc for node in ast.walk(function) if isinstance(node, ast.Raise)]
    calls = [call for call in raised if isinstance(call, ast.Call)]
    parts = [arg for call in calls for arg in call.args[_called(call) not in _of_facts() :]]
    named = {arg.id for arg in parts if isinstance(arg, ast.Name)}
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id in named
        ):
            parts.append(node.value)
    for part in parts:
        for branch in (part.body, part.orelse) if isinstance(part, ast.IfExp) else (part,):
            text = template(branch)
            if text and _WORDS.search(re.sub(r"{\w+}", "", text)):
                yield text
