"""Verifying a design by counting: what the orders of a series of sessions really come to.

Nothing here knows how an order was drawn. So the same counts can be taken of what a program simulates before
anybody listens, of what real sessions drew, and of orders from elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gaplisten.languages import counted
from gaplisten.panel.design import drawing
from gaplisten.panel.design.cells import Grid, grid_of, listeners_needed
from gaplisten.panel.design.filling import Filling, cell_of
from gaplisten.panel.key import Key
from gaplisten.panel.planned import Item, Use
from gaplisten.panel.trial import Playing

Range = tuple[int, int]
_MOST_TRIALS = 40_000  # of a simulated series
_TWO_SQUARES = 48  # listeners at most

# How far clips and votes lie apart in ACR panels, in steps of the scale: what other clips for each condition
# cost follows from them.
_CLIP_SD, _VOTE_SD = 0.3, 0.7


@dataclass(frozen=True)
class Counts:
    """What a series of orders comes to; ranges are (fewest, most).

    Parameters
    ----------
    votes
        Votes in a cell, a clip in a system.
    fewer, more
        Cells with fewer votes, and with more, than are wanted; 0 where no number is.
    places
        How often a system comes at one place of its block; None with one system.
    carry_over
        How often a system follows another one within a block; None with one system.
    letters
        How often a signal stands behind a letter; None for methods without letters.
    sides, sides_in_round
        Trials of a session, and of a round, in the reversed order, less those in the written one; None for
        methods that do not turn pairs round.
    answers
        In a series (ABX), trials of a session whose X is the second, less those whose X is the first.
    repeats_apart
        Trials from one hearing of a cell to the next in the same session; None without repeats.
    clip_twice
        Neighbours with the same clip, in all sessions together.
    most_hearings
        In how many trials of a session the same clip comes.
    """

    listeners: int
    trials: Range
    cells: int
    votes: Range
    fewer: int
    more: int
    places: Range | None
    carry_over: Range | None
    letters: Range | None
    sides: Range | None
    sides_in_round: Range | None
    answers: Range | None
    repeats_apart: int | None
    clip_twice: int
    most_hearings: int


def _range(counts: Iterable[int]) -> Range:
    values = list(counts) or [0]
    return min(values), max(values)


def _in_all(
    counter: Counter[tuple[object, object]], firsts: Sequence[object], seconds: Sequence[object]
) -> Range:
    return _range(counter[one, other] for one in firsts for other in seconds)


def _blocks(items: Sequence[Item]) -> list[list[Item]]:
    blocks: dict[int, list[Item]] = {}
    for item in items:
        blocks.setdefault(item.block, []).append(item)
    return list(blocks.values())


def _sides(items: Iterable[Item]) -> int:
    return sum(1 if item.flipped else -1 for item in items)


def _answers(items: Iterable[Item]) -> int:
    return sum(1 if item.x_second else -1 for item in items)


def _hearings(items: Sequence[Item]) -> int:
    return max(Counter(item.clip for item in items).values(), default=0)


def _rounds(items: Sequence[Item]) -> list[list[Item]]:
    rounds: dict[int, list[Item]] = {}
    for item in items:
        rounds.setdefault(item.part[0], []).append(item)
    return list(rounds.values())


def _apart(items: Sequence[Item]) -> Iterable[int]:
    last: dict[object, int] = {}
    for at, item in enumerate(items):
        if cell_of(item) in last:
            yield at - last[cell_of(item)]
        last[cell_of(item)] = at


def count(key: Key, sessions: Sequence[Sequence[Item]], grid: Grid | None = None) -> Counts:
    """Count what these orders come to; checks and practice among them are passed over."""
    grid = grid or grid_of(key)
    method, design = key.definition.method, key.definition.design
    tests = [[item for item in items if item.use is Use.TEST] for items in sessions]
    cells = Counter(cell_of(item) for items in tests for item in items)
    votes = [cells[clip, system] for clip in grid.clips for system in grid.systems]
    wanted = key.definition.votes_per_clip
    places: Counter[tuple[object, object]] = Counter()
    after: Counter[tuple[object, object]] = Counter()
    letters: Counter[tuple[object, object]] = Counter()
    for items in tests:
        for block in _blocks(items):
            places.update((place, item.system) for place, item in enumerate(block))
            after.update((one.system, other.system) for one, other in pairwise(block))
        for item in items:
            letters.update(enumerate(item.order))
    several, lettered = len(grid.systems) > 1, method.letters(design)
    follow = [after[a, b] for a in grid.systems for b in grid.systems if a != b]
    turned = method.sided and not method.fixed_sides(design)
    apart = [distance for items in tests for distance in _apart(items)]
    series = method.series(design) is not None
    return Counts(
        listeners=len(tests),
        trials=_range(len(items) for items in tests),
        cells=len(votes),
        votes=_range(votes),
        fewer=sum(one < wanted for one in votes) if wanted else 0,
        more=sum(one > wanted for one in votes) if wanted else 0,
        places=_in_all(places, range(len(grid.systems)), grid.systems) if several else None,
        carry_over=_range(follow) if several else None,
        letters=_in_all(letters, range(lettered), range(lettered)) if lettered else None,
        sides=_range(map(_sides, tests)) if turned else None,
        sides_in_round=_range(_sides(part) for items in tests for part in _rounds(items)) if turned else None,
        answers=_range(sum(1 if item.x_second else -1 for item in items) for items in tests)
        if series
        else None,
        repeats_apart=min(apart) if apart else None,
        clip_twice=sum(one.clip == other.clip for items in tests for one, other in pairwise(items)),
        most_hearings=max(map(_hearings, tests), default=0),
    )


def listeners_wanted(key: Key) -> int | None:
    """Return how many listeners give every cell the votes that are wanted; None where no number is wanted."""
    wanted = key.definition.votes_per_clip
    grid = grid_of(key)
    if wanted is None:
        return None
    return listeners_needed(len(grid.clips), grid.share, key.definition.repeats, wanted)


def simulated(key: Key, listeners: int | None = None) -> list[list[Item]]:
    """Return the orders of listeners who come one after another and all go on to the end.

    Parameters
    ----------
    listeners
        How many; those who are listed, or who are needed for the votes wanted, or two squares of them (48 at
        most). Fewer where they would have more than 40,000 trials together.
    """
    definition = key.definition
    if listeners is None:
        listeners = (
            len(definition.listeners) or listeners_wanted(key) or min(48, 2 * drawing.square_size(key))
        )
    filling, made, trials = Filling(), [], 0
    for at in range(listeners):
        name = definition.listeners[at] if at < len(definition.listeners) else f"listener {at + 1}"
        seat = drawing.seat_of(key, name, filling)
        _, items = drawing.drawn(key, name, seat, filling)
        filling.add(items, seat=seat)
        made.append(items)
        trials += len(items)
        if trials >= _MOST_TRIALS:
            break
    return made


def minutes(key: Key, trial_seconds: float | None = None) -> float:
    """Return about how many minutes a listener is busy.

    Parameters
    ----------
    trial_seconds
        How long a trial has taken where somebody measured it. Else each sound is heard once (one and a half
        times where they are switched), and each answer takes four seconds.
    """
    definition = key.definition
    method, design = definition.method, definition.design
    seconds = sum(clip.frames / clip.rate for clip in key.clips) / max(1, len(key.clips))
    (_, test) = drawing.drawn(key, "somebody", 0, Filling())
    trials = len(test) + definition.training.trials
    if trial_seconds is not None:
        return trials * trial_seconds / 60
    slots, _ = method.lay_out(design, test[0], key.code, 1, 0)
    hearings = float(len(slots)) * (len(method.scales) if method.hear_each else 1)
    if method.playing is Playing.SWITCHED:
        hearings *= 1.5
    answers = max(1, sum(slot.rated for slot in slots)) * len(method.scales)
    pauses = definition.rules.pause_seconds * (len(slots) - 1) if method.playing is Playing.IN_TURN else 0
    return trials * (hearings * seconds + pauses + 4.0 * answers) / 60


def _said(found: Range) -> str:
    return str(found[0]) if found[0] == found[1] else f"{found[0]} to {found[1]}"


def minutes_said(key: Key, trial_seconds: float | None = None) -> str:
    """Return how long a session takes; under a minute nobody counts."""
    measured = f" ({trial_seconds:.1f} s a trial, as measured)" if trial_seconds is not None else ""
    return counted(max(1, round(minutes(key, trial_seconds))), "minute") + measured


def pairing_said(key: Key) -> str:
    """Return which clips a listener hears in the conditions, and what that costs."""
    grid = grid_of(key)
    if len(grid.systems) < 2 or grid.share >= len(grid.clips):
        return ""
    if grid.pairing == "same clips":
        return (
            "same clips: a listener hears a clip in every condition, so that clips cancel out of differences;"
            f" each sentence is heard {len(grid.systems)} times"
        )
    more = (1 + (_CLIP_SD / _VOTE_SD) ** 2) ** 0.5
    return (
        "different clips: a listener hears other clips in each condition, so that the clips' own spread is in"
        f" every difference: its interval is about {100 * (more - 1):.0f} % wider, as if"
        f" {100 * (1 - more**-2):.0f} % of the votes were missing (where clips are {_CLIP_SD} and votes"
        f" {_VOTE_SD} apart, as is usual in ACR)"
    )


def as_rows(key: Key, counts: Counts, trial_seconds: float | None = None) -> list[tuple[str, str]]:
    """Return what was counted as (what, value), for people; `trial_seconds` as in `minutes`."""
    takes = minutes_said(key, trial_seconds)
    rows = [
        ("listeners", str(counts.listeners)),
        ("trials of a listener", f"{_said(counts.trials)}, about {takes} with practice"),
    ]
    votes = f"{_said(counts.votes)} ({counted(counts.cells, 'cell')})"
    if key.definition.votes_per_clip:
        fewer = f"{counts.fewer} {'has' if counts.fewer == 1 else 'have'} fewer"
        votes += f"; wanted {key.definition.votes_per_clip}: {fewer}, {counts.more} more"
    rows.append(("votes in a cell", votes))
    if pairing := pairing_said(key):
        rows.append(("pairing", pairing))
    for what, found in (
        ("a condition at a place of its block", counts.places),
        ("a condition after another", counts.carry_over),
        ("a signal behind a letter", counts.letters),
    ):
        if found is not None:
            rows.append((what, f"{_said(found)} {'time' if found == (1, 1) else 'times'}"))
    for what, found in (
        ("reversed less written order, in a session", counts.sides),
        ("reversed less written order, in a round", counts.sides_in_round),
        ("X second less X first, in a session (fair draws)", counts.answers),
    ):
        if found is not None:
            rows.append((what, _said(found)))
    if counts.repeats_apart is not None:
        rows.append(("repeats apart", f"{counted(counts.repeats_apart, 'trial')} at least"))
    rows.append(("same clip twice in a row", str(counts.clip_twice)))
    rows.append(("one clip in a session", f"{counted(counts.most_hearings, 'time')} at most"))
    return rows
