"""The guide to the Python interface, the examples of its functions, and the notebook: all of it runs."""

from __future__ import annotations

import ast
import doctest
import importlib
import json
import pkgutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gaplisten
from gaplisten import api

DOCS = Path(__file__).resolve().parents[2] / "docs"
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
MODULES = [f"gaplisten.api.{found.name}" for found in pkgutil.iter_modules(api.__path__)]

# One worker describes the plugins and keeps a process for them.
pytestmark = [
    pytest.mark.xdist_group("python interface"),
    pytest.mark.filterwarnings("ignore::gaplisten.GaplistenWarning"),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_functions_give_what_they_say(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name), optionflags=FLAGS).failed == 0


def test_the_guide_gives_what_it_says() -> None:
    found = doctest.testfile(
        str(DOCS / "python.md"), module_relative=False, globs={"np": np}, optionflags=FLAGS, encoding="utf-8"
    )
    assert found.attempted > 15
    assert found.failed == 0


def test_every_public_name_is_documented_and_in_the_guide() -> None:
    assert gaplisten.__all__ == api.__all__
    guide = (DOCS / "python.md").read_text(encoding="utf-8")
    for name in gaplisten.__all__:
        assert getattr(gaplisten, name).__doc__, name
        if name.islower():
            assert f"{name}(" in guide, name


def test_the_stub_for_type_checkers_names_what_there_is() -> None:
    stub = Path(gaplisten.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    assert [line.strip(' ",') for line in stub.split("__all__")[1].splitlines()[1:-1]] == gaplisten.__all__


def test_the_notebook_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    notebook = json.loads((DOCS / "notebook.ipynb").read_text(encoding="utf-8"))
    space: dict[str, Any] = {"__name__": "__main__"}
    shown = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        value = _last_value("".join(cell["source"]), space)
        for output in cell["outputs"]:
            assert output["output_type"] == "execute_result"
            shown += 1
            if "image/png" in output["data"]:
                assert value._repr_png_().startswith(b"\x89PNG")
            elif "text/html" in output["data"]:
                assert "<table" in value._repr_html_()
    assert shown >= 5


def _last_value(source: str, space: dict[str, Any]) -> Any:
    """Run a cell as a notebook does, and return the value of its last expression."""
    body = ast.parse(source).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "cell", "exec"), space)
    return None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), space)
