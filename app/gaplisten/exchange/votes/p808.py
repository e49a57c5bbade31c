"""The P.808 Toolkit's results: every vote that its parser let pass (`..._all_votes_per_clip.csv`).

A line is one vote on one scale; which clip and condition it is of stands in the file's name, from which the
toolkit has taken the condition by a pattern. The report of its cleaning, beside it or given too, says whom it
left out and why.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gaplisten.exchange.votes.contract import (
    Meant,
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

_VOTES = ("workerid", "assignment_id", "file", "vote", "question_type")
_CLEANING = ("worker_id", "assignment", "accept_and_use")
# What a vote is called in the toolkit's table: methods by their names, and the scales of those with several.
METHODS = {"MOS": "acr", "DMOS": "dcr", "CMOS": "ccr"}
SCALES = {
    "p835": {"MOS_SIG": "signal", "MOS_BAK": "background", "MOS_OVRL": "overall"},
    "p804": {
        "MOS_NOISE": "noisiness",
        "MOS_LOUD": "loudness",
        "MOS_DISC": "discontinuity",
        "MOS_COL": "coloration",
        "MOS_REVERB": "reverberation",
        "MOS_SIG": "signal",
        "MOS_OVRL": "overall",
    },
}
_UNCHECKED = (
    "the toolkit's own screening was applied before (all played, trap, gold, headphones, room, variance); "
    "plays, seconds, orders and devices are not in its table and could not be checked here"
)
_PLACE = re.compile(r"_?c\d{1,3}_", re.ASCII | re.IGNORECASE)  # as in the pattern that the toolkit ships


@dataclass(frozen=True)
class P808(Reader):
    """The long table of votes, and the report of the cleaning."""

    def recognises(self, table: Foreign, options: Options) -> bool:
        """Tell whether it is one of the two."""
        return table.has(*_VOTES) or table.has(*_CLEANING)

    def read(self, tables: Sequence[Foreign], options: Options) -> Imported:
        """Return the votes."""
        lists = [table for table in tables if table.has(*_VOTES)]
        if not lists:
            way = "give ..._all_votes_per_clip.csv as well"
            raise VotesError(tables[0].name, "it tells who was left out, and holds no votes", way)
        records = [record for table in lists for record in table.records()]
        once = list({tuple(record.values()): record for record in records}.values())
        method = _method(lists[0].name, {record["question_type"] for record in once}, options)
        keys = lists[0].columns[lists[0].columns.index("question_type") + 1 :]
        votes = _votes(once, method, keys, options)
        notes = [said for table in tables if table.has(*_CLEANING) for said in _cleaned_by(table)]
        if not any(table.has(*_CLEANING) for table in tables):
            notes.append("whom the toolkit left out is not known: give ..._data_cleaning_report.csv as well")
        if len(once) < len(records):
            repeats = counted(len(records) - len(once), "line")
            notes.append(f"{repeats} stood there again; each counts once")
        notes += [said for table in tables for said in left_out(table)]
        if lacking := sum(one.score is None for one in votes):
            notes.append(f"{counted(lacking, 'vote')} without a usable answer: left empty")
        if not options.key:
            notes.append("clips and conditions are told by file names: give the export's key.csv with --key")
        tool = "the P.808 Toolkit"
        return Imported(tool, method, tuple(votes), _UNCHECKED, tuple(notes), {}, options.talkers())


def _method(name: str, types: set[str], options: Options) -> Method:
    single = {METHODS[one] for one in types if one in METHODS}
    if len(types) == 1 and single:
        usual = single.pop()
        allowed = ("acr_effort", "acr_annoyance") if usual == "acr" else ()
        return options.chosen(usual, *allowed)
    fitting = [one for one, scales in SCALES.items() if types == set(scales)]
    if not fitting:
        fact = f"its votes are of no method that is known here ({', '.join(sorted(types)[:10])})"
        raise VotesError(name, fact, "give the whole table of one test")
    return options.chosen(fitting[0])


def _votes(
    records: Sequence[dict[str, str]], method: Method, keys: Sequence[str], options: Options
) -> list[ForeignVote]:
    clips = _clips({_stem(record["file"]): _told(record, keys) for record in records})
    places: dict[tuple[str, str, str], int] = {}
    times: Counter[str] = Counter()
    made = []
    scales = SCALES.get(method.name, {})
    for record in records:
        worker = cleaned(record["workerid"])
        page = (worker, record["assignment_id"], record["file"])
        if page not in places:
            times[worker] += 1
            places[page] = times[worker]
        meant = _meant(record, keys, clips, options)
        score = score_in(record["vote"], method)
        made.append(
            ForeignVote(
                worker,
                meant.clip,
                meant.condition,
                score,
                REFERENCE if method.name in ("dcr", "ccr") else "",
                meant.role,
                scales.get(record["question_type"], ""),
                places[page],
                # Of pairs the page has turned the sign already: what was pressed is not known.
                None if method.name == "ccr" else score,
                session=cleaned(record["assignment_id"]),
                stratum=meant.stratum,
            )
        )
    return made


def _stem(file: str) -> str:
    return file.rsplit("/", 1)[-1].rsplit(".", 1)[0]


def _told(record: dict[str, str], keys: Sequence[str]) -> str:
    """Return the condition as the toolkit's pattern found it; "" where it found none."""
    return "_".join(record[key] for key in keys if key and key != "Unknown" and record[key])


def _clips(conditions: dict[str, str]) -> dict[str, str]:
    """Return the clip of each file: its name without the condition, or what stands before that.

    The second where by the first no clip would be there in two conditions, as where a random text ends each
    name.
    """
    without = {stem: cleaned(_PLACE.sub("_", stem, count=1).strip("_")) or stem for stem in conditions}
    before = {stem: cleaned(_PLACE.split(stem, maxsplit=1)[0]) or stem for stem in conditions}

    def shared(clips: dict[str, str]) -> bool:
        return len({(clips[stem], told) for stem, told in conditions.items()}) > len(set(clips.values()))

    return before if shared(before) and not shared(without) else without


def _meant(record: dict[str, str], keys: Sequence[str], clips: dict[str, str], options: Options) -> Meant:
    """Return the clip and the condition: by the key of an export, else by the file's name."""
    stem, condition = _stem(record["file"]), _told(record, keys)
    if (meant := options.meant(stem)) is not None:
        return meant
    if not condition:
        way = "give the export's key.csv with --key, or a pattern to the toolkit's parser"
        raise VotesError(record["file"], "which condition this file is of is not in the table", way)
    return Meant(clips[stem], named(condition), role_of(condition))


def _cleaned_by(table: Foreign) -> list[str]:
    """Return whom the toolkit's cleaning left out, and why."""
    records = table.records()
    out = [one for one in records if one["accept_and_use"].strip() not in ("1", "1.0", "True", "true")]
    said = [f"the toolkit used {len(records) - len(out)} of {counted(len(records), 'session')}"]
    for one in out[:50]:
        why = (
            cleaned(one.get("Reject", ""))
            or cleaned(one.get("failures", "").strip("[]"))
            or "no reason given"
        )
        said.append(f"left out by the toolkit: {cleaned(one['worker_id'])} ({why})")
    if len(out) > 50:
        said.append(f"left out by the toolkit: {counted(len(out) - 50, 'more session', 'more sessions')}")
    return said


READER = P808("p808", "the P.808 Toolkit's table of votes", 20)
