"""The main job in the real program: a real window, real keys and clicks, real sound."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gaplisten.panel.frozen import open_panel
from gaplisten.panel.unsealing import unseal
from kit import pulse, xserver
from kit.tables import rows_of

HERE = Path(__file__).resolve().parent


def picture_of_failure(out: Path) -> str:
    return f"; picture: {out / 'failed.png'}" if (out / "failed.png").exists() else ""


@pytest.mark.display
@pytest.mark.sound
@pytest.mark.usefixtures("plugins_known")
def test_open_look_switch_conceal_and_rate(tmp_path: Path, real_clips: Path) -> None:
    lacking = xserver.missing() or pulse.missing()
    if lacking:
        pytest.skip(f"not installed: {lacking}")
    script = [sys.executable, str(HERE / "main_job.py"), str(real_clips / "challenge2022"), str(tmp_path)]
    with pulse.sound_server() as sound, xserver.x_server() as environment:
        done = subprocess.run(
            script,
            env={**environment, **sound.environment, "PYTHONPATH": str(HERE.parent)},
            capture_output=True,
            text=True,
            timeout=600,
        )
    assert done.returncode == 0, done.stderr[-3000:] + picture_of_failure(tmp_path)
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["lanes"] == ["Reference", "Lossy", "tPLCnet"]
    assert found["heard"] == [0, 1, 2, 3]
    assert found["still playing"]
    assert found["playing after the change"]
    assert found["workbench is back with sound"]
    check_ratings(tmp_path / "panel" / "ratings", found)


def check_ratings(folder: Path, found: dict[str, list[object]]) -> None:
    """The CSV holds what was clicked and typed, for each clip in each condition once."""
    unseal(open_panel(folder.parent))
    (path,) = folder.glob("*.csv")
    rows = rows_of(path)
    assert [int(row["vote"]) for row in rows] == found["votes"]
    assert len(rows) == 4
    pairs = {(row["clip"], row["condition"]) for row in rows}
    assert pairs == {(clip, name) for clip in found["clips"] for name in found["conditions"]}
    assert {row["listener"] for row in rows} == {"xavier"}
    assert all(float(row["seconds_heard"]) > 0.3 for row in rows)
    assert [row["plays"] for row in rows] == ["1"] * 4
