"""webMUSHRA's results: the tables of its own PHP service, and those that pymushra writes.

Both write a line for each recording of a page. The PHP service separates by commas and puts the answers to
the questions between the test's name and the page; who presses Send again adds all lines once more, with the
answers doubled. pymushra separates by semicolons, writes the columns in any order, makes numbers of all that
looks like one, and shows an error after every success, so that listeners send again. Sliders begin at 100.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gaplisten.exchange.votes.contract import (
    Meant,
    Options,
    Reader,
    VotesError,
    cleaned,
    left_out,
    named,
    number,
    role_of,
    score_in,
)
from gaplisten.exchange.votes.sends import Answered, Session, sessions
from gaplisten.exchange.votes.table import Foreign
from gaplisten.languages import counted
from gaplisten.panel.imported import ForeignVote, Imported
from gaplisten.panel.methods.contract import Method
from gaplisten.panel.parts import REFERENCE

MUSHRA, SINGLE, MULTI = "mushra", "likert_single_stimulus", "likert_multi_stimulus"
PAIRED, TRIPLE = "paired_comparison", "bs1116"
_CATEGORIES = ("acr_effort", "acr_annoyance", "p835", "p804")
_UNTOUCHED = 100.0
_UNCHECKED = (
    "what was heard, how often and on which device is not in such files, nor are any checks: nobody could be "
    "left out for them, and seconds are those of the page"
)
# Of pymushra's columns, what the PHP service calls them.
_SAME = {
    "wm_testId": "session_test_id",
    "wm_id": "trial_id",
    "responses_stimulus": "stimulus",
    "responses_time": "time",
    "responses_comment": "comment",
    "responses_score": "score",
    "responses_stimulusRating": "stimuli_rating",
    "responses_reference": "reference",
    "responses_nonReference": "non_reference",
    "responses_referenceScore": "reference_score",
    "responses_nonReferenceScore": "non_reference_score",
    "responses_answer": "answer",
    "rating_stimulus": "stimulus",
    "rating_score": "score",
    "rating_time": "time",
    "rating_comment": "comment",
    "stimuli": "stimulus",
    "choice_reference": "reference",
    "choice_non_reference": "non_reference",
    "choice_answer": "answer",
    "choice_time": "time",
    "choice_comment": "comment",
    "rating_reference": "reference",
    "rating_non_reference": "non_reference",
    "rating_reference_score": "reference_score",
    "rating_non_reference_score": "non_reference_score",
}


@dataclass(frozen=True)
class _Read:
    """The lines of a kind of page, and what was put right on the way."""

    kind: str
    lines: list[Answered]
    notes: list[str]


@dataclass(frozen=True)
class WebMushra(Reader):
    """Tables of both services."""

    def recognises(self, table: Foreign, options: Options) -> bool:
        """Tell whether it is a table of one of them."""
        php = table.columns[:1] == ("session_test_id",) and table.has("trial_id")
        return php or table.has("wm_testId", "wm_id", "responses_time")

    def read(self, tables: Sequence[Foreign], options: Options) -> Imported:
        """Return the votes of one kind of page."""
        found = [one for table in tables for one in (_php(table) if _is_php(table) else _pymushra(table))]
        kinds = list(dict.fromkeys(one.kind for one in found if one.lines))
        if not kinds:
            raise VotesError(tables[0].name, "no votes are in it", "give the table of a finished test")
        wanted = [kind for kind in kinds if options.method in ("", *_methods_of(kind))]
        if len({_methods_of(kind)[0] for kind in wanted}) != 1:
            fact = f"pages of several kinds are in it: {', '.join(kinds)}"
            raise VotesError(tables[0].name, fact, "say which with --method, or give one table")
        lines = [line for one in found if one.kind in wanted for line in one.lines]
        notes = [said for one in found if one.kind in wanted for said in one.notes]
        sent, more = sessions(lines, options.listener)
        method = options.chosen(*_methods_of(wanted[0]))
        votes, said = _votes(sent, wanted[0], method, options)
        if any(not _is_php(table) for table in tables) and any(one.listener.isdigit() for one in sent):
            said.append("pymushra makes numbers of names that look like one: who typed 007 is called 7 here")
        column = options.listener or "listener"
        answers = {
            one.listener: {key: cleaned(value) for key, value in one.answers.items() if key != column}
            for one in sent
        }
        tool = "webMUSHRA" if all(map(_is_php, tables)) else "pymushra"
        told = tuple(dict.fromkeys((*notes, *more, *said)))
        kept = {name: own for name, own in answers.items() if own}
        return Imported(tool, method, tuple(votes), _UNCHECKED, told, kept, options.talkers())


def _methods_of(kind: str) -> tuple[str, ...]:
    if kind in (SINGLE, MULTI):
        return ("acr", *_CATEGORIES)
    return ({MUSHRA: "mushra", PAIRED: "abx", TRIPLE: "abc_hr"}[kind],)


def _is_php(table: Foreign) -> bool:
    return table.has("session_test_id")


def _kind(columns: Sequence[str]) -> str:
    """Return the kind of page by the columns of the PHP service's table."""
    if "rating_score" in columns:
        return MUSHRA
    if "rating_reference_score" in columns:
        return TRIPLE
    if "choice_answer" in columns:
        return PAIRED
    return SINGLE if any(one.startswith("stimuli_rating") for one in columns) else ""


def _php(table: Foreign) -> list[_Read]:
    kind = _kind(table.columns)
    if not kind:
        raise VotesError(table.name, "pages of this kind are not known", "give the table of another page")
    first = "session_uuid" if table.has("session_uuid") else "trial_id"
    asked = table.columns.index(first) - 1
    doubled = strangers = 0
    lines = []
    for row in table.rows:
        over = len(row) - len(table.columns)
        if over > 0 and asked and over % asked == 0:
            row = (row[0], *row[1 + over :])
            doubled += 1
        elif over:
            strangers += 1
            continue
        cells = dict(zip(table.columns, row, strict=True))
        questions = tuple((name, cells[name].strip()) for name in table.columns[1 : 1 + asked])
        lines.append(_line(kind, {_SAME.get(name, name): cell for name, cell in cells.items()}, questions))
    notes = []
    if doubled:
        notes.append(
            f"in {counted(doubled, 'line')} the answers to the questions stood there again: read once"
        )
    if strangers:
        notes.append(f"{table.name}: {counted(strangers, 'line')} of another length cannot be read; left out")
    return [_Read(kind, lines, notes)]


def _pymushra(table: Foreign) -> list[_Read]:
    by_kind: dict[str, list[Answered]] = {}
    for cells in table.records():
        kind = cells.get("wm_type", "")
        questions = tuple(
            (name.removeprefix("questionaire_"), cell.strip())
            for name, cell in sorted(cells.items())
            if name.startswith("questionaire_") and name != "questionaire_uuid"
        )
        same = {_SAME.get(name, name): cell for name, cell in cells.items()}
        same["session_uuid"] = cells.get("questionaire_uuid", "")
        if kind in (MUSHRA, SINGLE, MULTI, PAIRED, TRIPLE):
            by_kind.setdefault(kind, []).append(_line(kind, same, questions))
    notes = left_out(table)
    return [_Read(kind, lines, notes) for kind, lines in by_kind.items()] or [_Read("", [], notes)]


def _line(kind: str, cells: dict[str, str], questions: tuple[tuple[str, str], ...]) -> Answered:
    if kind in (SINGLE, MULTI):
        numbered = sorted(name for name in cells if name.startswith("stimuli_rating"))
        numbered.sort(key=lambda name: int("".join(filter(str.isdecimal, name)) or 0))
        values = tuple(value for name in numbered for value in _listed(cells[name]))
    else:
        names = {MUSHRA: ("score",), PAIRED: ("answer",), TRIPLE: ("reference_score", "non_reference_score")}
        values = tuple(cells.get(name, "").strip() for name in names[kind])
    stimulus = cells.get("non_reference" if kind in (PAIRED, TRIPLE) else "stimulus", "")
    return Answered(
        questions,
        cells.get("session_uuid", "").strip(),
        cells.get("trial_id", "").strip(),
        stimulus.strip(),
        values,
        cells.get("time", "").strip(),
        cells.get("comment", "").strip(),
    )


def _listed(cell: str) -> list[str]:
    """Return the ratings in a cell: pymushra writes those of single pages as ``[5]``."""
    text = cell.strip()
    if text.startswith("["):
        try:
            said = json.loads(text.replace("'", '"'))
        except (ValueError, RecursionError):
            return [text]
        return [str(one) for one in said] if isinstance(said, list) else [text]
    return [text]


# --- what the lines mean ------------------------------------------------------------------------------------


def _votes(
    sent: Sequence[Session], kind: str, method: Method, options: Options
) -> tuple[list[ForeignVote], list[str]]:
    made = [vote for one in sent for vote in _of_session(one, kind, method, options)]
    notes = []
    if kind == MUSHRA and (pages := _untouched(made)):
        what = (
            "left empty" if options.leave_out_untouched else "counted (--leave-out-untouched leaves them out)"
        )
        who = ", ".join(dict.fromkeys(listener for listener, _, _ in pages))[:200]
        told = f"on {counted(len(pages), 'page')} all sliders stand at 100, where they begin"
        notes.append(f"{told}: {what}; {who}")
        if options.leave_out_untouched:
            empty = set(pages)
            made = [replace(one, score=None, vote=None) if _page(one) in empty else one for one in made]
    if lacking := sum(one.score is None for one in made):
        notes.append(f"{counted(lacking, 'vote')} without a usable answer: left empty")
    if kind == PAIRED:
        notes.append("pages asked which of two is the reference: right is 1, wrong 0, undecided left empty")
    if method.name in ("p835", "p804"):
        order = ", ".join(method.scales)
        notes.append(f"the scales are taken to stand in this order: {order}")
    return made, notes


def _page(vote: ForeignVote) -> tuple[str, str, int]:
    return vote.listener, vote.session, vote.trial


def _untouched(votes: Sequence[ForeignVote]) -> list[tuple[str, str, int]]:
    pages: dict[tuple[str, str, int], list[float | None]] = {}
    for one in votes:
        pages.setdefault(_page(one), []).append(one.score)
    return [page for page, scores in pages.items() if len(scores) > 1 and set(scores) == {_UNTOUCHED}]


def _of_session(sent: Session, kind: str, method: Method, options: Options) -> Iterator[ForeignVote]:
    places = sent.trials()
    for at, line in enumerate(sent.lines, start=1):
        meant = _meant(line, kind, options)
        milliseconds = number(line.time)
        plain = ForeignVote(
            sent.listener,
            meant.clip,
            meant.condition,
            None,
            role=meant.role,
            # A page with one recording or pair is a trial of its own, though several share a name.
            trial=at if kind in (SINGLE, PAIRED, TRIPLE) else places[line.trial],
            seconds=None if milliseconds is None else round(milliseconds / 1000, 3),
            session=sent.name,
            comment=line.comment,
            stratum=meant.stratum,
        )
        yield from _rated(plain, line.values, kind, method)


def _meant(line: Answered, kind: str, options: Options) -> Meant:
    """Return the clip and the condition: by the key of an export, else by names."""
    if (meant := options.meant(line.stimulus)) is not None:
        return meant
    page = options.meant(line.trial)
    condition, both, clip = line.stimulus.partition("__")
    if both and clip and kind in (SINGLE, MULTI):
        return Meant(cleaned(clip), named(condition), role_of(condition))
    clip = page.clip if page is not None else cleaned(line.trial)
    stratum = page.stratum if page is not None else ""
    return Meant(clip, named(line.stimulus), role_of(line.stimulus), stratum)


def _rated(plain: ForeignVote, values: Sequence[str], kind: str, method: Method) -> Iterator[ForeignVote]:
    if kind == PAIRED:
        score = {"correct": 1.0, "incorrect": 0.0}.get(values[0].casefold())
        yield replace(plain, compared_with=REFERENCE, score=score)
    elif kind == TRIPLE:
        hidden, own = (score_in(value, method) for value in values)
        if hidden is None or own is None:  # one without the other tells no difference
            hidden = own = None
        yield replace(plain, condition=REFERENCE, role="reference", score=hidden, vote=hidden)
        yield replace(plain, score=own, vote=own)
    else:
        given = [score_in(value, method) for value in values]
        for at, scale in enumerate(method.scales):
            score = given[at] if len(given) == len(method.scales) else None
            yield replace(plain, scale=scale, score=score, vote=score)


READER = WebMushra("webmushra", "webMUSHRA or pymushra", 10)
