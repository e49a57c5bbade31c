"""The wheel and the source archive, installed as users do: by pip, without extras, called from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kit.panels import make_panel
from kit.timing import PATIENCE

pytestmark = pytest.mark.xdist_group("wheel")

ROOT = Path(__file__).resolve().parents[2]
BUILD = "import sys; from hatchling import build; print(getattr(build, 'build_' + sys.argv[1])(sys.argv[2]))"
NAMES = ("typing", "numpy", "json", "gaplisten", "sitecustomize", "threading", "struct", "multiprocessing")
HOSTILE = "import pathlib; pathlib.Path(__file__).with_suffix('.ran').touch()\n"
# Commands that need an extra, and the word that brings it.
WITHOUT_EXTRAS = {
    ("score", "{demo}/lossy_signals/demo1.flac", "--metric", "plcmos"): "gaplisten[metrics]",
    (
        "score",
        "{demo}/lossy_signals/demo1.flac",
        "--reference",
        "{demo}/clean/demo1.flac",
        "--metric",
        "stoi",
    ): ("gaplisten[metrics]"),
    ("panel", "serve", "{panel}"): "gaplisten[serve]",
}


def run(*words: str | Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder."""
    return subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=10 * PATIENCE,
        check=False,
    )


def built(kind: str, source: Path, out: Path) -> Path:
    """Build the wheel or the source archive of a checkout."""
    pytest.importorskip("hatchling", reason="hatchling builds the wheel; it is not installed")
    out.mkdir(exist_ok=True)
    done = run(sys.executable, "-P", "-c", BUILD, kind, out, folder=source)
    assert done.returncode == 0, done.stderr
    return next(each for each in out.iterdir() if each.suffix == {"wheel": ".whl", "sdist": ".gz"}[kind])


def contents(wheel: Path) -> dict[str, bytes]:
    """All that a wheel holds, by name; its own list of them left out."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("RECORD")}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment of its own, as pipx does; return its program."""
    out = tmp_path_factory.mktemp("installed")
    wheel = built("wheel", ROOT, out / "dist")
    made = run(sys.executable, "-P", "-m", "venv", out / "venv", folder=out)
    if made.returncode:
        pytest.skip(f"this Python makes no environments: {made.stderr.strip()[-200:]}")
    programs = out / "venv" / ("Scripts" if os.name == "nt" else "bin")
    done = run(programs / "python", "-P", "-m", "pip", "install", "--quiet", wheel, folder=out)
    if done.returncode and "No matching distribution" in done.stderr:
        pytest.skip("no package index answers here")
    assert done.returncode == 0, done.stderr
    return programs / "gaplisten"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder with files named like modules, as a data set of a stranger's may have them."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in NAMES:
        (folder / f"{name}.py").write_text(HOSTILE)
    return folder


@pytest.mark.long
def test_the_source_archive_builds_the_same_wheel(tmp_path: Path) -> None:
    wheel = built("wheel", ROOT, tmp_path / "wheel")
    archive = built("sdist", ROOT, tmp_path / "sdist")
    done = run(sys.executable, "-P", "-m", "tarfile", "-e", archive, tmp_path / "source", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    (source,) = (tmp_path / "source").iterdir()
    again = built("wheel", source, tmp_path / "again")
    assert again.name == wheel.name
    ours, theirs = contents(wheel), contents(again)
    assert sorted(ours) == sorted(theirs)
    assert [name for name in ours if ours[name] != theirs[name]] == []


@pytest.mark.long
def test_an_installed_program_works_from_a_hostile_folder_and_runs_nothing_of_it(
    installed: Path, hostile: Path
) -> None:
    home = {"GAPLISTEN_HOME": str(hostile.parent / "home")}
    told = run(installed, "doctor", "--csv", "told.csv", folder=hostile, **home)
    assert told.returncode == 0, told.stderr
    assert "library,onnxruntime,missing" in (hostile / "told.csv").read_text().replace('"', "")
    lossy = next(installed.parents[1].rglob("_bundled/resources/demo/lossy_signals/demo1.flac"))
    done = run(installed, "conceal", lossy, "--concealer", "wsola", "--out", "out", folder=hostile, **home)
    assert done.returncode == 0, done.stderr
    assert (hostile / "out" / "demo1.flac").is_file()
    assert list(hostile.glob("*.ran")) == []
    assert not (hostile / "__pycache__").exists()


@pytest.mark.long
def test_without_extras_each_command_says_what_to_install_for_what(installed: Path, hostile: Path) -> None:
    home = {"GAPLISTEN_HOME": str(hostile.parent / "home")}
    demo = next(installed.parents[1].rglob("_bundled/resources/demo"))
    panel = make_panel(hostile.parent, clips=2, frames=4000).folder
    for command, way in WITHOUT_EXTRAS.items():
        given = [word.format(demo=demo, panel=panel) for word in command]
        done = run(installed, *given, folder=hostile, **home)
        assert done.returncode != 0, command
        assert "Traceback" not in done.stderr, command
        assert way in done.stderr + done.stdout, (command, done.stderr)
