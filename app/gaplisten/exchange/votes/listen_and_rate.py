"""listen-and-rate's results: a CSV or JSON file for each session.

Pairs are written in the alphabetical order of their conditions, whatever the listener heard first: which
side was chosen is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gaplisten.exchange.votes.contract import (
    Options,
    Reader,
    VotesError,
    cleaned,
    left_out,
    named,
    role_of,
    score_in,
)
from gaplisten.exchange.votes.table import Foreign
from gaplisten.languages import counted
from gaplisten.panel.imported import ForeignVote, Imported
from gaplisten.panel.methods.contract import Method
from gaplisten.panel.parts import REFERENCE

_METHODS = {"mos": "acr", "dmos": "dcr", "cmos": "ccr", "ab": "ab", "abx": "abx", "mushra": "mushra"}
_OWN = (
    "session_id", "timestamp", "test_type", "system", "item", "utterance", "rating", "system_a", "system_b",
    "winner", "correct", "closer", "tool_version", "position", "first",
)  # fmt: skip
_UNCHECKED = (
    "what was heard, orders, sides, checks and devices are not in such files: "
    "nobody could be left out for them"
)


@dataclass(frozen=True)
class ListenAndRate(Reader):
    """Files of all its tests but the one that asks which of two is closer."""

    def recognises(self, table: Foreign, options: Options) -> bool:
        """Tell whether it is such a file."""
        return table.has("session_id", "test_type") and (
            table.has("system") or table.has("system_a", "system_b")
        )

    def read(self, tables: Sequence[Foreign], options: Options) -> Imported:
        """Return the votes of one kind of test."""
        records = [record for table in tables for record in table.records()]
        kinds = list(dict.fromkeys(record["test_type"].casefold() for record in records))
        first = tables[0].name
        if len(kinds) != 1:
            fact = f"tests of several kinds are in it: {', '.join(kinds)}" if kinds else "no votes are in it"
            raise VotesError(first, fact, "import one test at a time")
        if kinds[0] not in _METHODS:
            fact = f"votes of the test {kinds[0][:40]!r} have no counterpart here"
            raise VotesError(first, fact, f"known are {', '.join(_METHODS)}")
        allowed = ("acr_effort", "acr_annoyance") if kinds[0] == "mos" else ()
        method = options.chosen(_METHODS[kinds[0]], *allowed)
        once = list({tuple(record.items()): record for record in records}.values())
        votes = [_vote(record, method, options, first) for record in once]
        notes = [said for table in tables for said in left_out(table)]
        if len(once) < len(records):
            notes.append(f"{counted(len(records) - len(once), 'line')} stood there again; each counts once")
        if lacking := sum(one.score is None for one in votes):
            notes.append(f"{counted(lacking, 'vote')} without a usable answer: left empty")
        answers = {
            _listener(record, options): {
                name: cleaned(cell) for name, cell in record.items() if name not in _OWN and cell
            }
            for record in once
        }
        kept = {name: own for name, own in answers.items() if own}
        return Imported("listen-and-rate", method, tuple(votes), _UNCHECKED, tuple(notes), kept)


def _listener(record: dict[str, str], options: Options) -> str:
    return cleaned(record.get(options.listener, "")) or cleaned(record["session_id"]) or "nobody"


def _vote(record: dict[str, str], method: Method, options: Options, name: str) -> ForeignVote:
    clip = cleaned(record.get("item", "") or record.get("utterance", "")) or "clip"
    session = cleaned(record["session_id"])
    if "system_a" not in record:
        system, rated = record["system"], score_in(record.get("rating", ""), method)
        against = REFERENCE if method.name == "dcr" else ""
        role = role_of(system)
        return ForeignVote(
            _listener(record, options), clip, named(system), rated, against, role, vote=rated, session=session
        )
    one, other = named(record["system_a"]), named(record["system_b"])
    score = _of_pair(record, method)
    if method.name == "ccr":
        if REFERENCE not in (one, other):
            fact = f"it compares {one} with {other}, and CCR here compares with the reference"
            raise VotesError(
                name, fact, "only comparisons with a condition called reference can be taken over"
            )
        # The number says how much better the second one is.
        if other == REFERENCE:
            one, other = other, one
            score = -score if score is not None else None
        one, other = other, one
    return ForeignVote(_listener(record, options), clip, one, score, other, session=session)


def _of_pair(record: dict[str, str], method: Method) -> float | None:
    if method.name == "abx":
        return {"true": 1.0, "1": 1.0, "false": 0.0, "0": 0.0}.get(record.get("correct", "").casefold())
    if method.name == "ab":
        said = record.get("winner", "")
        for preferred, names in ((1.0, ("a", record["system_a"])), (-1.0, ("b", record["system_b"]))):
            if said in names:
                return preferred
        return 0.0 if said in ("=", "tie") else None
    return score_in(record.get("rating", ""), method)


READER = ListenAndRate("listen_and_rate", "listen-and-rate", 30)
