"""The files of answers in a ratings folder: whose each one is, and which are copies of others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gaplisten.errors import GaplistenError
from gaplisten.panel.asking import ANSWER_COLUMNS, ANSWERS
from gaplisten.panel.frozen import FrozenPanel
from gaplisten.panel.journal import read
from gaplisten.panel.reading import Row
from gaplisten.panel.session_files import ratings_files
from gaplisten.panel.session_names import listener_of, session_name


@dataclass(frozen=True)
class AnswersRead:
    """The answers of one session, as one file holds them.

    Parameters
    ----------
    session
        By what the rows say; by the file's name where it has none.
    rows
        Those of this panel.
    """

    path: Path
    session: str
    listener: str
    rows: tuple[Row, ...]


def read_answers(panel: FrozenPanel, path: Path, root: Path) -> tuple[AnswersRead, list[str]]:
    """Return what is in one file of answers, and sentences about what of it cannot be used.

    Raises
    ------
    JournalDamaged, OSError
        If it is no such file or cannot be read.
    """
    found = read(path, ANSWER_COLUMNS, root=root)
    of_panel = found.table.column("panel_sha256")
    own = found.table.at([at for at, said in enumerate(of_panel) if said == panel.sha256])
    problems = []
    if len(own) < len(found.table):
        problems.append(f"{path.name}: answers of another panel were left out")
    if found.damaged:
        lines = ", ".join(map(str, found.damaged[:10]))
        problems.append(f"{path.name}: what cannot be read was left out (line {lines})")
    listener = listener_of(own)
    session = session_name(panel, listener) if listener else path.stem
    return AnswersRead(path, session, listener, own.rows), problems


def _answers_in(panel: FrozenPanel, ratings: Path, root: Path) -> Iterator[AnswersRead | list[str]]:
    folder = ratings / ANSWERS
    for path in ratings_files(folder) if not folder.is_symlink() else []:
        try:
            found, problems = read_answers(panel, path, root)
        except (GaplistenError, OSError) as error:
            yield [str(error)]
            continue
        yield problems
        yield found


def all_answers(panel: FrozenPanel, ratings: Path, root: Path) -> tuple[list[AnswersRead], list[str]]:
    """Return the answers of each session once, and sentences about files that could not be used.

    Of files of the same session (a file manager's copies) that with the most answers counts.
    """
    problems: list[str] = []
    files: dict[str, list[AnswersRead]] = {}
    for found in _answers_in(panel, ratings, root):
        if isinstance(found, AnswersRead):
            files.setdefault(found.session, []).append(found)
        else:
            problems += found
    made = []
    for session, same in files.items():
        best, *others = sorted(same, key=lambda one: (-len(one.rows), one.path.stem != session))
        made.append(best)
        said = {_said(row) for row in best.rows}
        for other in others:
            what = "counts once" if {_said(row) for row in other.rows} <= said else "has other answers"
            fact = f"{other.path.name}: it is of the same session as {best.path.name} and"
            problems.append(f"{fact} {what}{'' if what == 'counts once' else '; it was left out'}")
    return made, problems


def _said(row: Row) -> tuple[str, ...]:
    return row["step"], row["number"], row["attempt"], row["question"], row["answer"]


def answer_files(panel: FrozenPanel, ratings: Path, session: str, root: Path) -> list[Path]:
    """Return the files that hold a session's answers, however they are called; links are none."""
    own = ratings / ANSWERS / f"{session}.csv"
    found = [
        one.path
        for one in _answers_in(panel, ratings, root)
        if isinstance(one, AnswersRead) and one.session == session and one.path != own
    ]
    return [*found, own]
