"""Blind means blind: nothing a listener could see while a session runs tells which condition plays."""

from __future__ import annotations

import hashlib
import itertools
import logging
import re
from pathlib import Path

import pandas as pd
import pytest

from gaplisten.panel.columns import SEALED
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.planned import Use
from gaplisten.panel.session import Session
from gaplisten.panel.watch import panel_status
from kit.panels import NO_STEPS, make_panel, play_step, take, unsealed_file

METHODS = ["acr", "dcr", "ccr", "ab", "abx", "mushra", "abc_hr"]
SYSTEMS = ("QQone", "QQtwo")
EXTRA = {"mushra": '[mushra]\nanchors = ["anchor35", "lossy"]\n', "abx": "[abx]\ntrials = 8\n"}
TELLING = re.compile(r"QQ|(?<!p)reference|anchor|lossy|\bc[0-3]\b|hidden|clear_|gold", re.IGNORECASE)


def panel_of(method: str, base: Path) -> FrozenPanel:
    extra = NO_STEPS + ("clear_good = 1\nclear_bad = 1\n" if method in ("acr", "dcr", "ccr") else "")
    return make_panel(base, method, extra + EXTRA.get(method, ""), systems=SYSTEMS)


@pytest.mark.parametrize("method", METHODS)
def test_the_csv_on_disk_tells_nothing_until_the_panel_is_unsealed(method: str, tmp_path: Path) -> None:
    panel = panel_of(method, tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        while session.trial is not None:
            take(session, 1)
            (path,) = panel.ratings.glob("*.csv")
            body = path.read_text(encoding="utf-8").split("\n", 1)[1]
            assert not TELLING.search(body), TELLING.search(body)
            rows = pd.read_csv(path)
            assert rows[list(SEALED)].isna().all(axis=None)
            assert not any(one.code in body or one.sha256 in body for one in panel.key.stimuli)
    rows = pd.read_csv(unsealed_file(panel))
    assert rows["condition"].notna().all()
    assert rows["stimulus_sha256"].notna().all()


@pytest.mark.parametrize("method", METHODS)
def test_files_have_opaque_names_equal_sizes_and_no_times(method: str, tmp_path: Path) -> None:
    panel = panel_of(method, tmp_path)
    paths = list((panel.folder / "stimuli").iterdir())
    assert all(re.fullmatch(r"[0-9a-f]{16}\.wav", path.name) for path in paths)
    assert len({path.stat().st_size for path in paths}) == 1
    assert {path.stat().st_mtime for path in paths} == {0.0}
    everything = (path for path in panel.folder.rglob("*") if path.is_file())
    assert not any(re.search(rb"QQ(one|two)|anchor35|lossy", path.read_bytes()) for path in everything)


@pytest.mark.parametrize("method", METHODS)
def test_a_trial_as_the_window_knows_it_names_no_condition_and_uses_no_sound_twice(
    method: str, tmp_path: Path
) -> None:
    panel = panel_of(method, tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        while session.trial is not None:
            assert not re.search(r"QQ|anchor|lossy|\bc[0-3]\b", repr(session.trial))
            codes = [slot.stimulus for slot in session.trial.slots]
            assert len(set(codes)) == len(codes)
            sounds = session.sounds()
            assert len({(one.frames, one.rate, one.channels) for one in sounds}) == 1
            letters = [slot.letter for slot in session.trial.slots if not slot.named_reference]
            assert letters == sorted(letters)
            take(session, 1)


def test_in_ccr_and_among_the_slots_to_rate_no_reference_is_named(tmp_path: Path) -> None:
    panel = panel_of("ccr", tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        while session.trial is not None:
            assert not any(slot.named_reference for slot in session.trial.slots)
            take(session, 1)


def test_what_abx_plays_as_x_has_a_code_of_its_own(tmp_path: Path) -> None:
    panel = panel_of("abx", tmp_path)
    by_use = {use: {one.code for one in panel.key.of_use(use)} for use in (Use.TEST, Use.X)}
    assert not by_use[Use.TEST] & by_use[Use.X]
    with Session.open(panel.folder, "Ann") as session:
        assert session.trial is not None
        x = session.sounds()[2].samples.tobytes()
        assert [x == one.samples.tobytes() for one in session.sounds()[:2]].count(True) == 1


def test_nothing_is_logged_or_printed_and_status_names_no_condition(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    panel = panel_of("acr", tmp_path)
    with caplog.at_level(logging.DEBUG), Session.open(panel.folder, "Ann") as session:
        take(session, 3)
        status = panel_status(panel)
        take(session)
    assert not caplog.text
    assert capsys.readouterr().out == ""
    assert (status[0].done, status[0].total, status[0].open_now) == (3, 10, True)
    assert not TELLING.search(repr(status).replace("panel_status", ""))


def test_no_running_score_of_abx_is_anywhere_in_the_session(tmp_path: Path) -> None:
    panel = panel_of("abx", tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        take(session, 4)
        public = [name for name in dir(session) if not name.startswith("_")]
        assert not [name for name in public if re.search("score|correct|right|result", name)]


# --- a curious colleague with a file manager, a hash program and inotify, but no key.bin --------------------


@pytest.mark.parametrize("method", ["abx", "mushra", "abc_hr"])
def test_equal_sounds_are_unequal_files_of_equal_size(method: str, tmp_path: Path) -> None:
    panel = panel_of(method, tmp_path)
    files = [path.read_bytes() for path in (panel.folder / "stimuli").iterdir()]
    assert len({hashlib.sha256(data).digest() for data in files}) == len(files)
    assert len({len(data) for data in files}) == 1
    sounds = {panel.read(one.code).samples.tobytes() for one in panel.key.stimuli}
    assert len(sounds) < len(files)  # there are twins, but only for who reads the samples


def test_names_cannot_be_worked_out_from_words(tmp_path: Path) -> None:
    """With the first design they were digests of seed, title, clip, condition and use."""
    panel = panel_of("mushra", tmp_path)
    names = {path.stem for path in (panel.folder / "stimuli").iterdir()}
    uses = [use.value for use in Use]
    conditions = [*SYSTEMS, "reference", "anchor35", "anchor70", "lossy_anchor"]
    salts = ["1\x1fT", "", panel.sha256, "T"]
    guesses = itertools.product(salts, [f"c{at}" for at in range(4)], conditions, uses)
    for guess in guesses:
        assert hashlib.sha256("\x1f".join(guess).encode()).hexdigest()[:16] not in names


def test_the_order_in_which_files_were_made_is_that_of_their_names(tmp_path: Path) -> None:
    panel = panel_of("mushra", tmp_path)
    paths = list((panel.folder / "stimuli").iterdir())
    made = [path.stat().st_ctime_ns for path in sorted(paths)]
    assert made == sorted(made)


def test_a_trials_files_are_read_in_the_order_of_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = panel_of("mushra", tmp_path)
    read: list[str] = []
    real = FrozenPanel.read
    monkeypatch.setattr(FrozenPanel, "read", lambda self, code: (read.append(code), real(self, code))[1])
    with Session.open(panel.folder, "Ann") as session:
        session.sounds()
    assert read == sorted(read)
    assert len(read) == 6


def test_checks_read_the_same_files_for_each_task_so_that_watching_them_passes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three tones are the same three files in all tasks: who saw which one opens first needed no ears."""
    panel = make_panel(
        tmp_path, "acr", "[checks]\nlevel = false\nheadphones = true\nsides = true\ndigits = true\n"
    )
    read: list[str] = []
    real = FrozenPanel.stimulus_bytes
    monkeypatch.setattr(
        FrozenPanel, "stimulus_bytes", lambda self, code: (read.append(code), real(self, code))[1]
    )
    seen: dict[str, set[tuple[str, ...]]] = {}
    with Session.open(panel.folder, "Ann") as session:
        while (step := session.step) is not None:
            read.clear()
            play_step(session)
            seen.setdefault(step.kind.value, set()).add(tuple(dict.fromkeys(read)))
            session.answer({step.kind.value: step.choices[0][0] if step.choices else "123"})
    assert set(seen) == {"headphones", "sides", "digits"}
    for files in seen.values():
        (always,) = files
        assert list(always) == sorted(always)
    sizes = {kind: {one.stat().st_size for one in of_kind(panel, kind)} for kind in seen}
    assert all(len(size) == 1 for size in sizes.values()), sizes


def of_kind(panel: FrozenPanel, kind: str) -> list[Path]:
    codes = [code for one in panel.key.steps if one.kind == kind for code in one.codes]
    return [panel.folder / "stimuli" / f"{code}.wav" for code in codes]


def test_attention_trials_are_as_large_as_a_clip(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, "acr", "[checks]\nlevel = false\nspoken_traps = 2\n", frames=48000)
    assert len({path.stat().st_size for path in (panel.folder / "stimuli").iterdir()}) == 1


def test_the_code_of_a_trial_tells_nothing_without_the_key(tmp_path: Path) -> None:
    panel = panel_of("acr", tmp_path)
    codes = [one.code for one in panel.key.stimuli]
    with Session.open(panel.folder, "Ann") as session:
        take(session, 3)
    (path,) = panel.ratings.glob("*.csv")
    for row in pd.read_csv(path).to_dict("records"):
        guesses = {
            hashlib.sha256(repr((panel.sha256, row["trial"], [code])).encode()).hexdigest()[:12]
            for code in codes
        }
        assert row["trial_code"] not in guesses
