"""What the dialogs start: the command line's batches on the clips that are open; no Qt."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gaplisten.batch.conceal import ConcealBatch, ConcealError, ConcealItem, conceal_batch, folder_journal
from gaplisten.batch.items import Version, versions_of
from gaplisten.batch.score import ScoreBatch, described, score_journal, score_versions
from gaplisten.batch.summary import summarise_scores
from gaplisten.batch.table import tidy
from gaplisten.batch.workers import ProcessWorkers, ThreadWorkers
from gaplisten.clips.clip import Clip, ClipSet, ConditionFile
from gaplisten.errors import GaplistenError
from gaplisten.jobs import Job
from gaplisten.tables import write_csv
from gaplisten.workbench.bench import idents
from gaplisten.workbench.state import Choice

SERVICE = "plcmos_service"
SMALLEST_ROOM = 1 << 20


class BatchError(GaplistenError):
    """A batch that cannot begin as asked."""


class PartOf(Job):
    """A share of a larger job's progress; never goes back."""

    def __init__(self, whole: Job, start: float, share: float, doing: str = "") -> None:
        super().__init__()
        self._whole, self._start, self._share, self._doing = whole, start, share, doing

    def check(self, fraction: float, message: str = "") -> None:
        """Report to the larger job; raise `JobCancelled` when that was asked to stop."""
        self.fraction = max(self.fraction, min(max(float(fraction), 0.0), 1.0))
        self._whole.check(self._start + self._share * self.fraction, message or self._doing)


@dataclass(frozen=True)
class Named:
    """A concealer that is switched on, and the name of the condition that it makes."""

    name: str
    choice: Choice


def named(choices: Sequence[Choice]) -> tuple[Named, ...]:
    """Return each choice with the name of its lane, which is the condition's name too."""
    return tuple(Named(name, choice) for name, choice in zip(idents(choices), choices, strict=True))


@dataclass(frozen=True)
class ConcealWish:
    """Which clips to conceal with what, and where to.

    Parameters
    ----------
    out
        Each concealer gets a folder of its own in it, with one file for each clip.
    """

    clips: tuple[Clip, ...]
    concealers: tuple[Named, ...]
    out: Path
    force: bool = False


@dataclass(frozen=True)
class Concealed:
    """What became of a wish: one batch for each concealer, in their order."""

    wish: ConcealWish
    batches: tuple[ConcealBatch, ...]

    @property
    def failures(self) -> tuple[str, ...]:
        """A sentence for each item that was not done."""
        pairs = zip(self.wish.concealers, self.batches, strict=True)
        return tuple(f"{one.name}: {outcome.error}" for one, batch in pairs for outcome in batch.failed)

    @property
    def done(self) -> int:
        """How many files are there."""
        return sum(len(batch.outcomes) - len(batch.failed) for batch in self.batches)

    @property
    def reused(self) -> int:
        """How many of them were there before."""
        return sum(batch.reused for batch in self.batches)


def items_of(clips: Sequence[Clip], out: Path) -> tuple[ConcealItem, ...]:
    """Return what there is to conceal; clips without a lossy file lose packets of their reference.

    Files keep their names where these differ from each other; else clips' names tell them apart.
    """
    sources = [(clip, clip.lossy or clip.reference) for clip in clips]
    there = [(clip, source) for clip, source in sources if source is not None]
    unique = len({source.name for _, source in there}) == len(there)
    return tuple(
        ConcealItem(
            replace(clip, lossy=source, reference=None, conditions=()),
            source,
            out / (source.name if unique else f"{clip.name}{source.suffix}"),
        )
        for clip, source in there
    )


def conceal_clips(wish: ConcealWish, catalogue: Any, job: Job) -> Concealed:
    """Conceal the clips with each concealer in turn; goes on where an earlier run was stopped.

    Raises
    ------
    BatchError
        If a result would lie on somebody's own file.
    GaplistenError
        If a concealer or its parameters cannot be used.
    JobCancelled
        When asked to stop; what is written stays.
    """
    entries = [(one, catalogue.get(one.choice.concealer)) for one in wish.concealers]
    for one, _ in entries:
        _refuse_foreign(wish.out / one.name)
    batches = []
    for index, (one, entry) in enumerate(entries):
        folder = wish.out / one.name
        part = PartOf(job, index / len(entries), 1 / len(entries))
        with ThreadWorkers() as workers, folder_journal(folder) as journal:
            items = items_of(wish.clips, folder)
            values = one.choice.values
            batches.append(
                conceal_batch(items, entry, values, workers, journal=journal, force=wish.force, job=part)
            )
    return Concealed(wish, tuple(batches))


def _refuse_foreign(folder: Path) -> None:
    """Leave alone what a concealer's folder holds already, unless we made it."""
    if folder.is_dir() and any(folder.iterdir()) and not folder_journal(folder).path.is_file():
        raise ConcealError(str(folder), "holds files that Gaplisten has not made", "choose another folder")


@dataclass(frozen=True)
class ScoreWish:
    """What to score by what.

    Parameters
    ----------
    clipset
        The clips.
    conditions
        Which of their versions: ``reference``, ``lossy``, names of conditions.
    concealers
        Conditions to be made first.
    metrics
        Names.
    table
        CSV to write; concealed sound goes into a folder of that name beside it.
    """

    clipset: ClipSet
    conditions: tuple[str, ...]
    concealers: tuple[Named, ...]
    metrics: tuple[str, ...]
    table: Path
    force: bool = False

    @property
    def sounds(self) -> Path:
        """Where concealed sound goes."""
        return self.table.with_name(f"{self.table.stem}-concealed")

    @property
    def summary(self) -> Path:
        """Where means and intervals go."""
        return self.table.with_name(f"{self.table.stem}-summary.csv")


@dataclass(frozen=True)
class Scored:
    """What became of a wish."""

    wish: ScoreWish
    batch: ScoreBatch
    concealed: Concealed | None = None

    @property
    def failures(self) -> tuple[str, ...]:
        """A sentence for each thing that was not done."""
        return (*(self.concealed.failures if self.concealed else ()), *self.batch.failures)


def score_clips(wish: ScoreWish, catalogue: Any, job: Job) -> Scored:
    """Conceal what is to be concealed, score everything, write the tables.

    Raises
    ------
    BatchError
        If the tables cannot be written.
    GaplistenError
        If a concealer, a metric or the service cannot be used.
    JobCancelled
        When asked to stop; scores that are known by then are kept for the next time.
    """
    _check_room(wish.table)
    ahead = 0.4 if wish.concealers else 0.0
    concealed = None
    if wish.concealers:
        made = ConcealWish(wish.clipset.clips, wish.concealers, wish.sounds, wish.force)
        concealed = conceal_clips(made, catalogue, PartOf(job, 0.0, ahead))
    job.check(ahead, "looking at the clips")
    versions = _versions(wish, concealed)
    batch = _scored(versions, wish, PartOf(job, ahead, 1.0 - ahead, "scoring"))
    try:
        write_csv(wish.table, tidy(batch.rows))
        write_csv(wish.summary, summarise_scores(batch.rows))
    except OSError as error:
        raise BatchError(
            str(wish.table), f"cannot be written ({error.strerror})", "choose another place"
        ) from error
    return Scored(wish, batch, concealed)


def _check_room(table: Path) -> None:
    """Tell before hours of work that the table will have no place."""
    try:
        table.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(table.parent).free
    except OSError as error:
        raise BatchError(
            str(table.parent), f"cannot be used ({error.strerror})", "choose another folder"
        ) from error
    if table.is_dir() or free < SMALLEST_ROOM:
        fact = "is a folder" if table.is_dir() else "the disk is full"
        raise BatchError(str(table), fact, "choose another place")


def _versions(wish: ScoreWish, concealed: Concealed | None) -> list[Version]:
    """Return the versions that are wanted, clip by clip, with those that were made just now."""
    made = _made(concealed)
    clips = [
        replace(clip, conditions=(*clip.conditions, *made.get(clip.name, ()))) for clip in wish.clipset.clips
    ]
    wanted = {*wish.conditions, *(one.name for one in wish.concealers)}
    every = versions_of(replace(wish.clipset, clips=tuple(clips)))
    return [version for version in every if version.condition in wanted]


def _made(concealed: Concealed | None) -> dict[str, list[ConditionFile]]:
    found: dict[str, list[ConditionFile]] = {}
    for one, batch in zip(concealed.wish.concealers, concealed.batches, strict=True) if concealed else ():
        for outcome in batch.outcomes:
            if outcome.record is not None:
                file = ConditionFile(one.name, outcome.item.out)
                found.setdefault(outcome.item.clip.name, []).append(file)
    return found


def _scored(versions: list[Version], wish: ScoreWish, job: Job) -> ScoreBatch:
    own = [name for name in wish.metrics if name != SERVICE]
    share = len(own) / max(len(wish.metrics), 1)
    batch = ScoreBatch((), 0)
    with score_journal() as journal:
        if own:
            with ProcessWorkers() as workers:
                metrics = described(own, workers)
                part = PartOf(job, 0.0, share)
                batch += score_versions(versions, metrics, workers, journal, force=wish.force, job=part)
        if SERVICE in wish.metrics:
            from gaplisten.exchange.service_batch import score_by_service
            from gaplisten.exchange.service_settings import load_service

            part = PartOf(job, share, 1.0 - share)
            batch += score_by_service(versions, load_service(), journal, force=wish.force, job=part)
    return batch
