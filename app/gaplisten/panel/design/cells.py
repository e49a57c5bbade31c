"""Which cells (clips by systems) a listener hears: always those with the fewest votes so far.

Whoever comes next takes what is emptiest, so that after any number of listeners, and however many of them
stopped half-way, all cells have as nearly as can be the same number of votes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gaplisten.panel.design.filling import Cell, Filling
from gaplisten.panel.design.items import share, systems
from gaplisten.panel.key import Key, Part
from gaplisten.panel.parts import Pairing

Chosen = list[list[str]]  # of each system, the clips in which it is heard

# What it costs to hear a clip in one system more than necessary: less than a vote too many in a cell.
_ONCE_MORE = 15_000.0


@dataclass(frozen=True)
class Grid:
    """Everything that can be heard, and how much of it one listener hears in a round.

    Parameters
    ----------
    groups
        Of each clip, what it shares with others (burst length, talker, sex): a part of the clips is taken
        from all groups alike.
    share
        In how many trials of a round each system is heard; more than there are clips where a method has a
        series of trials.
    """

    clips: tuple[str, ...]
    systems: tuple[tuple[str, ...], ...]
    groups: Mapping[str, tuple[str, ...]]
    share: int
    pairing: Pairing


def grid_of(key: Key) -> Grid:
    """Return what a panel's listeners can hear."""
    clips = [clip for clip in key.clips if clip.part is Part.TEST]
    groups = {clip.name: (clip.stratum, clip.sex, clip.talker) for clip in clips}
    names = tuple(clip.name for clip in clips)
    return Grid(names, tuple(systems(key)), groups, share(key), key.definition.pairing)


def _spread(grid: Grid, rng: np.random.Generator) -> dict[str, float]:
    """Return a random rank of each clip, 0..1, such that any first part of them has all groups alike."""
    members: dict[tuple[str, ...], list[str]] = {}
    for clip in grid.clips:
        members.setdefault(grid.groups[clip], []).append(clip)
    ranks: dict[str, float] = {}
    for names in members.values():
        for place, at in enumerate(rng.permutation(len(names))):
            ranks[names[at]] = (place + float(rng.random())) / len(names)
    return ranks


def chosen(grid: Grid, filling: Filling, rng: np.random.Generator) -> list[Chosen]:
    """Return the cells that one listener hears in a round: of each system its clips.

    A round is a list of parts; in each part no cell comes twice. There is more than one part only where a
    method's series is longer than the number of clips.
    """
    whole, rest = divmod(grid.share, len(grid.clips))
    parts = [[list(grid.clips) for _ in grid.systems] for _ in range(whole)]
    if rest:
        choose = _same_clips if grid.pairing == "same clips" else _different_clips
        parts.append(choose(grid, rest, filling, rng))
    return parts


def _same_clips(grid: Grid, count: int, filling: Filling, rng: np.random.Generator) -> Chosen:
    """Return for each system the cells with the fewest votes; where they have equally many, the same clips.

    So a listener hears a clip in every system, but for cells that a session which broke off left behind.
    """
    ranks = _spread(grid, rng)

    def rank(cell: Cell) -> tuple[float, ...]:
        # Of two cells those votes are worth less that an open session has yet to give, late ones above all.
        return filling.votes[cell], filling.hoped[cell], ranks[cell[0]]

    return [sorted(grid.clips, key=lambda clip: rank((clip, system)))[:count] for system in grid.systems]


def _different_clips(grid: Grid, count: int, filling: Filling, rng: np.random.Generator) -> Chosen:
    """Return other clips for each system as far as there are enough, in the cells with the fewest votes.

    A transport problem: each system gets `count` clips, no clip more systems than it must, unless a cell
    that a session left behind could not be filled otherwise. What is left over stays easy to share out,
    because a clip with fewer votes in all goes before one with more.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, hstack

    ranks = _spread(grid, rng)
    clips, kinds = len(grid.clips), len(grid.systems)
    filled, hoped = (
        np.array([[votes[clip, system] for clip in grid.clips] for system in grid.systems], dtype=float)
        for votes in (filling.votes, filling.hoped)
    )
    above, late = filled - filled.min(), hoped - hoped.min()
    of_clip = filled.sum(axis=0) - filled.sum(axis=0).min()
    order = np.array([ranks[clip] for clip in grid.clips])
    # Whole numbers of one size: the solver is exact with them, and knows when it is done.
    lot = np.round(100 * order + 9 * rng.random((kinds, clips)))
    cost = 20_000.0 * np.minimum(above, 5) ** 2 + 400.0 * np.minimum(of_clip, 5) ** 2
    cost += np.round(400.0 * np.minimum(late, 4)) + lot
    cells = np.arange(kinds * clips)
    each_system = csr_array((np.ones(kinds * clips), (cells // clips, cells)), (kinds, (kinds + 1) * clips))
    each_clip = csr_array((np.ones(kinds * clips), (cells % clips, cells)))
    once_more = -csr_array((np.ones(clips), (np.arange(clips), np.arange(clips))))
    most = -(-count * kinds // clips)
    found = linprog(
        np.concatenate([cost.ravel(), np.full(clips, _ONCE_MORE)]),
        A_ub=hstack([each_clip, once_more]),
        b_ub=np.full(clips, most),
        A_eq=each_system,
        b_eq=np.full(kinds, count),
        bounds=(0, 1),
        method="highs-ds",  # a corner of the polytope, and all its corners are whole numbers
    )
    taken = found.x[: kinds * clips].reshape(kinds, clips) > 0.5
    return [[clip for clip, yes in zip(grid.clips, row, strict=True) if yes] for row in taken]


def listeners_needed(clips: int, each: int, repeats: int, votes: int) -> int:
    """Return how many listeners give every cell so many votes; each gives `each` per system and round."""
    return -(-votes * clips // (each * repeats))


def clip_use(cells: Sequence[Sequence[str]]) -> Counter[str]:
    """Return in how many systems each clip is heard."""
    return Counter(clip for clips in cells for clip in clips)
