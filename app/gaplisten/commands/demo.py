"""`gaplisten demo`: the workbench on the bundled demo; with no display, what it shows and plays as files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.clips.clip import OpenClip
from gaplisten.clips.layouts import demo_clips
from gaplisten.clips.opening import open_clip
from gaplisten.commands.output import progress, say, show
from gaplisten.concealers.catalogue import Catalogue
from gaplisten.concealers.request import Concealed
from gaplisten.concealers.runner import Runner
from gaplisten.durable.folders import filled_alone
from gaplisten.errors import GaplistenError
from gaplisten.installed import is_installed
from gaplisten.jobs import Job
from gaplisten.processes import python
from gaplisten.tables import Cell, Table, write_csv

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

DEFAULT_FOLDER = Path("gaplisten-out")


CONCEALERS = ("zero_fill", "repeat_fade", "g711_appendix1")
METRIC = "plcmos"
COLUMNS = ("clip", "condition", "share_altered", "realtime_factor", "plcmos")


@dataclass
class Made:
    """What was made."""

    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def table(self) -> Table:
        """One row for each condition: means over the clips."""
        names = dict.fromkeys(row[1] for row in self.rows)
        rows = [(name, *(self._mean(name, column) for column in (2, 3, 4))) for name in names]
        return Table(("condition", "share altered", "real-time factor", "PLC-MOS"), tuple(rows))

    def _mean(self, condition: Cell, column: int) -> float | None:
        values = [row[column] for row in self.rows if row[1] == condition]
        known = [value for value in values if isinstance(value, float)]
        return fmean(known) if known else None


def make_demo(folder: Path, job: Job) -> Made:
    """Conceal the demo's clips and score what comes out.

    Parameters
    ----------
    folder
        Gets ``sounds/CLIP_CONDITION.wav`` and ``scores.csv``.

    Raises
    ------
    GaplistenError
        If the folder cannot be written.
    """
    sounds = _made_folder(folder / "sounds")
    made, clips, catalogue = Made(), demo_clips().clips, Catalogue.scan()
    with Runner() as runner:
        for index, clip in enumerate(clips):
            job.check(index / len(clips), f"concealing {clip.name}")
            opened = open_clip(clip)
            _score_files(opened, made)
            for name, done in _concealed(opened, catalogue, runner, made):
                write_signal(sounds / f"{clip.name}_{name}.wav", done.signal)
                score = _plcmos(done.signal, made)
                made.rows.append((clip.name, name, done.altered_received, done.realtime_factor, score))
    write_csv(folder / "scores.csv", Table(COLUMNS, tuple(made.rows)))
    return made


def _made_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fact = f"the folder cannot be made: {error.strerror}"
        raise GaplistenError(str(folder), fact, "name another with --out") from error
    return folder


def _score_files(opened: OpenClip, made: Made) -> None:
    for name, signal in (("reference", opened.reference), ("lossy", opened.lossy)):
        if signal is not None:
            made.rows.append((opened.clip.name, name, None, None, _plcmos(signal, made)))


def _concealed(
    opened: OpenClip, catalogue: Catalogue, runner: Runner, made: Made
) -> Iterator[tuple[str, Concealed]]:
    if opened.lossy is None:
        return
    for name in CONCEALERS:
        try:
            entry = catalogue.get(name)
            yield (
                name,
                runner.submit(entry, {}, opened.lossy, opened.trace, reference=opened.reference).result(),
            )
        except GaplistenError as error:
            made.problems.append(f"{opened.clip.name}, {name}: {error}")


def _plcmos(signal: Signal, made: Made) -> float | None:
    if not (is_installed("onnxruntime") and is_installed("speechmos")):
        return None
    from gaplisten.metrics.catalogue import score

    try:
        return score(METRIC, signal).value
    except GaplistenError as error:
        if str(error) not in made.problems:
            made.problems.append(str(error))
        return None


def write_pictures(folder: Path) -> Sequence[Path]:
    """Write pictures of the real workbench, light and dark; none where Qt is missing."""
    if not is_installed("PySide6"):
        return ()
    command = python("-m", "gaplisten.ui.pictures", str(folder), *CONCEALERS)
    try:
        with TemporaryDirectory(ignore_cleanup_errors=True) as home:
            # A process of its own: Qt's platform is chosen once, and must here be the one without a display.
            # A home of its own: the pictures show the window as it is at first, not as somebody left it.
            own = {"QT_QPA_PLATFORM": "offscreen", "GAPLISTEN_SOUND": "off", "GAPLISTEN_HOME": home}
            ended = subprocess.run(
                command, env=os.environ | own, capture_output=True, text=True, timeout=300, check=False
            )
    except subprocess.TimeoutExpired as error:
        raise GaplistenError("pictures of the workbench", "took longer than 300 s", "try again") from error
    if ended.returncode:
        last = (ended.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise GaplistenError("pictures of the workbench", last, "see whether Qt's libraries are complete")
    return tuple(Path(line) for line in ended.stdout.splitlines() if line.endswith(".png"))


@app.command()
def demo(
    out: Annotated[
        Path | None, typer.Option(help="write pictures, sounds and scores into this folder")
    ] = None,
) -> None:
    """Open the workbench on the bundled demo speech."""
    from gaplisten.commands.open import run_workbench
    from gaplisten.display import can_be_seen, lacking

    if out is None and can_be_seen():
        raise typer.Exit(run_workbench([], demo=True))
    if why := lacking():
        print(f"gaplisten: {why}: the demo goes into files", file=sys.stderr)
    raise typer.Exit(_into_folder(out or DEFAULT_FOLDER))


def _pictures(folder: Path, made: Made) -> Sequence[Path]:
    """Write the pictures; without them the sounds and scores are still there."""
    try:
        return write_pictures(folder)
    except GaplistenError as error:
        made.problems.append(str(error))
        return ()


def _into_folder(folder: Path) -> int:
    with filled_alone(folder, GaplistenError), progress("demo") as job:
        made = make_demo(folder, job)
        pictures = _pictures(folder, made)
    show(made.table, title="The demo's conditions")
    named = ", ".join(map(str, pictures)) or "none (Qt is missing or incomplete)"
    print()
    say(f"Pictures of the workbench: {named}")
    say(f"Concealed sound files:     {folder / 'sounds'}")
    say(f"Scores of every clip:      {folder / 'scores.csv'}")
    for problem in made.problems:
        say(f"failed: {problem}")
    return 1 if made.problems else 0
