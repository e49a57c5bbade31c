"""Any table with a vote in each line, or with a column of votes for each condition.

`--map` says which column is what; common names need no word (those of STEP's score files, of our own
`panel votes`, of pandas and R users).
"""

from __future__ import annotations

from collections import Counter
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
from gaplisten.exchange.votes.table import Foreign
from gaplisten.languages import counted
from gaplisten.panel import methods
from gaplisten.panel.imported import ForeignVote, Imported
from gaplisten.panel.methods.contract import Method
from gaplisten.panel.parts import REFERENCE
from gaplisten.panel.reading import whole_number

_NEEDED = ("listener", "clip", "condition", "score")
_MORE = ("compared_with", "scale", "role", "stratum", "talker", "sex", "trial", "seconds", "kind", "comment")
WORDS = (*_NEEDED, *_MORE)
_USUAL = {
    "listener": ("listener", "subject", "participant", "rater", "worker", "workerid", "user", "assessor"),
    "clip": ("clip", "clip_name", "item", "sig", "signal", "stimulus", "sample", "utterance", "sentence"),
    "condition": ("condition", "system", "sys", "algorithm", "method", "model", "codec"),
    "score": ("score", "rating", "vote", "mos", "value", "grade"),
    "compared_with": ("compared_with", "against"),
    "trial": ("trial",),
    "seconds": ("response_seconds",),
}
_UNCHECKED = "what was heard, checks and devices are not in the table: nobody could be left out for them"


@dataclass(frozen=True)
class TableOfVotes(Reader):
    """Whatever has the four columns, under their usual names or as said."""

    def recognises(self, table: Foreign, options: Options) -> bool:
        """Tell whether all that is needed is there."""
        found = _columns(table, options)
        lacking = [word for word in _NEEDED if word not in found]
        return not lacking or (bool(options.scores) and set(lacking) <= {"condition", "score"})

    def read(self, tables: Sequence[Foreign], options: Options) -> Imported:
        """Return the votes."""
        method = _method(tables[0], options)
        votes: list[ForeignVote] = []
        notes: list[str] = []
        talkers: dict[str, tuple[str, str]] = options.talkers()
        for table in tables:
            columns = _columns(table, options)
            _refuse_lacking(table, columns, options, method)
            used = {word: name for word, name in columns.items() if word not in options.columns}
            if said := ", ".join(f"{word} from {name}" for word, name in used.items() if word != name):
                notes.append(f"{table.name}: taken by names: {said}")
            rows = [_Row(record, columns) for record in table.records()]
            votes += [vote for row in rows for vote in _of_row(row, method, options)]
            talkers |= {cleaned(one["clip"]): (one["talker"], one["sex"]) for one in rows if one["talker"]}
            notes += _left(table, rows)
        if lacking := sum(one.score is None for one in votes):
            notes.append(f"{counted(lacking, 'vote')} without a usable score: left empty")
        if method.name == "abc_hr" and not any(one.role == "reference" for one in votes):
            fact = "grades of the hidden reference are not in it"
            raise VotesError(tables[0].name, fact, "ABC/HR needs a line for both, the reference's called so")
        if method.name == "abc_hr":
            votes = _in_trials(votes)
        return Imported("a table", method, tuple(votes), _UNCHECKED, tuple(notes), {}, talkers)


@dataclass(frozen=True)
class _Row:
    cells: dict[str, str]
    columns: dict[str, str]

    def __getitem__(self, word: str) -> str:
        """Return the cell that one of our words stands for; "" where the table has none."""
        return self.cells.get(self.columns.get(word, ""), "").strip()

    @property
    def counts(self) -> bool:
        """Whether it is a vote of the test: not practice or a check of a table of ours."""
        return self["kind"] in ("", "test")


def _columns(table: Foreign, options: Options) -> dict[str, str]:
    """Return the column of each of our words: as said, else by its usual names."""
    found = {word: name for word, name in options.columns.items() if name in table.columns}
    if options.listener in table.columns:
        found.setdefault("listener", options.listener)
    plain = {name.casefold(): name for name in reversed(table.columns)}
    taken = set(found.values()) | set(options.scores)
    for word in WORDS:
        if word in options.columns or word in found:
            continue
        for usual in _USUAL.get(word, (word,)):
            name = plain.get(usual)
            if name is not None and name not in taken:
                found[word] = name
                taken.add(name)
                break
    return found


def _method(table: Foreign, options: Options) -> Method:
    if not options.method:
        way = "say it with --method: acr, dcr, ccr, mushra, abc_hr, ab, abx, ..."
        raise VotesError(table.name, "what these scores are is not in the table", way)
    return methods.method(options.method)


def _refuse_lacking(table: Foreign, columns: dict[str, str], options: Options, method: Method) -> None:
    needed = [word for word in _NEEDED if not (options.scores and word in ("condition", "score"))]
    if method.name == "ab":
        needed.append("compared_with")
    if len(method.scales) > 1:
        needed.append("scale")
    lacking = [word for word in needed if word not in columns]
    unknown = [name for name in (*options.columns.values(), *options.scores) if name not in table.columns]
    if unknown:
        known = ", ".join(table.columns[:20])
        raise VotesError(table.name, f"there is no column {unknown[0]!r}", f"it has: {known}")
    if lacking:
        way = f"say which column it is: --map {lacking[0]}=NAME"
        raise VotesError(table.name, f"which column is the {lacking[0]} is not clear", way)


def _of_row(row: _Row, method: Method, options: Options) -> Iterator[ForeignVote]:
    if not row.counts or not row["listener"] or not row["clip"]:
        return
    if options.scores:
        for name in options.scores:
            yield _vote(row, name, row.cells.get(name, ""), method, options)
    elif row["condition"]:
        yield _vote(row, row["condition"], row["score"], method, options)


def _vote(row: _Row, condition: str, text: str, method: Method, options: Options) -> ForeignVote:
    score = score_in(text, method)
    meant = options.meant(condition) or Meant(
        cleaned(row["clip"]), named(condition), row["role"] or role_of(condition), cleaned(row["stratum"])
    )
    seconds = number(row["seconds"])
    against = row["compared_with"] or (REFERENCE if method.name in ("dcr", "ccr", "abx", "abx_pair") else "")
    scale = row["scale"] if len(method.scales) > 1 else ""
    return ForeignVote(
        cleaned(row["listener"]),
        meant.clip,
        meant.condition,
        score if scale in method.scales else None,
        named(against) if against else "",
        meant.role if meant.role in ("reference", "anchor") else "condition",
        scale,
        whole_number(row["trial"]) or 0,
        None if method.paired or method.name == "ccr" else score,
        seconds,
        comment=cleaned(row["comment"]),
        stratum=meant.stratum,
    )


def _left(table: Foreign, rows: Sequence[_Row]) -> Iterator[str]:
    """Tell which lines are no votes of the test."""
    yield from left_out(table)
    if checks := sum(not row.counts for row in rows):
        yield f"{table.name}: {counted(checks, 'line')} of practice and checks left out"
    if nobody := sum(row.counts and not (row["listener"] and row["clip"]) for row in rows):
        yield f"{table.name}: {counted(nobody, 'line')} without a listener or clip left out"


def _in_trials(votes: Sequence[ForeignVote]) -> list[ForeignVote]:
    """Return grades with numbers of trials, so that each is held against its own hidden reference."""
    if all(one.trial for one in votes):
        return list(votes)
    made = []
    places: dict[tuple[str, str], int] = {}
    times: Counter[str] = Counter()
    for one in votes:
        page = (one.listener, one.clip)
        if page not in places:
            times[one.listener] += 1
            places[page] = times[one.listener]
        made.append(replace(one, trial=places[page]))
    return made


READER = TableOfVotes("table", "a table with a vote in each line", 90)
