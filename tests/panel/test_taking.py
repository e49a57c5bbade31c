"""What a front end does at a trial, without Qt, a device or a window: a script is one."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest

import gaplisten
from gaplisten.audio.signal import Signal
from gaplisten.panel.rules import Refusal
from gaplisten.panel.session import Session
from gaplisten.panel.taking import Taking
from kit.panels import NO_STEPS, make_panel

COUNTED = ("started", "switched", "heard", "stopped", "shown")
RATE, FRAMES, LOOK = 8000, 3200, 0.025


@dataclass(frozen=True)
class State:
    available: bool = True
    starting: bool = False
    playing: bool = False
    ended: bool = False
    position: int = 0
    device: str = "Test device"
    rate: int = 48000
    latency_ms: float | None = 12.0
    underflows: int = 0


class Tape:
    """An output whose clock is the test."""

    def __init__(self) -> None:
        self.state, self.lanes, self.gain, self.lane = State(), list[Signal](), 0.0, 0

    def load(self, lanes: Sequence[Signal], *, gain: float, position: int | None) -> None:
        self.lanes, self.gain = list(lanes), gain
        self.state = replace(self.state, position=position or 0, playing=False, ended=False)

    def select(self, lane: int) -> None:
        self.lane = lane

    def play(self) -> None:
        self.state = replace(self.state, playing=self.state.available, ended=False)

    def pause(self) -> None:
        self.state = replace(self.state, playing=False)

    stop = pause

    def seek(self, frame: int) -> None:
        self.state = replace(self.state, position=frame, ended=False)

    def rescan(self) -> None:
        self.state = replace(self.state, available=True, device="Another device", underflows=0)

    def lose(self) -> None:
        self.state = replace(self.state, available=False, playing=False)

    def run(self, seconds: float) -> None:
        if self.state.playing:
            end = self.lanes[0].frames
            at = min(end, self.state.position + round(seconds * RATE))
            self.state = replace(self.state, position=at, playing=at < end, ended=at >= end)


class Listener:
    """A front end: wishes, and a look at the output every 25 ms."""

    def __init__(self, session: Session) -> None:
        self.tape, self.clock = Tape(), 0.0
        self.taking = Taking(session, self.tape, lambda: self.clock)

    def hear(self, seconds: float = 3.0, look: float = LOOK) -> None:
        for _ in range(round(seconds / look)):
            self.tape.run(look)
            self.clock += look
            self.taking.look()


def session_of(tmp_path: Path, method: str, extra: str = "") -> Session:
    return Session.open(make_panel(tmp_path, method, NO_STEPS + extra).folder, "Ann")


def test_a_single_recording_is_heard_rated_and_saved(tmp_path: Path) -> None:
    with session_of(tmp_path, "acr") as session:
        listener = Listener(session)
        assert session.rate(4) is Refusal.NOT_HEARD
        assert listener.taking.play() is None
        listener.hear(0.2)
        assert listener.taking.toggle() is None  # a pause in the middle
        listener.hear(1.0)
        assert session.rate(4) is Refusal.NOT_TO_END
        assert session.state.playing is None
        listener.taking.toggle()
        listener.hear()
        assert session.rate(4) is None
        assert session.next(listener.taking.facts()) is None
        name = session.name
    row = pd.read_csv(tmp_path / f"panel/ratings/{name}.csv").iloc[0]
    assert (row["plays"], row["seconds_heard"]) == (1, 0.4)
    assert (row["device"], row["device_rate"], row["latency_ms"], row["underflows"]) == (
        "Test device",
        48000,
        12.0,
        0,
    )


def test_in_turn_each_recording_is_told_from_the_other_and_the_pause_is_neither(tmp_path: Path) -> None:
    with session_of(tmp_path, "ccr") as session:
        listener = Listener(session)
        (lane,) = listener.tape.lanes
        assert lane.frames == 2 * FRAMES + round(0.7 * RATE)
        listener.taking.play()
        listener.hear(0.2)
        assert session.state.playing == 0
        listener.hear(0.5)
        assert [round(one.seconds, 2) for one in session.state.listened] == [0.4, 0.0]
        listener.hear()
        assert session.state.playing is None
        assert all(session.state.heard_whole(slot) for slot in (0, 1))
        assert [one.plays for one in session.state.listened] == [1, 1]


def test_a_switch_keeps_the_position_and_counts_for_the_slot_that_is_heard(tmp_path: Path) -> None:
    with session_of(tmp_path, "mushra", '[mushra]\nanchors = ["lossy"]\n') as session:
        listener = Listener(session)
        listener.taking.select(1)
        listener.hear(0.1)
        at = listener.taking.position
        listener.taking.select(2)
        assert (listener.taking.position, listener.tape.lane) == (at, 2)
        listener.hear(0.2)
        heard = session.state.listened
        assert [round(one.seconds, 3) for one in heard[:4]] == [0, 0.1, 0.2, 0]
        assert session.rate(70, 2) is None
        assert session.rate(70, 1) is Refusal.NOT_PLAYING


def test_a_jump_is_no_listening_and_a_window_that_stood_still_has_not_stopped_the_sound(
    tmp_path: Path,
) -> None:
    with session_of(tmp_path, "acr") as session:
        listener = Listener(session)
        listener.taking.play()
        listener.hear(0.05)
        listener.tape.seek(FRAMES - 100)  # nobody heard what lies between: no time went by
        listener.clock -= 0.5
        listener.taking.look()
        listener.hear()
        assert not session.state.heard_whole(0)
    with Session.open(tmp_path / "panel", "Ben") as session:
        listener = Listener(session)
        listener.taking.play()
        listener.hear(look=1.0)
        assert session.state.heard_whole(0)


def test_plays_are_counted_and_limited_but_nobody_is_shut_in(tmp_path: Path) -> None:
    with session_of(tmp_path, "acr", "[rules]\nmax_plays = 1\n") as session:
        listener = Listener(session)
        listener.taking.play()
        listener.hear(0.1)
        assert listener.taking.restart() is Refusal.PLAY_LIMIT
        listener.hear()
        assert listener.taking.play() is Refusal.PLAY_LIMIT
        assert session.state.listened[0].plays == 1


def test_a_device_that_goes_stops_the_hearing_and_the_last_that_sounded_is_named(tmp_path: Path) -> None:
    with session_of(tmp_path, "acr") as session:
        listener = Listener(session)
        listener.taking.play()
        listener.hear(0.1)
        listener.tape.lose()
        listener.taking.look()
        assert session.state.playing is None
        assert listener.taking.facts().device == "Test device"
        listener.taking.toggle()  # looks for another one
        listener.taking.toggle()
        listener.hear()
        assert session.state.heard_whole(0)
        assert listener.taking.facts().device == "Another device"


@pytest.mark.parametrize("module", ["taking", "session", "columns", "methods"])
def test_a_panel_is_taken_without_qt_and_without_a_sound_card(module: str) -> None:
    unwanted = "any(name.startswith(('PySide6', 'sounddevice')) for name in sys.modules)"
    code = f"import gaplisten.panel.{module}, sys; sys.exit({unwanted})"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_window_changes_the_state_of_a_session() -> None:
    """Whatever decides, counts or writes in a trial is in `panel`: a front end only asks and tells."""
    window = Path(gaplisten.__file__).resolve().parent / "ui/panel"
    for path in window.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for target in node.targets if isinstance(node, ast.Assign) else []:
                assert not ast.unparse(target).endswith("session.state"), path
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            assert not called.endswith(tuple(f"session.{one}" for one in COUNTED)), path
