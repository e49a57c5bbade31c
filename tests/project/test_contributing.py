"""Every recipe of CONTRIBUTING.md works: files are written, commands typed, their answers looked for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"(?:^(?P<before>[^\n]*)\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S)
_FILE = re.compile(r"`(?P<path>[^`]+)`:")


@dataclass(frozen=True)
class Step:
    """Something that a recipe has one do: write a file, append to one, change some, or type a command."""

    kind: str
    path: str
    text: str


def steps_of(recipe: str) -> list[Step]:
    """Return what a recipe has one do, in order; files that a command needs stand before it."""
    found = []
    for block in _BLOCK.finditer(recipe):
        before = block["before"] or ""
        named = _FILE.search(before)
        if block["kind"] in ("console", "diff"):
            found.append(Step(block["kind"], "", block["text"]))
        else:
            assert named is not None, f"a block of {block['kind']} names no file: {before}"
            kind = "append" if before.startswith("Append to") else "file"
            found.append(Step(kind, named["path"], block["text"]))
    return found


RECIPES = dict(re.findall(r"^### ([^\n]+)\n(.*?)(?=^### |\Z)", GUIDE.split("\n## Recipes\n")[1], re.M | re.S))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program, in which recipes are followed one after another."""
    folder = tmp_path_factory.mktemp("house")
    for name in ("app", "plugins", "resources", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "out").mkdir()
    return folder


def typed(house: Path, line: str) -> str:
    """Type a command in the copy, and return all that it answers."""
    words = line.replace("gaplisten ", "python -P -m gaplisten ", 1) if line.startswith("gaplisten") else line
    bin_folder = house / "bin"
    if not bin_folder.exists():
        bin_folder.mkdir()
        (bin_folder / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (bin_folder / "python").chmod(0o755)
    environment = {
        **os.environ,
        "PYTHONPATH": str(house / "app"),
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "200",
        "GAPLISTEN_HOME": str(house / "home"),
    }
    done = subprocess.run(
        ["/bin/sh", "-c", words], cwd=house, env=environment, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, f"{line}\n{said}"
    assert "Traceback" not in said, said
    return said


def follow(house: Path, step: Step) -> None:
    """Do one step."""
    target = house / step.path
    if step.kind == "file":
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(step.text, encoding="utf-8")
    elif step.kind == "append":
        with target.open("a", encoding="utf-8") as file:
            file.write("\n" + step.text)
    elif step.kind == "diff":
        changed(house, step.text)
    else:
        said = ""
        for line in step.text.splitlines():
            if line.startswith("$ "):
                said = typed(house, line.removeprefix("$ "))
            else:
                assert line in said, f"{line!r} is not in:\n{said}"


def changed(house: Path, text: str) -> None:
    """Apply a change that shows a few lines around it."""
    path = house / re.findall(r"^\+\+\+ b/(.*)$", text, re.M)[0]
    lines = text.split("@@\n")[1].splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] in " -")
    after = "".join(line[1:] for line in lines if line[0] in " +")
    source = path.read_text(encoding="utf-8")
    assert source.count(before) == 1, f"the lines around the change are not in {path.name}:\n{before}"
    path.write_text(source.replace(before, after), encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="the commands are those of a Unix shell")
@pytest.mark.xdist_group("recipes")
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_does_what_it_says(name: str, house: Path) -> None:
    steps = steps_of(RECIPES[name])
    assert any(step.kind == "console" for step in steps)
    for step in steps:
        follow(house, step)


def test_python_in_recipes_keeps_the_house_rules(tmp_path: Path) -> None:
    for recipe in RECIPES.values():
        for step in steps_of(recipe):
            if step.path.endswith(".py"):
                (tmp_path / step.path).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / step.path).write_text(step.text)
    ruff = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--config",
        str(ROOT / "pyproject.toml"),
        "--ignore",
        "E501,INP001",
    ]
    done = subprocess.run([*ruff, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "name", ["audio", "loss", "clips", "captures", "panel", "metrics", "bench", "batch", "api"]
)
def test_the_picture_of_the_house_has_every_room(name: str) -> None:
    assert f"{name}/" in GUIDE.split("## Where things are")[1].split("## House rules")[0]
