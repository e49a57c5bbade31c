"""A command is one file in the folder of commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import gaplisten
from kit.timing import PATIENCE

HELLO = '''"""`gaplisten hello`: greet somebody.

More about it.
"""

import typer

app = typer.Typer(add_completion=False)


@app.command()
def hello(name: str) -> None:
    print(f"hello {name}")
'''


def test_a_command_is_one_more_file_listed_last_and_run_by_its_name(tmp_path: Path) -> None:
    package = tmp_path / "gaplisten"
    own = Path(gaplisten.__file__).parent
    shutil.copytree(own, package, ignore=shutil.ignore_patterns("ui", "__pycache__"))
    (package / "commands" / "hello.py").write_text(HELLO)
    (package / "commands" / "helper.py").write_text('"""What commands share."""\n')

    def run(*words: str) -> str:
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        command = [sys.executable, "-m", "gaplisten", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout

    listed = [line.split(maxsplit=1) for line in run("--help").splitlines() if line.startswith("  ")]
    assert listed[-1] == ["hello", "greet somebody"]
    assert "helper" not in [line[0] for line in listed]
    assert run("hello", "you") == "hello you\n"
