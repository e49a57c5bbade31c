"""All votes of a panel in one table: for pandas, R, and for publishing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from gaplisten.panel.answer_table import answer_table
from gaplisten.panel.columns import columns_for
from gaplisten.panel.imported import ImportedVotes, Source
from gaplisten.panel.reading import Row
from gaplisten.panel.results.evaluation import Results, evaluate
from gaplisten.panel.results.votes import Files, pseudonyms, read_files
from gaplisten.tables import Cell, Table

# A frame's attribute of that name would be hidden, or hide the column: `votes.clip` is a method of pandas.
RENAMED = {"clip": "clip_name"}
_PRIVATE = ("session", "device", "comment")  # tell who somebody is, or may
_NUMBERS = ("order", "trial", "position", "plays", "device_rate", "rate", "underflows")
_DECIMALS = ("score", "seconds_heard", "response_seconds", "gain_db", "latency_ms")


def _cell(name: str, text: str) -> Cell:
    if text == "":
        return None
    try:
        if name in _NUMBERS:
            return int(text)
        if name in _DECIMALS:
            return float(text)
    except ValueError:
        return text
    return {"true": True, "false": False}.get(text, text) if name == "passed" else text


def _answers(panel: Source, ratings: Path | None) -> dict[str, dict[str, Cell]]:
    """Return each listener's answers: `q_` of a question, `check_` of a step's last attempt, by column."""
    table, _ = answer_table(panel, ratings)
    made: dict[str, dict[str, Cell]] = {}
    for row in table.rows:
        of = dict(zip(table.columns, row, strict=True))
        own = made.setdefault(str(of["listener"]), {})
        if of["asked"] is None:
            own[f"q_{of['question']}"] = of["answer"]
        else:
            own[f"check_{of['step']}"] = of["passed"]
            own[f"check_{of['step']}_attempts"] = of["attempt"]
    return made


def _in_words(panel: Source, column: str) -> bool:
    """Tell whether an answer may be in somebody's own words; of imported ones nobody knows."""
    if isinstance(panel, ImportedVotes):
        return True
    return column in {f"q_{one.name}" for one in panel.definition.question if one.kind == "text"}


def _rows(files: Files) -> tuple[list[tuple[str, Row]], list[str]]:
    """Return every row with the name of its listener, and sentences about files."""
    shown = [one.read for one in files.sessions if not one.open_now]
    problems = [*files.problems, *(said for one in shown for said in one.problems)]
    rows = [(one.listener, row) for one in shown for row in one.rows]
    return [*rows, *((row["listener"], row) for row in files.imported)], problems


def votes_table(
    panel: Source,
    ratings: Path | None = None,
    *,
    keep: Sequence[str] = (),
    leave_out: Mapping[str, str] | None = None,
    anonymous: bool = False,
) -> tuple[Table, Results, tuple[str, ...]]:
    """Return every vote of the sessions that are not open now, the results, and sentences about files.

    A row is one vote, practice and checks too (`kind`). Beside the columns of the ratings: the clip's talker
    and sex, whether results leave the listener out and why, each answer to a question, and whether each check
    before the start was passed, at which attempt.

    Parameters
    ----------
    anonymous
        Whether listeners get pseudonyms, and what may tell who they are (session, device, comments, answers
        in words) is left out.
    """
    files = read_files(panel, ratings)
    found = evaluate(panel, ratings, keep=keep, leave_out=leave_out, resample=False, files=files)
    why = {one.name: "; ".join(one.reasons) for one in found.excluded}
    answers = _answers(panel, ratings)
    # Those of whom nothing is shown, too: results draw pseudonyms for them all.
    known = {*(one.name for one in found.listeners), *found.running}
    names = pseudonyms(panel, sorted(known)) if anonymous else {}
    asked = list(dict.fromkeys(column for own in answers.values() for column in own))
    if anonymous:
        asked = [column for column in asked if not _in_words(panel, column)]
    columns = [one.name for one in columns_for(panel.definition.method.scales, drawn=False)]
    columns = [name for name in columns if not (anonymous and name in _PRIVATE)]
    rows: list[tuple[Cell, ...]] = []
    votes, problems = _rows(files)
    for listener, row in votes:
        told = {**row, "listener": names.get(listener, listener)}
        rows.append(
            (
                *(_cell(name, told[name]) for name in columns),
                *(said or None for said in panel.talker(row["clip"])),
                listener in why,
                why.get(listener),
                *(answers.get(listener, {}).get(column) for column in asked),
            )
        )
    heads = [RENAMED.get(name, name) for name in columns]
    return Table((*heads, "talker", "sex", "left_out", "why", *asked), tuple(rows)), found, tuple(problems)
