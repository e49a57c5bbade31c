"""Which cells a listener hears: always the least filled, whoever stopped half-way."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from itertools import count as count_on

import pytest

from gaplisten.panel.design import drawing
from gaplisten.panel.design.counting import count, listeners_wanted, simulated
from gaplisten.panel.design.filling import Filling, cell_of
from gaplisten.panel.planned import Item
from kit.designs import key_of


def top(each: int, votes: int = 0, pairing: str = "same clips") -> str:
    wanted = f"votes_per_clip = {votes}\n" if votes else ""
    return f'ratings_per_condition = {each}\npairing = "{pairing}"\n{wanted}'


@pytest.mark.parametrize("pairing", ["same clips", "different clips"])
@pytest.mark.parametrize(
    ("clips", "systems", "each", "listeners"),
    [(60, 2, 10, 12), (60, 2, 10, 7), (12, 3, 5, 7), (20, 4, 6, 11), (10, 4, 8, 13), (30, 5, 4, 40)],
)
def test_any_number_of_listeners_covers_all_cells_equally(
    clips: int, systems: int, each: int, listeners: int, pairing: str
) -> None:
    key = key_of("acr", clips, systems, top=top(each, pairing=pairing))
    found = count(key, simulated(key, listeners))
    assert found.votes[0] == listeners * each // clips
    assert found.votes[1] == -(-listeners * each // clips)
    assert found.trials == (each * systems, each * systems)
    assert found.clip_twice == 0
    if pairing == "same clips":
        assert found.most_hearings == systems
    else:
        assert found.most_hearings == -(-each * systems // clips)


@pytest.mark.parametrize(("clips", "listeners"), [(96, 48), pytest.param(966, 483, marks=pytest.mark.long)])
def test_five_votes_for_each_clip_need_half_as_many_listeners_who_hear_ten(
    clips: int, listeners: int
) -> None:
    key = key_of("acr", clips, 1, top=top(10, 5))
    assert listeners_wanted(key) == listeners
    found = count(key, simulated(key))
    assert (found.listeners, found.fewer, found.more) == (listeners, 0, 0)


def test_listed_listeners_and_votes_say_how_much_each_one_hears() -> None:
    names = ", ".join(f'"L{at}"' for at in range(8))
    key = key_of("acr", 12, 2, top=f"listeners = [{names}]\nvotes_per_clip = 4")
    found = count(key, simulated(key))
    assert found.trials == (12, 12)
    assert (found.listeners, found.votes) == (8, (4, 4))


@pytest.mark.parametrize("method", ["mushra", "ab", "abx"])
def test_other_methods_are_covered_in_the_same_way(method: str) -> None:
    extra = {"mushra": "[mushra]\nanchors = []\nreference = false\n", "abx": "[abx]\ntrials = 3\n"}.get(
        method, ""
    )
    key = key_of(method, 9, 2, extra=extra, top=top(3))
    found = count(key, simulated(key, 4))
    assert found.votes == (1, 2)
    assert count(key, simulated(key, 6)).votes == (2, 2)


def test_a_part_of_the_clips_has_all_talkers_and_burst_lengths_alike() -> None:
    key = key_of("acr", 24, 2, strata=3, talkers=4, top=top(12))
    groups = {clip.name: (clip.stratum, clip.talker) for clip in key.clips}
    for session in simulated(key, 6):
        heard = Counter(groups[name] for name in {item.clip for item in session})
        assert len(heard) == 12
        assert set(heard.values()) == {1}


def test_of_cells_with_equally_many_votes_those_go_first_whose_votes_are_least_sure() -> None:
    """A vote that is there is sure, one that comes early in an open session nearly so, a late one less."""
    key = key_of("acr", 6, 1, top=top(2))
    there, coming = [[item(f"c{clip}") for clip in clips] for clips in ((0, 1), (2, 3, 4, 5))]
    filling = Filling()
    filling.add(there, coming)
    _, items = drawing.drawn(key, "next", 0, filling)
    assert [one.clip for one in items] == ["c5", "c4"]
    hoped = [filling.hoped[f"c{clip}", ("s0",)] for clip in range(6)]
    assert hoped == pytest.approx([1, 1, *(1 - 0.2 * place / 5.6 for place in (1, 2, 3, 4))])


def item(clip: str) -> Item:
    return Item(clip, "", ("s0",))


def test_a_coming_vote_counts_as_a_vote_however_late_it_comes() -> None:
    """Sessions side by side that all go to their ends leave every cell with as many votes as any other."""
    key = key_of("acr", 12, 4, top=top(6))
    filling, sessions = Filling(), []
    for seat in range(8):
        _, items = drawing.drawn(key, f"l{seat}", seat, filling)
        filling.add([], items, seat=seat)
        sessions.append(items)
    assert count(key, sessions).votes == (4, 4)


@dataclass
class _Sitting:
    """A simulated session: its trials, after how many of them it breaks off, and how many were taken."""

    seat: int
    items: list[Item]
    stop: int
    done: int = 0

    @property
    def open(self) -> bool:
        return self.done < self.stop

    def added_to(self, filling: Filling) -> None:
        coming = self.items[self.done :] if self.open else []
        keeps = self.open or self.done == len(self.items)
        filling.add(self.items[: self.done], coming, seat=self.seat if keeps else None)


def _drop_outs(size: tuple[int, int, int], pairing: str, open_at_once: int, seed: int) -> float:
    """Return the share of cells more than one vote off the mean, a fifth of the sessions broken off.

    Those that are open take their trials in turns, so that they end together: the hardest case.
    """
    rng = random.Random(seed)
    clips, systems, each = size
    key = key_of("acr", clips, systems, top=top(each, pairing=pairing))
    all_: list[_Sitting] = []
    going: list[_Sitting] = []
    for turn in count_on():
        while len(going) < open_at_once and len(all_) < 60:
            filling = Filling()
            for one in all_:
                one.added_to(filling)
            name = f"l{len(all_)}"
            seat = drawing.seat_of(key, name, filling)
            _, items = drawing.drawn(key, name, seat, filling)
            stop = rng.randrange(len(items)) if rng.random() < 0.2 else len(items)
            all_.append(_Sitting(seat, items, stop))
            going += [one for one in all_[-1:] if one.open]
        if not going:
            break
        taking = going[turn % len(going)]
        taking.done += 1
        if not taking.open:
            going.remove(taking)
    cells = Counter(cell_of(item) for one in all_ for item in one.items[: one.done])
    mean = cells.total() / (clips * systems)
    votes = [cells[f"c{clip}", (f"s{system}",)] for clip in range(clips) for system in range(systems)]
    return sum(abs(one - mean) > 1 for one in votes) / len(votes)


@pytest.mark.parametrize("pairing", ["same clips", "different clips"])
@pytest.mark.parametrize(("open_at_once", "most"), [(1, 0.01), (8, 0.05)])
def test_drop_outs_leave_no_cell_behind(pairing: str, open_at_once: int, most: float) -> None:
    off = [_drop_outs((24, 5, 6), pairing, open_at_once, seed) for seed in range(4)]
    assert sum(off) / len(off) <= most, off


@pytest.mark.long
@pytest.mark.parametrize("pairing", ["same clips", "different clips"])
@pytest.mark.parametrize("size", [(12, 4, 6), (24, 5, 12)])
def test_drop_outs_where_a_listener_hears_half_of_the_cells(size: tuple[int, int, int], pairing: str) -> None:
    off = [_drop_outs(size, pairing, 8, seed) for seed in range(48 if size[0] == 12 else 16)]
    assert sum(off) / len(off) <= 0.05, off


def test_what_is_left_of_a_session_near_its_end_is_surer_than_as_much_at_its_beginning() -> None:
    key = key_of("acr", 8, 1, top=top(4))
    filling = Filling()
    filling.add([item(f"c{clip}") for clip in (0, 1, 2)], [item("c3")])
    filling.add([], [item(f"c{clip}") for clip in (4, 5, 6, 7)])
    hoped = [filling.hoped[f"c{clip}", ("s0",)] for clip in range(8)]
    assert hoped == pytest.approx([1, 1, 1, 1 - 0.05 / 0.85, 0.95, 0.9, 0.85, 0.8])
    _, items = drawing.drawn(key, "next", 0, filling)
    assert {one.clip for one in items} == {"c3", "c5", "c6", "c7"}
