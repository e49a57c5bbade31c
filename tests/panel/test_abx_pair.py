"""Pair ABX: X is another sentence of the same system."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gaplisten.panel.definition import DefinitionError
from gaplisten.panel.design.counting import simulated
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.results.evaluation import evaluate
from gaplisten.panel.rules import Refusal
from gaplisten.panel.session import Session
from gaplisten.panel.taking import Taking
from kit.designs import key_of
from kit.panels import NO_STEPS, RATE, make_clips, make_panel, take
from kit.player import ClockedPlayer


def panel_of(base: Path, trials: int = 6) -> FrozenPanel:
    """Build a panel whose clips have different lengths and levels."""
    make_clips(base / "clips")
    for place in range(4):
        for name in ("clean", "lossy_signals", "one", "two"):
            path = base / f"clips/{name}/c{place}.wav"
            samples, _ = soundfile.read(path)
            soundfile.write(path, samples[: 3200 - 400 * place] * (1 - 0.2 * place), RATE, subtype="PCM_16")
    return make_panel(base, "abx_pair", NO_STEPS + f"[abx_pair]\ntrials = {trials}\n")


def test_x_is_another_clip_in_the_system_of_a_or_b(tmp_path: Path) -> None:
    panel = panel_of(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        for one in session._plan:
            a, b, x = (panel.key.by_code[slot.stimulus] for slot in one.trial.slots)
            assert a.clip == b.clip == one.clip
            assert x.clip != one.clip
            assert {a.condition, b.condition} == {"one", "two"}
            assert x.condition == {"A": a, "B": b}[str(one.expected)].condition
        take(session, choose=None)
    (pair,) = evaluate(panel).pairs
    assert pair.outcome.trials == 6


def test_answers_are_fair_and_every_clip_is_x_equally_often() -> None:
    key = key_of("abx_pair", 6, 2)
    sessions = simulated(key, 60)
    answers = [item.x_second for items in sessions for item in items]
    assert 0.45 < sum(answers) / len(answers) < 0.55
    for items in sessions:
        assert all(item.other and item.other != item.clip for item in items)
        used = Counter(item.other for item in items)
        assert max(used.values()) - min(used.values()) <= 2


def test_one_clip_is_not_enough(tmp_path: Path) -> None:
    make_clips(tmp_path / "clips", 1)
    with pytest.raises(DefinitionError, match="needs two clips at least"):
        make_panel(tmp_path, "abx_pair")


def test_each_clip_is_brought_to_the_panels_level(tmp_path: Path) -> None:
    panel = panel_of(tmp_path)
    with Session.open(panel.folder, "Ann") as session:
        assert session.trial is not None
        for slot, sound in zip(session.trial.slots, session.sounds(), strict=True):
            own = panel.key.clip_of[panel.key.by_code[slot.stimulus].clip]
            raw = panel.read(slot.stimulus).samples
            assert sound.frames == own.frames
            np.testing.assert_allclose(sound.samples * session.gain, raw * own.gain, rtol=1e-6, atol=1e-7)


def look(taking: Taking, player: ClockedPlayer, seconds: float) -> None:
    for _ in range(round(seconds / 0.02)):
        player.run(0.02)
        taking.look()


def test_each_recording_is_heard_from_its_beginning_to_its_own_end(tmp_path: Path) -> None:
    panel, player = panel_of(tmp_path), ClockedPlayer()
    with Session.open(panel.folder, "Ann") as session:
        taking = Taking(session, player)
        lengths = [sound.frames / sound.rate for sound in session.sounds()]
        assert session.rate("A") is Refusal.ALL_HEARD
        for slot in (2, 0, 1):
            assert taking.select(slot) is None
            assert taking.playing
            look(taking, player, lengths[slot] - 0.1)
            assert taking.playing
            assert taking.slot == slot
            look(taking, player, 0.3)
            assert not taking.playing
            assert session.state.heard_whole(slot)
        assert [one.plays for one in session.state.listened] == [1, 1, 1]
        heard = [one.seconds for one in session.state.listened]
        assert heard == pytest.approx(lengths, abs=0.03)
        taking.select(0)
        look(taking, player, 0.1)
        taking.select(0)  # once more: from the beginning
        assert taking.progress < 0.05
        assert session.state.listened[0].plays == 3
        assert session.rate("A") is None
        assert session.next() is None


def test_what_was_paused_goes_on_and_what_ended_begins_again(tmp_path: Path) -> None:
    panel, player = panel_of(tmp_path), ClockedPlayer()
    with Session.open(panel.folder, "Ann") as session:
        taking = Taking(session, player)
        taking.select(1)
        look(taking, player, 0.1)
        taking.toggle()
        before = taking.progress
        taking.toggle()
        look(taking, player, 0.06)
        assert taking.progress > before
        assert session.state.listened[1].plays == 1
        look(taking, player, 1.0)
        assert not taking.playing
        taking.toggle()
        assert taking.progress < 0.05
        assert session.state.listened[1].plays == 2
