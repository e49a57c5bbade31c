"""A panel of each method, taken by keyboard alone, on a real X server with real sound."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gaplisten.panel.build import build
from gaplisten.panel.methods import names
from gaplisten.panel.selection import Places
from kit import pulse, xserver
from kit.listener import NoConcealers, clips_folder, definition
from kit.tables import rows_of

HERE = Path(__file__).resolve().parent
WORDED = ("p835", "acr_annoyance")
FEW = (
    "ab",
    "mushra",
    "p835 in German",
)  # keys that choose, that move sliders, scale by scale
SHORT = "[checks]\nlevel = false\n[abx]\ntrials = 2\n[abx_pair]\ntrials = 2\n"


@pytest.mark.display
@pytest.mark.sound
@pytest.mark.parametrize("few", [True, pytest.param(False, marks=pytest.mark.long)], ids=["few", "all"])
def test_methods_can_be_taken_with_the_keyboard_alone(tmp_path: Path, few: bool) -> None:
    lacking = xserver.missing() or pulse.missing()
    if lacking:
        pytest.skip(f"not installed: {lacking}")
    taken = {method: (method, "en") for method in names()}
    # Methods that are nothing but a file and their words, in another language too.
    taken |= {f"{method} in German": (method, "de") for method in WORDED}
    panels = {name: short_panel(tmp_path / name, *taken[name]) for name in (FEW if few else taken)}
    script = [sys.executable, str(HERE / "panel_by_keys.py"), str(tmp_path), *map(str, panels.values())]
    with pulse.sound_server() as sound, xserver.x_server() as environment:
        done = subprocess.run(
            script,
            env={**environment, **sound.environment, "PYTHONPATH": str(HERE.parent)},
            capture_output=True,
            text=True,
            timeout=600,
        )
        fared = sound.account()
    assert done.returncode == 0, f"{done.stderr[-3000:]} {fared}"
    given = json.loads((tmp_path / "votes.json").read_text())
    assert set(given) == set(panels)
    for name, folder in panels.items():
        check_file(folder / "ratings", [vote for trial in given[name] for vote in trial])


def short_panel(folder: Path, method: str, language: str) -> Path:
    """Build a panel of one short clip (pair ABX: of two): everything in it is really heard to its end."""
    folder.mkdir()
    clips_folder(folder / "clips", ["kestrel", "heron"] if method == "abx_pair" else ["kestrel"])
    build(
        definition(method, f'language = "{language}"\n{SHORT}'),
        folder / "panel",
        NoConcealers(),
        places=Places(folder),
    )
    return folder / "panel"


def check_file(folder: Path, given: list[object]) -> None:
    """The CSV has one row for each vote, in the order in which they were given."""
    (path,) = folder.glob("*.csv")
    rows = rows_of(path)
    assert [row["vote"] for row in rows] == [str(vote) for vote in given]
    assert rows
    assert {row["listener"] for row in rows} == {"kim"}
