from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
import pytest

from gaplisten.audio.signal import Signal
from gaplisten.bench.concealing import Concealing, idents
from gaplisten.bench.lanes import Lane, Role, keyed, neighbour
from gaplisten.bench.state import Choice
from gaplisten.concealers.errors import ConcealerFailed
from gaplisten.errors import GaplistenError
from gaplisten.loss.trace import LossTrace
from kit.workbench import made_of

LOSSY = Signal.of(np.zeros(40), 1000)
TRACE = LossTrace.of_packets(np.zeros(10, np.bool_), 4, 1000)


@dataclass(frozen=True)
class FakeEntry:
    name: str
    title: str
    digest: str = "1"

    def parameter(self, _name):
        return None


@dataclass
class Kitchen:
    """Stands in for catalogue and runner: every rendering waits until the test serves it."""

    entries: dict = field(default_factory=dict)
    orders: list = field(default_factory=list)

    def get(self, name):
        if name not in self.entries:
            raise GaplistenError(name, "is not known")
        return self.entries[name]

    def submit(self, entry, parameters, lossy, trace, job=None, reference=None):
        self.orders.append((entry.name, parameters, lossy, trace, job, Future()))
        return self.orders[-1][-1]

    def close(self):
        pass

    def serve(self, index, value=0.5, error=None):
        future = self.orders[index][-1]
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(made_of(Signal.of(np.full(40, value), 1000)))


@pytest.fixture
def kitchen():
    return Kitchen({name: FakeEntry(name, name.title()) for name in ("burg", "repeat")})


@pytest.fixture
def bench(kitchen):
    bench = Concealing()
    bench.use(kitchen, kitchen)
    bench.set_material(LOSSY, TRACE)
    return bench


def shown(bench):
    return [
        (
            lane.ident,
            lane.busy,
            lane.failed,
            None if lane.signal is None else float(lane.signal.samples[0, 0]),
        )
        for lane in bench.lanes()
    ]


def test_switching_on_renders_and_shows_the_lane_when_it_is_done(bench, kitchen):
    bench.wish([Choice("burg")])
    assert shown(bench) == [("burg", True, False, None)]
    assert bench.poll() == frozenset()
    kitchen.serve(0)
    assert bench.poll() == {"burg"}
    assert shown(bench) == [("burg", False, False, 0.5)]
    assert not bench.busy


def test_the_newest_wish_wins_and_the_older_is_cancelled(bench, kitchen):
    bench.wish([Choice("burg", (("order", 10),))])
    bench.wish([Choice("burg", (("order", 20),))])
    assert kitchen.orders[0][4].cancelled
    kitchen.serve(1, 0.2)
    bench.poll()
    assert [order[1] for order in kitchen.orders] == [{"order": 10}, {"order": 20}]
    assert shown(bench) == [("burg", False, False, pytest.approx(0.2))]


def test_what_was_heard_stays_heard_until_the_new_rendering_is_there(bench, kitchen):
    bench.wish([Choice("burg")])
    kitchen.serve(0, 0.5)
    bench.poll()
    bench.wish([Choice("burg", (("order", 9),))])
    assert shown(bench) == [("burg", True, False, 0.5)]
    kitchen.serve(1, 0.25)
    bench.poll()
    assert shown(bench) == [("burg", False, False, 0.25)]


def test_asking_for_the_same_again_renders_nothing(bench, kitchen):
    for _ in range(3):
        bench.wish([Choice("burg")])
    assert len(kitchen.orders) == 1


def test_a_loss_edit_renders_all_lanes_again(bench, kitchen):
    wish = [Choice("burg"), Choice("repeat")]
    bench.wish(wish)
    kitchen.serve(0)
    kitchen.serve(1)
    bench.poll()
    bench.set_material(LOSSY, LossTrace.of_packets(TRACE.lost, 4, 1000), same_clip=True)
    bench.wish(wish)
    assert len(kitchen.orders) == 4
    assert shown(bench) == [("burg", True, False, 0.5), ("repeat", True, False, 0.5)]


def test_another_clip_never_shows_the_sound_of_the_last(bench, kitchen):
    bench.wish([Choice("burg")])
    kitchen.serve(0)
    bench.poll()
    bench.set_material(LOSSY, TRACE)
    bench.wish([Choice("burg")])
    assert shown(bench) == [("burg", True, False, None)]


def test_a_changed_plugin_file_renders_again(bench, kitchen):
    bench.wish([Choice("burg")])
    kitchen.entries["burg"] = FakeEntry("burg", "Burg", "2")
    bench.wish([Choice("burg")])
    assert len(kitchen.orders) == 2


def test_a_plugin_that_breaks_keeps_its_last_sound_and_says_that_it_is_old(bench, kitchen):
    wish = [Choice("burg", (("order", 9),))]
    bench.wish(wish)
    kitchen.serve(0)
    bench.poll()
    named = bench.lanes()[0].name
    mended = kitchen.entries.pop("burg")
    bench.wish(wish)
    assert shown(bench) == [("burg", False, True, 0.5)]
    assert bench.lanes()[0].name == f"old: {named}"
    assert "is not known" in bench.lanes()[0].state
    assert bench.result("burg") is None  # what is told of a rendering is never told of an older file's
    kitchen.entries["burg"] = mended
    bench.wish(wish)
    assert shown(bench) == [("burg", False, False, 0.5)]
    assert bench.lanes()[0].name == named
    assert len(kitchen.orders) == 1


def test_a_changed_file_that_fails_keeps_the_last_sound_of_the_file_before(bench, kitchen):
    bench.wish([Choice("burg")])
    kitchen.serve(0)
    bench.poll()
    kitchen.entries["burg"] = FakeEntry("burg", "Burg", "2")
    bench.wish([Choice("burg")])
    kitchen.serve(1, error=ConcealerFailed("burg", "raised NameError", "", details="Traceback"))
    bench.poll()
    assert shown(bench) == [("burg", False, True, 0.5)]
    assert bench.lanes()[0].name == "old: Burg"
    assert bench.lanes()[0].details == "Traceback"


@pytest.mark.parametrize("what", ["parameter", "loss", "clip"])
def test_a_broken_plugin_has_no_sound_for_what_it_was_never_asked(bench, kitchen, what):
    bench.wish([Choice("burg")])
    kitchen.serve(0)
    bench.poll()
    del kitchen.entries["burg"]
    choice = Choice("burg", (("order", 9),)) if what == "parameter" else Choice("burg")
    if what != "parameter":
        other = LossTrace.of_packets(TRACE.lost, 4, 1000)
        bench.set_material(LOSSY, other, same_clip=what == "loss")
    bench.wish([choice])
    assert shown(bench) == [("burg", False, True, None)]
    assert not bench.lanes()[0].name.startswith("old")


def test_one_failing_lane_leaves_the_others_alone(bench, kitchen):
    bench.wish([Choice("burg"), Choice("repeat"), Choice("gone")])
    kitchen.serve(
        0, error=ConcealerFailed("burg", "returned 3 samples too few", "mend it", details="Traceback")
    )
    kitchen.serve(1)
    assert bench.poll() == {"burg", "repeat"}
    burg, repeat, gone = bench.lanes()
    assert burg.failed
    assert burg.signal is None
    assert "3 samples too few" in burg.state
    assert burg.details == "Traceback"
    assert repeat.signal is not None
    assert gone.failed
    assert "is not known" in gone.state


def test_any_exception_of_a_runner_stays_in_its_lane(bench, kitchen):
    bench.wish([Choice("burg")])
    kitchen.serve(0, error=RuntimeError("odd"))
    bench.poll()
    assert "odd" in bench.lanes()[0].state


def test_switching_off_cancels(bench, kitchen):
    bench.wish([Choice("burg")])
    bench.wish([])
    assert kitchen.orders[0][4].cancelled
    assert bench.lanes() == ()


def test_a_clip_without_loss_says_so(kitchen):
    bench = Concealing()
    bench.use(kitchen, kitchen)
    bench.set_material(LOSSY, None)
    bench.wish([Choice("burg")])
    assert "no loss" in bench.lanes()[0].state
    assert kitchen.orders == []


def test_the_same_concealer_twice_has_two_names():
    assert idents([Choice("a"), Choice("b"), Choice("a")]) == ("a", "b", "a 2")


def lane(ident, role=Role.CONDITION, sound=True):
    return Lane(ident, ident, role, LOSSY if sound else None)


def test_keys_are_0_for_the_reference_1_for_lossy_and_count_from_2():
    lanes = keyed([lane("l", Role.LOSSY), lane("x"), lane("r", Role.REFERENCE), lane("y")])
    assert [(each.ident, each.key) for each in lanes] == [("r", 0), ("l", 1), ("x", 2), ("y", 3)]
    assert [each.key for each in keyed([lane("x")])] == [2]


def test_lanes_follow_the_order_the_user_gave():
    lanes = keyed([lane("r", Role.REFERENCE), lane("x"), lane("y"), lane("z")], ["z", "gone", "x"])
    assert [each.ident for each in lanes] == ["r", "z", "x", "y"]


def test_going_to_the_next_lane_skips_silent_ones_and_goes_round():
    lanes = keyed([lane("r", Role.REFERENCE), lane("x", sound=False), lane("y")])
    assert (neighbour(lanes, 0, 1), neighbour(lanes, 3, 1), neighbour(lanes, 0, -1)) == (3, 0, 3)
    assert neighbour((), 4, 1) == 4
