"""Taking a panel: every method from first to last trial, and what the CSV then says."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.session import Session
from gaplisten.panel.session_files import read_session
from gaplisten.panel.unseal import OtherPlan
from kit.panels import NO_STEPS, make_clips, make_panel, take, unsealed_file

METHODS = ["acr", "acr_effort", "dcr", "ccr", "ab", "abx", "mushra", "abc_hr"]
EXTRA = {"mushra": '[mushra]\nanchors = ["anchor35", "lossy"]\n', "abx": "[abx]\ntrials = 6\n"}


def panel_of(method: str, base: Path) -> FrozenPanel:
    return make_panel(base, method, NO_STEPS + EXTRA.get(method, ""))


def table(panel: FrozenPanel) -> pd.DataFrame:
    return pd.read_csv(unsealed_file(panel))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_can_be_taken_and_its_csv_is_complete(method: str, tmp_path: Path) -> None:
    panel = panel_of(method, tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        taken = take(session)
        assert session.finished
    rows = table(panel)
    per_trial = {"mushra": 5, "abc_hr": 2}.get(method, 1)
    expected = {"mushra": 4, "abx": 6, "ab": 4}.get(method, 8)
    assert (taken, len(rows)) == (expected, expected * per_trial)
    assert list(rows["order"]) == list(range(1, len(rows) + 1))
    assert set(rows["listener"]) == {"Ann"}
    assert set(rows["clip"]) == {"c0", "c1", "c2", "c3"}
    assert {"one", "two"} <= set(rows["condition"]) | set(rows["compared_with"])
    assert rows["score"].notna().all()
    assert rows["seconds_heard"].min() >= 0.39
    hashes = {one.sha256 for one in panel.key.stimuli}
    assert set(rows["stimulus_sha256"]) <= hashes


VARIANTS = {
    "mushra without reference": ("mushra", "[mushra]\nreference = false\nanchors = []\n", 8, {"one", "two"}),
    "mushra with a lossy anchor only": (
        "mushra",
        '[mushra]\nreference = false\nanchors = ["lossy"]\n',
        12,
        {"one", "two", "lossy_anchor"},
    ),
    "forced preference with a visible reference": (
        "ab",
        "[ab]\nno_preference = false\nreference = true\n",
        4,
        {"one"},
    ),
    "a hidden reference among ACR conditions": (
        "acr",
        '[[condition]]\nname = "clean"\nreference = true\n',
        12,
        {"one", "two", "clean"},
    ),
    "ABX against the reference": (
        "abx",
        '[abx]\ntrials = 4\n[[condition]]\nname = "clean"\nreference = true\n',
        12,
        {"one", "two"},
    ),
    "null pairs in DCR": (
        "dcr",
        "[checks]\nlevel = false\nnull_pairs = 2\n",
        10,
        {"one", "two", "reference"},
    ),
    "null and bad pairs in CCR": (
        "ccr",
        "[checks]\nlevel = false\nnull_pairs = 1\nclear_bad = 1\n",
        10,
        {"one", "two", "reference", "clear_bad"},
    ),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_of_the_methods_can_be_taken(name: str, tmp_path: Path) -> None:
    method, extra, count, conditions = VARIANTS[name]
    panel = make_panel(tmp_path, method, extra if "[checks]" in extra else NO_STEPS + extra)
    with Session.open(panel.folder, "Ann") as session:
        assert session.trial is not None
        named = [slot.named_reference for slot in session.trial.slots]
        assert any(named) == ("visible" in name or method == "dcr")
        take(session)
    rows = table(panel)
    assert len(rows) == count
    assert set(rows["condition"]) == conditions


def test_stereo_clips_and_mono_versions_go_together(tmp_path: Path) -> None:
    make_clips(tmp_path / "clips")
    for folder in ("clean", "lossy_signals", "one"):
        path = tmp_path / "clips" / folder / "c0.wav"
        samples, rate = soundfile.read(path, always_2d=True)
        soundfile.write(path, np.hstack([samples, samples * 0.5]), rate)
    panel = make_panel(tmp_path, "mushra", NO_STEPS + '[mushra]\nanchors = ["anchor35"]\n')
    with Session.open(panel.folder, "Ann") as session:
        shapes = set()
        while session.trial is not None:
            shapes.add((session.clip.name, *{one.channels for one in session.sounds()}))
            take(session, 1)
    assert shapes == {("c0", 2), ("c1", 1), ("c2", 1), ("c3", 1)}


def test_clips_without_reference_can_be_rated_on_their_own(tmp_path: Path) -> None:
    make_clips(tmp_path / "clips")
    shutil.rmtree(tmp_path / "clips/clean")
    panel = make_panel(tmp_path, "acr")
    assert {clip.gain for clip in panel.key.clips} == {1.0}
    assert "no reference" in panel.key.clips[0].gain_reason
    with Session.open(panel.folder, "Ann") as session:
        assert take(session) == 8


@pytest.mark.parametrize(
    ("column", "text"), [("vote", "x"), ("position", "9"), ("position", "\u00b2"), ("vote", "nan")]
)
def test_a_row_that_somebody_spoilt_is_told_and_hides_no_other(
    column: str, text: str, tmp_path: Path
) -> None:
    panel = make_panel(tmp_path, "mushra", NO_STEPS + '[mushra]\nanchors = ["lossy"]\n')
    with Session.open(panel.folder, "Ann") as session:
        take(session, 2)
    (path,) = panel.ratings.glob("*.csv")
    lines = path.read_bytes().decode().split("\r\n")
    place = lines[0].split(",").index(column)
    cells = lines[2].split(",")
    cells[place] = text
    spoilt = "\r\n".join([*lines[:2], ",".join(cells), *lines[3:]]).encode()
    path.write_bytes(spoilt)
    found = read_session(panel, path)
    assert len(found.rows) == len(lines) - 3
    assert "that it cannot have; it was left out, the rest is used" in found.problems[0]
    with pytest.raises(OtherPlan, match="somebody changed the file"):
        Session.open(panel.folder, "Ann")
    assert path.read_bytes() == spoilt
