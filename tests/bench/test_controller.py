"""The workbench without a window: no Qt is there; events, lanes, loss, levels, opening and closing."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.bench.controller import Controller
from gaplisten.bench.events import Event
from gaplisten.bench.settings import Settings
from gaplisten.bench.state import Loop, Note, Sources
from gaplisten.clips import checking, consistency
from gaplisten.errors import GaplistenError
from kit.challenge import write_versions
from kit.timing import PATIENCE
from kit.workbench import made_of

RATE, PACKET = 16000, 320


class Hearing:
    """Notes what it is told to play."""

    def __init__(self):
        self.lanes, self.clips, self.switching, self.closed = (), [], None, False
        self.heard, self.heard_changed = 0, Event()

    def new_clip(self, gain):
        self.clips.append(gain)

    def set_lanes(self, lanes):
        self.lanes = tuple(lanes)

    def set_switching(self, mode, milliseconds):
        self.switching = (mode, milliseconds)

    def close(self):
        self.closed = True


@dataclass(frozen=True)
class Entry:
    name: str = "half"
    title: str = "Half"
    digest: str = "1"

    def parameter(self, _name):
        return None


class Kitchen:
    """A catalogue of one concealer, and its runner."""

    entries = (Entry(),)

    def __init__(self):
        self.orders, self.closed = [], False

    def get(self, name):
        if name != "half":
            raise GaplistenError(name, "is not known")
        return self.entries[0]

    def submit(self, entry, parameters, lossy, trace, job=None, reference=None):
        self.orders.append((parameters, lossy, trace))
        done = Future()
        done.set_result(made_of(Signal(lossy.samples * np.float32(0.5), lossy.rate)))
        return done

    def close(self):
        self.closed = True


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    lost = np.zeros(50, np.bool_)
    lost[10:13] = lost[30] = True
    for number, name in enumerate(("first", "second")):
        clean = 0.1 * np.random.default_rng(number).standard_normal((50 * PACKET, 1))
        lossy = np.where(np.repeat(lost, PACKET)[:, None], 0, clean)
        write_versions(folder, name, {"clean": clean, "lossy_signals": lossy, "soft": lossy}, lost)
    return folder


class Told:
    """Everything that a controller's events said."""

    def __init__(self, controller):
        self.events = []
        for name, event in vars(controller).items():
            if name.endswith(("_changed", "said", "failed", "closed")):
                event.connect(lambda *values, name=name: self.events.append((name, *values)))

    def names(self):
        found, self.events = [name for name, *_ in self.events], []
        return found


@pytest.fixture
def controller():
    made = Controller(Hearing(), Settings())
    made.use_catalogue(Kitchen(), made_kitchen := Kitchen())
    made.kitchen = made_kitchen
    yield made
    made.close()


def settle(controller, until=lambda: True):
    deadline = time.monotonic() + PATIENCE
    while controller.working or not until():
        assert time.monotonic() < deadline
        controller.poll()
        time.sleep(0.001)


@pytest.fixture
def opened(controller, folder):
    controller.open_sources(Sources((folder,)))
    settle(controller, lambda: controller.clip_name == "first")
    return controller


def test_no_qt_is_needed():
    code = (
        "import sys; sys.modules['PySide6'] = None; sys.modules['pyqtgraph'] = None;"
        "from gaplisten.bench.controller import Controller"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_opening_a_folder_shows_its_first_clip_and_tells_everything_about_it_once(controller, folder):
    told = Told(controller)
    controller.open_sources(Sources((folder,)))
    settle(controller, lambda: controller.clip_name == "first")
    assert [(lane.key, lane.ident) for lane in controller.lanes] == [
        (0, "reference"), (1, "lossy"), (2, "condition:soft"),
    ]  # fmt: skip
    assert [(gap.start, gap.stop) for gap in controller.gaps] == [(3200, 4160), (9600, 9920)]
    assert controller.hearing.lanes == controller.lanes
    assert controller.hearing.clips == [controller.gain]
    names = told.names()
    for name in ("clips_changed", "clip_changed", "trace_changed", "loop_changed", "notes_changed"):
        assert names.count(name) == 1
    assert names.index("clip_changed") < names.index("lanes_changed") < names.index("trace_changed")


def test_a_concealer_that_is_switched_on_becomes_a_lane_and_a_knob_changes_that_lane_only(opened):
    told = Told(opened)
    opened.document.switch_on("half")
    settle(opened, lambda: opened.lane(3) is not None and opened.lane(3).signal is not None)
    assert (opened.lane(3).name, opened.lane(3).failed) == ("Half", False)
    assert "lanes_changed" in told.names()
    opened.document.set_parameter(0, "hold", 5.0)
    assert opened.lane(3).busy
    settle(opened)
    assert [order[0] for order in opened.kitchen.orders] == [{}, {"hold": 5.0}]
    assert {event for event in told.events if event[0] == "lane_changed"} == {("lane_changed", 3)}
    assert "lanes_changed" not in told.names()


def test_painted_loss_changes_gaps_and_lossy_lane_and_undo_brings_them_back(opened):
    opened.document.switch_on("half")
    settle(opened)
    original = opened.lane(1).signal
    opened.paint(20, 21, True)
    settle(opened)
    assert [gap.start // PACKET for gap in opened.gaps] == [10, 20, 30]
    assert not opened.lane(1).signal.samples[20 * PACKET : 22 * PACKET].any()
    assert opened.kitchen.orders[-1][1] is opened.lane(1).signal
    opened.document.undo()
    assert len(opened.gaps) == 2
    assert opened.lane(1).signal is original


def test_what_was_done_to_a_clip_is_told_by_the_event_of_its_name(opened):
    told = Told(opened)
    opened.document.set_loop("first", Loop(100, 5000))
    assert told.names() == ["loop_changed", "notes_changed", "document_changed"]
    opened.document.add_note("first", Note(10, "click"))
    assert told.names() == ["notes_changed", "document_changed"]
    assert opened.notes_by_clip() == {"first": (Note(10, "click"),)}
    opened.move_lane(0, 1)
    assert told.events == [("said", "reference and lossy stay where they are")]


def test_levels_are_measured_for_who_wants_them_and_matched_when_asked(opened):
    assert opened.levels.level("reference") is None
    opened.want_levels(True)
    settle(opened)
    assert opened.levels.level("reference").active.dbov == pytest.approx(-20, abs=2)
    opened.document.match_levels("first", this=True, every=False)
    assert opened.edited == {"condition:soft"}
    assert "matched" in opened.lane(2).state
    assert opened.hearing.lanes[2].signal is opened.lane(2).signal
    assert opened.originals["condition:soft"].signal is not opened.lane(2).signal


def test_gaps_are_measured_for_who_shows_them(opened):
    opened.gap_measures.show(opened.lanes, opened.trace)
    settle(opened)
    assert opened.gap_measures.table.versions == ("lossy", "condition:soft")
    assert len(opened.gap_measures.table.gaps) == 2


def test_another_clip_takes_the_place_of_the_first_with_nothing_of_it(opened):
    opened.ask = opened.want_levels(True)
    opened.document.switch_on("half")
    settle(opened)
    opened.show_clip("second")
    settle(opened, lambda: opened.clip_name == "second")
    assert opened.kitchen.orders[-1][1] is opened.opened.lossy
    assert len(opened.hearing.clips) == 2


def test_sources_that_cannot_be_read_are_a_failure_in_words(controller, tmp_path):
    told = Told(controller)
    controller.open_sources(Sources((tmp_path / "none",)))
    settle(controller, lambda: any(name == "clip_failed" for name, *_ in told.events))
    (error,) = [values[0] for name, *values in told.events if name == "clip_failed"]
    assert "none" in str(error)


def test_closing_lets_go_of_sound_processes_and_threads(controller):
    told = Told(controller)
    controller.close()
    assert controller.hearing.closed
    assert controller.kitchen.closed
    assert told.names() == ["closed"]


def test_each_clip_of_a_set_is_checked_once_the_one_that_is_shown_too(controller, folder, monkeypatch):
    looked = []

    def doubts(opened, others=None):
        looked.append(opened.clip.name)
        return ()

    monkeypatch.setattr(consistency, "doubts_about", doubts)
    monkeypatch.setattr(checking, "doubts_about", doubts)
    controller.open_sources(Sources((folder,)))
    settle(controller, lambda: len(controller.checked) == 2)
    assert sorted(looked) == ["first", "second"]
    assert looked[0] == "first", "the one that is shown comes first"
    assert [each.clip for each in controller.checked] == ["first", "second"]
