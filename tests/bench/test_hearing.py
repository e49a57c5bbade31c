"""Which version is heard while lanes come, go and move."""

import pytest

from gaplisten.bench.hearing import Hearing
from gaplisten.bench.lanes import Lane, Role, keyed
from kit.player import FakePlayer
from kit.workbench import speech

SOUNDS = {name: speech(0.1) for name in ("reference", "lossy", "a", "b", "c")}


def _lanes(names, order=(), silent=()):
    roles = {"reference": Role.REFERENCE, "lossy": Role.LOSSY}
    lanes = [
        Lane(name, name, roles.get(name, Role.CONCEALER), None if name in silent else SOUNDS[name])
        for name in names.split()
    ]
    return keyed(lanes, order)


@pytest.fixture
def hearing():
    made = Hearing(FakePlayer())
    made.told = []
    made.heard_changed.connect(made.told.append)
    made.set_lanes(_lanes("reference lossy a b c"))
    return made


def _sound(hearing):
    """Return the name of what the player plays."""
    lanes = hearing.player.lanes
    return next(name for name, sound in SOUNDS.items() if sound is lanes[hearing.state.lane])


def test_the_version_heard_stays_the_same_when_its_lane_moves(hearing):
    hearing.hear(3)
    hearing.set_lanes(_lanes("reference lossy a b c", ["b", "a", "c"]))
    assert (hearing.heard, _sound(hearing), hearing.told) == (2, "b", [3, 2])


def test_a_version_that_breaks_is_heard_again_as_soon_as_it_is_mended(hearing):
    hearing.hear(4)
    hearing.set_lanes(_lanes("reference lossy a b c", silent="c"))
    assert (hearing.heard, _sound(hearing)) == (0, "reference")
    hearing.set_lanes(_lanes("reference lossy a b c"))
    assert (hearing.heard, _sound(hearing), hearing.told) == (4, "c", [4, 0, 4])


def test_whoever_goes_elsewhere_meanwhile_is_not_called_back(hearing):
    hearing.hear(4)
    hearing.set_lanes(_lanes("reference lossy a b c", silent="c"))
    hearing.hear(1)
    hearing.set_lanes(_lanes("reference lossy a b c"))
    assert _sound(hearing) == "lossy"


def test_one_key_goes_to_and_fro_between_the_last_two_versions_wherever_they_stand(hearing):
    assert not hearing.hear_last()
    hearing.hear(3)
    hearing.hear(4)
    found = []
    for _ in range(3):
        hearing.hear_last()
        found.append(_sound(hearing))
    assert found == ["b", "c", "b"]
    hearing.set_lanes(_lanes("reference lossy a b c", ["c", "b", "a"]))
    hearing.hear_last()
    assert _sound(hearing) == "c"
    hearing.hear(hearing.heard)
    hearing.hear_last()
    assert _sound(hearing) == "b", "the same version again is no other one"


def test_a_version_is_followed_into_the_next_clip_where_it_comes_later_and_elsewhere(hearing):
    hearing.hear(4)
    hearing.new_clip(1.0)
    hearing.set_lanes(_lanes("reference lossy c", silent="c"))
    hearing.set_lanes(_lanes("reference lossy c"))
    assert (hearing.heard, _sound(hearing)) == (2, "c")
