"""Score the clips that are open, as the command line does."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gaplisten.batch.conceal_work import Concealed, ConcealWish, conceal_clips
from gaplisten.batch.items import Version, said_by_file, stratified, table_of_versions, versions_of
from gaplisten.batch.run import ProcessWorkers
from gaplisten.batch.score import ScoreBatch, apart, described, score_journal, score_versions
from gaplisten.batch.summary import summarise_scores, tidy
from gaplisten.batch.work import BatchError, Named, PartOf, Remark, write_table
from gaplisten.clips.clip import ClipSet, ConditionFile
from gaplisten.clips.clip_tables import ClipTable
from gaplisten.clips.transcripts import read_transcripts, with_transcripts
from gaplisten.jobs import Job

ByService = Callable[..., ScoreBatch]  # as `gaplisten.exchange.service_batch.score_by_set_up_service`
SMALLEST_ROOM = 1 << 20


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
    transcripts
        What is said in the clips: a table, a list or a folder; None for what was found beside them.
    metadata, strata
        A table with a row for each clip, whose columns stand in ours, too, and the one that tells clips
        apart; None and empty for the length of bursts.
    """

    clipset: ClipSet
    conditions: tuple[str, ...]
    concealers: tuple[Named, ...]
    metrics: tuple[str, ...]
    table: Path
    force: bool = False
    transcripts: Path | None = None
    metadata: Path | None = None
    strata: str = ""

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
    def remarks(self) -> tuple[Remark, ...]:
        """What failed and why; then what is to be known about the sound that was made."""
        made = self.concealed.remarks if self.concealed else ()
        scores = tuple(Remark(text) for text in self.batch.failures)
        kept = (Remark(self.batch.problem, failed=False),) if self.batch.problem else ()
        return tuple(sorted((*made, *scores, *kept), key=lambda remark: not remark.failed))


def score_clips(wish: ScoreWish, catalogue: Any, job: Job, by_service: ByService) -> Scored:
    """Conceal what is to be concealed, score everything, write the tables.

    Parameters
    ----------
    by_service
        Scores versions by the metrics that services compute, where that is wished.

    Raises
    ------
    BatchError
        If the tables cannot be written.
    GaplistenError
        If a concealer, a metric, the service, the transcripts or the table of clips cannot be used.
    JobCancelled
        When asked to stop; scores that are known by then are kept for the next time.
    """
    _check_room(wish.table)
    wish = told(wish)
    about = _about(wish)
    ahead = 0.4 if wish.concealers else 0.0
    concealed = None
    if wish.concealers:
        made = ConcealWish(wish.clipset.clips, wish.concealers, wish.sounds, wish.force)
        concealed = conceal_clips(made, catalogue, PartOf(job, 0.0, ahead))
    versions = _versions(wish, concealed, about)
    batch = _scored(versions, wish, by_service, PartOf(job, ahead, 1.0 - ahead, "scoring"))
    more, said = (about.columns, said_by_file(versions, about)) if about is not None else ((), {})
    write_table(wish.table, tidy(batch.rows, more, said))
    write_table(wish.summary, summarise_scores(batch.rows))
    return Scored(wish, batch, concealed)


def told(wish: ScoreWish) -> ScoreWish:
    """Return the wish with the transcripts of its clips.

    Raises
    ------
    GaplistenError
        If they cannot be used.
    """
    if wish.transcripts is not None:
        said = read_transcripts(wish.transcripts, wish.clipset.clips)
        clips = with_transcripts(wish.clipset.clips, said)
        wish = replace(wish, clipset=replace(wish.clipset, clips=clips))
    return wish


def _about(wish: ScoreWish) -> ClipTable | None:
    """Return the table of clips, as it is before hours of work: what is done to it meanwhile changes nothing.

    Raises
    ------
    ClipTableError
        If it cannot be used.
    """
    if wish.metadata is None:
        return None
    there = list(versions_of(wish.clipset))
    table = table_of_versions(there, wish.metadata)
    _parted(there, wish, table)
    return table


def _parted(versions: list[Version], wish: ScoreWish, about: ClipTable | None) -> list[Version]:
    return versions if about is None or not wish.strata else stratified(versions, about, wish.strata)


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


def _versions(wish: ScoreWish, concealed: Concealed | None, about: ClipTable | None) -> list[Version]:
    """Return the versions that are wanted, clip by clip, with those that were made just now."""
    made = _made(concealed)
    clips = [
        replace(clip, conditions=(*clip.conditions, *made.get(clip.name, ()))) for clip in wish.clipset.clips
    ]
    wanted = {*wish.conditions, *(one.name for one in wish.concealers)}
    every = versions_of(replace(wish.clipset, clips=tuple(clips)))
    versions = [version for version in every if version.condition in wanted]
    return _parted(versions, wish, about)


def _made(concealed: Concealed | None) -> dict[str, list[ConditionFile]]:
    found: dict[str, list[ConditionFile]] = {}
    for one, batch in zip(concealed.wish.concealers, concealed.batches, strict=True) if concealed else ():
        for outcome in batch.outcomes:
            if outcome.record is not None:
                file = ConditionFile(one.name, outcome.item.out)
                found.setdefault(outcome.item.clip.name, []).append(file)
    return found


def _scored(versions: list[Version], wish: ScoreWish, by_service: ByService, job: Job) -> ScoreBatch:
    own, asked = apart(wish.metrics)
    share = len(own) / max(len(wish.metrics), 1)
    batch = ScoreBatch((), 0)
    with score_journal() as journal:
        if own:
            with ProcessWorkers() as workers:
                metrics = described(own, workers)
                part = PartOf(job, 0.0, share)
                batch += score_versions(versions, metrics, workers, journal, force=wish.force, job=part)
        if asked:
            part = PartOf(job, share, 1.0 - share)
            batch += by_service(versions, journal, asked, force=wish.force, job=part)
    return batch
