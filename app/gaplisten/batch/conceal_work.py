"""Conceal the clips that are open, as the command line does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaplisten.batch.conceal import ConcealBatch, conceal_batch, folder_journal, outcome_table
from gaplisten.batch.conceal_plan import ConcealError, plan_clips
from gaplisten.batch.run import ThreadWorkers
from gaplisten.batch.work import Named, PartOf, Remark, write_table
from gaplisten.clips.clip import Clip
from gaplisten.jobs import Job

TABLE = "concealed.csv"


@dataclass(frozen=True)
class ConcealWish:
    """Which clips to conceal with what, and where to.

    Parameters
    ----------
    out
        Each concealer gets a folder of its own in it, with one file for each clip, and a table.
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
    def remarks(self) -> tuple[Remark, ...]:
        """What failed and why; then what is to be known about the others, plugins' own messages included."""
        pairs = [*zip(self.wish.concealers, self.batches, strict=True)]
        failed = [
            Remark(f"{one.name}: {outcome.error}", details=outcome.details)
            for one, batch in pairs
            for outcome in batch.failed
        ]
        notes = [
            Remark(f"{one.name}: {outcome.item.source.name}: {note}", failed=False)
            for one, batch in pairs
            for outcome in batch.outcomes
            if outcome.record is not None
            for note in (*outcome.record.notes, *outcome.record.messages)
        ]
        return (*failed, *notes)

    @property
    def done(self) -> int:
        """How many files are there."""
        return sum(len(batch.outcomes) - len(batch.failed) for batch in self.batches)

    @property
    def reused(self) -> int:
        """How many of them were there before."""
        return sum(batch.reused for batch in self.batches)


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
        _refuse_foreign(wish.out / one.folder)
    batches = []
    for index, (one, entry) in enumerate(entries):
        folder = wish.out / one.folder
        part = PartOf(job, index / len(entries), 1 / len(entries))
        with ThreadWorkers() as workers, folder_journal(folder) as journal:
            items = plan_clips(wish.clips, folder)
            values = one.choice.values
            batches.append(
                conceal_batch(items, entry, values, workers, journal=journal, force=wish.force, job=part)
            )
        if batches[-1].outcomes != batches[-1].failed:
            write_table(folder / TABLE, outcome_table(batches[-1].outcomes))
    return Concealed(wish, tuple(batches))


def _refuse_foreign(folder: Path) -> None:
    """Leave alone what a concealer's folder holds already, unless we made it."""
    if folder.is_dir() and any(folder.iterdir()) and not folder_journal(folder).path.is_file():
        raise ConcealError(str(folder), "holds files that Gaplisten has not made", "choose another folder")
