"""The command itself, as a user types it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gaplisten import __version__, cli
from kit.timing import PATIENCE

NO_QT = """
import importlib.abc, sys
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"PySide6", "shiboken6", "pyqtgraph", "sounddevice"}:
            raise ImportError(f"{name} is not installed here")
sys.meta_path.insert(0, Absent())
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=PATIENCE
    )


def test_the_version_is_told() -> None:
    done = run("import gaplisten.cli as c; raise SystemExit(c.main())", "--version")
    assert (done.returncode, done.stdout) == (0, f"gaplisten {__version__}\n")


def test_the_overview_names_every_command() -> None:
    done = run("import gaplisten.cli as c; raise SystemExit(c.main())", "--help")
    assert all(f"  {name} " in done.stdout for name in cli.every_command())


def test_importing_the_package_loads_neither_qt_nor_sound() -> None:
    done = run(
        "import gaplisten, gaplisten.cli, sys;"
        "print([m for m in sys.modules if m.split('.')[0] in ('PySide6', 'pyqtgraph', 'sounddevice')])"
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("command", [name for name in cli.every_command() if name not in ("open", "demo")])
def test_every_command_but_the_window_works_without_qt_and_portaudio(command: str) -> None:
    code = NO_QT + "import gaplisten.cli as c; raise SystemExit(c.main())"
    done = run(code, command, "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


def test_an_error_of_ours_is_a_sentence_and_status_two(tmp_path: Path) -> None:
    absent = tmp_path / "absent.wav"
    code = "import gaplisten.cli as c; raise SystemExit(c.main())"
    done = run(code, "conceal", str(absent), "--concealer", "zero_fill", "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "absent.wav" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
