"""A panel's results: one value that window, command line and figures read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from gaplisten.languages import ENGLISH
from gaplisten.loss.strata import Stratum
from gaplisten.panel.imported import Source
from gaplisten.panel.methods.contract import Method
from gaplisten.panel.parts import ResultsPart
from gaplisten.panel.ratings import Statistic
from gaplisten.panel.results.cells import cells
from gaplisten.panel.results.contrasts import contrasts, corrected, talkers_of
from gaplisten.panel.results.habits import habits
from gaplisten.panel.results.pairs import ALL, PairResult, pair_results
from gaplisten.panel.results.screening import Listener, screen
from gaplisten.panel.results.second_lines import second_lines
from gaplisten.panel.results.votes import (
    Collected,
    Files,
    Sitting,
    collect,
    collector_resting,
    nameless,
    tests,
)
from gaplisten.panel.statistics.contrast import Contrast
from gaplisten.panel.statistics.crossed import Crossed, crossed, spoken
from gaplisten.panel.vote_columns import Votes
from gaplisten.statistics import Mean, Quartiles, quartiles, student_mean

# With more votes, what takes thousands of draws is left to those who ask for it.
MOST_TO_RESAMPLE = 6000


@dataclass(frozen=True)
class ConditionResult:
    """One condition on one scale, over all clips or one burst stratum.

    Parameters
    ----------
    votes
        Number of votes; `mean.n` counts listeners.
    mean
        Over listeners (each listener's mean first), with a 95 % interval by Student's t: other listeners, but
        these clips only.
    over
        The same over listeners and clips.
    spread
        Median and quartiles of all votes.
    by_listener, by_clip
        Each listener's, and each clip's mean, for plots.
    counts
        How often each score was given, the lowest first.
    """

    condition: str
    stratum: str
    votes: int
    mean: Mean
    spread: Quartiles
    by_listener: Mapping[str, float]
    scale: str = ""
    over: Crossed | None = None
    by_clip: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[float, int] = field(default_factory=dict)

    @property
    def adjusted(self) -> float:
        """The mean in the middle of `interval`: with every cell filled the one over listeners.

        Where votes are missing it is that of the model: who left early, or a clip that few heard, counts as
        much as it tells.
        """
        return self.mean.mean if self.over is None or self.interval is None else self.over.mean

    @property
    def interval(self) -> tuple[float, float] | None:
        """The ends over listeners and clips; None where nothing can be told."""
        return self.over.interval() if self.over else None


@dataclass(frozen=True)
class Results:
    """Everything that a panel found.

    Parameters
    ----------
    contrasts, contrast_strata
        Conditions against each other over all clips, and in each burst stratum; each corrected for their
        number.
    everybody
        The contrasts with those who were left out; empty where nobody was.
    statistics
        The method's own tables, and the second lines that every rated method has.
    asked
        What the panel's maker asked of the results.
    language
        In which the verdict is put into words.
    sittings
        How each session that is shown was taken; none of imported votes.
    """

    title: str
    method: Method
    panel_sha256: str
    conditions: tuple[ConditionResult, ...]
    strata: tuple[ConditionResult, ...]
    pairs: tuple[PairResult, ...]
    pair_strata: tuple[PairResult, ...]
    listeners: tuple[Listener, ...]
    running: tuple[str, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()
    talkers: tuple[ConditionResult, ...] = ()
    pair_talkers: tuple[PairResult, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    contrast_strata: tuple[Contrast, ...] = ()
    everybody: tuple[Contrast, ...] = ()
    statistics: tuple[Statistic, ...] = ()
    asked: ResultsPart = field(default_factory=ResultsPart)
    language: str = ENGLISH
    sittings: tuple[Sitting, ...] = ()

    @property
    def score_name(self) -> str:
        """What the mean is called: MOS, DMOS, CMOS, ..."""
        return self.method.result

    @property
    def several_scales(self) -> bool:
        """Whether each condition has a result on each of several scales."""
        return len(self.method.scales) > 1

    @property
    def excluded(self) -> tuple[Listener, ...]:
        """Who was left out; each says why."""
        return tuple(one for one in self.listeners if one.excluded)

    @property
    def kept(self) -> tuple[Listener, ...]:
        """Who counts by hand against the rules; each says which."""
        return tuple(one for one in self.listeners if one.kept)

    @property
    def spoken(self) -> str:
        """What the intervals of comparisons and conditions speak about; "" where there is none."""
        means = [one.over for one in self.conditions if one.over is not None]
        return spoken([*(one.over for one in self.contrasts), *means])


def _condition(name: str, scale: str, stratum: str, votes: Votes, step: float) -> ConditionResult:
    by_listener, by_clip = (
        {name: fmean(own.score.tolist()) for name, own in votes.grouped(column).items()}
        for column in ("listener", "clip")
    )
    scores = votes.score.tolist()
    mean = student_mean(list(by_listener.values()))
    spread = quartiles(scores)
    (table,), (number,) = _table_of(votes)
    over = crossed(table, step**2 / 12 / float(number[number > 0].mean()))
    counts = dict(sorted(Counter(scores).items()))
    return ConditionResult(name, stratum, len(votes), mean, spread, by_listener, scale, over, by_clip, counts)


def _table_of(votes: Votes) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    mixed = len(votes.distinct("compared_with")) > 1
    found = cells(votes.renamed("compared_with", lambda _: "") if mixed else votes)
    return list(found.mean.values()), list(found.votes.values())


def _ordered(votes: Votes, order: Sequence[str], scales: Sequence[str]) -> Votes:
    """Return votes so that conditions come as the panel's maker wrote them, the panel's own ones last."""
    place = {name: at for at, name in enumerate(order)}
    conditions, of_condition = votes.numbered("condition")
    asked, of_scale = votes.numbered("scale")
    by_condition = np.array([place.get(name, len(place)) for name in conditions], np.intp)
    by_scale = np.array([scales.index(name) for name in asked], np.intp)
    return votes.where(np.lexsort((by_scale[of_scale], by_condition[of_condition])))


def _by_stratum(votes: Votes) -> list[tuple[str, Votes]]:
    """Return votes for each stratum, bursts by length; imported ones of which it is not known are in none."""
    place = {stratum.value: at for at, stratum in enumerate(Stratum)}
    groups = [(name, own) for name, own in votes.grouped("stratum").items() if name]
    return sorted(groups, key=lambda pair: (place.get(pair[0], len(place)), pair[0]))


def _by_talker(votes: Votes) -> list[tuple[str, Votes]]:
    """Return votes for each sex, then for each talker, where there are several that are known."""
    made: list[tuple[str, Votes]] = []
    for of in ("sex", "talker"):
        found = votes.grouped(of)
        groups = [(name, found[name]) for name in sorted(found) if name]
        made += groups if len(groups) > 1 else []
    return made


def _conditions(votes: Votes, method: Method, stratum: str = ALL) -> tuple[ConditionResult, ...]:
    step = method.step(len(votes.distinct("condition")))
    groups = votes.grouped_by("condition", "scale").items()
    return tuple(_condition(name, scale, stratum, own, step) for (name, scale), own in groups)


def _talkers(votes: Votes, asked: ResultsPart) -> tuple[Mapping[str, str] | None, list[str]]:
    """Return who talks in each clip where results are to hold for other talkers; else why they cannot."""
    return talkers_of({pair[0]: pair[1] for pair in votes.numbered_by("clip", "talker")[0]}, asked)


def evaluate_votes(
    collected: Collected,
    method: Method,
    *,
    title: str = "",
    panel_sha256: str = "",
    keep: Sequence[str] = (),
    leave_out: Mapping[str, str] | None = None,
    order: Sequence[str] = (),
    asked: ResultsPart | None = None,
    language: str = ENGLISH,
    resample: bool | None = None,
) -> Results:
    """Return the results of these votes, conditions in `order`; see `evaluate`."""
    asked = asked or ResultsPart()
    listeners = screen(
        collected.votes,
        method,
        keep=keep,
        leave_out=leave_out,
        by_agreement=asked.exclude_by_agreement,
        language=language,
    )
    left_out = {one.name for one in listeners if one.excluded}
    everybody = _ordered(tests(collected.votes), order, method.scales)
    used = everybody.where(~everybody.are("listener", *left_out))
    nothing = used[:0]
    scored, chosen = (nothing, used) if method.paired else (Votes.of(method.results(used)), nothing)
    _, problems = _talkers(used, asked)

    def compared(votes: Votes, stratum: str = ALL, *, resample: bool = False) -> list[Contrast]:
        # Of these votes: those left out may be of other clips, and a stratum may have one talker only.
        talkers, _ = _talkers(votes, asked)
        return contrasts(votes, method, asked, order, stratum, talkers, resample=resample)

    read = chosen if method.paired else scored
    if resample is None:
        resample = len(read) <= MOST_TO_RESAMPLE
    main = corrected(compared(read, resample=resample))
    beside = [*method.statistics(read, main, resample=resample), *second_lines(read, method)] if read else []
    beside += habits(read, method) if read else []
    in_strata = [one for stratum, own in _by_stratum(read) for one in compared(own, stratum)]
    of_all = everybody if method.paired else Votes.of(method.results(everybody))
    return Results(
        title,
        method,
        panel_sha256,
        _conditions(scored, method),
        tuple(one for stratum, own in _by_stratum(scored) for one in _conditions(own, method, stratum)),
        pair_results(chosen, method.test),
        tuple(one for stratum, own in _by_stratum(chosen) for one in pair_results(own, method.test, stratum)),
        listeners,
        collected.running,
        (*collected.problems, *problems),
        (*collected.unchecked, *collected.notes),
        tuple(one for name, own in _by_talker(scored) for one in _conditions(own, method, name)),
        tuple(one for name, own in _by_talker(chosen) for one in pair_results(own, method.test, name)),
        main,
        corrected(in_strata),
        corrected(compared(of_all)) if left_out else (),
        tuple(beside),
        asked,
        language,
        collected.sittings,
    )


def evaluate(
    panel: Source,
    ratings: Path | None = None,
    *,
    keep: Sequence[str] = (),
    leave_out: Mapping[str, str] | None = None,
    resample: bool | None = None,
    anonymous: bool = False,
    files: Files | None = None,
) -> Results:
    """Read all finished and interrupted sessions of a panel, or imported votes, and evaluate them.

    Sessions that are open now stay hidden (promise: blind means blind); they are named in `running`.

    Parameters
    ----------
    keep, leave_out
        Listeners who count, or do not, by hand.
    resample
        Whether bootstrap and permutation tests are wanted; by itself in panels that are not large.
    anonymous
        Whether listeners get pseudonyms: those of `votes_table`. `keep` and `leave_out` are their names.
    files
        What was read already.
    """
    with collector_resting():
        collected, leave_out = collect(panel, ratings, files), leave_out or {}
        if anonymous:
            collected, names = nameless(panel, collected)
            keep = [names.get(name, name) for name in keep]
            leave_out = {names.get(name, name): why for name, why in leave_out.items()}
        return evaluate_votes(
            collected,
            panel.definition.method,
            title=panel.definition.title,
            panel_sha256=panel.sha256,
            keep=keep,
            leave_out=leave_out,
            order=[one.name for one in panel.definition.condition],
            asked=panel.definition.results,
            language=panel.definition.language,
            resample=resample,
        )
