"""The ratings CSV as a table of columns: one row is one vote.

A column is one row of `COLUMNS`: what it is called, since which version, what it means, whether it stays
empty until the panel is unsealed, and where its value comes from. The value of an open column is made from
`Given`, which holds nothing but what the listener's side of a trial knows; that of a sealed one from `Truth`.
So no column can tell a condition before its time, however it is written.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gaplisten import __version__
from gaplisten.panel.journal import one_line
from gaplisten.panel.reading import TextTable
from gaplisten.panel.rules import TrialState
from gaplisten.panel.scales import Scale
from gaplisten.panel.trial import WHOLE_TRIAL, Response, Vote, VoteKey
from gaplisten.tables import Cell, csv_cell


def utc(seconds: float) -> str:
    """Return a time as ISO 8601 UTC with milliseconds."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds * 1000) % 1000:03d}Z"


@dataclass(frozen=True)
class PlaybackFacts:
    """How a trial was played, told by the player when the trial is left.

    Parameters
    ----------
    device
        Name of the output device; "" when there was none.
    device_rate
        Its rate in Hz; 0 when there was none.
    underflows
        During this trial; None where nobody can tell.
    latency_ms
        Of the output; None when not known.
    """

    device: str = ""
    device_rate: int = 0
    underflows: int | None = 0
    latency_ms: float | None = None


@dataclass(frozen=True)
class Header:
    """What is the same in every row of a session."""

    panel: str
    panel_sha256: str
    session: str
    listener: str
    language: str


@dataclass(frozen=True)
class Shown:
    """When a trial was shown and left: wall-clock times for people, a monotonic duration for measuring."""

    shown_at: float
    saved_at: float
    response_seconds: float


@dataclass(frozen=True)
class Sounded:
    """What a trial's stimuli were played with."""

    rate: int
    gain_db: float
    playback: PlaybackFacts = field(default_factory=PlaybackFacts)


@dataclass(frozen=True)
class Given:
    """One vote as the listener's side knows it: nothing here tells which condition was heard.

    Parameters
    ----------
    order
        Number of the row in its session, from 1; counts on whatever the clock says.
    trial_code
        Digest of the trial's layout in the plan.
    sealed
        What lay behind it, for who has the panel's key (`gaplisten.panel.seal`).
    """

    header: Header
    state: TrialState
    key: VoteKey
    scale: Scale
    shown: Shown
    sounded: Sounded
    order: int
    trial_code: str
    sealed: str

    @property
    def slot(self) -> int:
        """The slot that the vote is about, or `WHOLE_TRIAL`."""
        return self.key[0]

    @property
    def vote(self) -> Vote:
        """The vote in the form in which it is written."""
        vote = self.state.votes[self.key]
        if self.state.trial.response is Response.GRADES:
            return round(float(vote), 1)
        return vote if isinstance(vote, str) else int(vote)

    @property
    def plays(self) -> int:
        """How often the slot was started; all slots together for a vote on the trial."""
        plays = [one.plays for one in self.state.listened]
        return sum(plays) if self.slot == WHOLE_TRIAL else plays[self.slot]

    @property
    def seconds_heard(self) -> float:
        """For how long the slot was heard; all slots together for a vote on the trial."""
        seconds = [round(one.seconds, 3) for one in self.state.listened]
        return round(sum(seconds), 3) if self.slot == WHOLE_TRIAL else seconds[self.slot]

    def per_slot(self, values: Sequence[str]) -> str:
        """Return values as ``A:2|B:1``."""
        names = [slot.letter or ("R" if slot.named_reference else "S") for slot in self.state.trial.slots]
        return "|".join(f"{name}:{value}" for name, value in zip(names, values, strict=True))


@dataclass(frozen=True)
class Truth:
    """What a panel that runs keeps to itself about one vote."""

    kind: str
    clip: str
    stratum: str
    condition: str
    compared_with: str
    role: str
    stimulus_sha256: str
    slots: str
    score: float | None
    expected: int | str | None
    passed: bool | None


@dataclass(frozen=True)
class Column:
    """One column of the ratings CSV; made by `_open` or `_sealed`.

    Parameters
    ----------
    doc
        What it means, for docs/panels.md.
    since
        The version that wrote it first: files of older ones lack it.
    given, truth
        Where the value comes from; a sealed column has only `truth`, an open one only `given`.
    needed
        Whether a file without it cannot be used at all.
    several
        Whether only methods that ask on several scales have it.
    drawn
        Whether only panels that draw orders from a secret have it.
    number
        Whether it holds a whole number, or any.
    """

    name: str
    doc: str
    since: str
    given: Callable[[Given], Cell] | None = None
    truth: Callable[[Truth], Cell] | None = None
    needed: bool = False
    several: bool = False
    drawn: bool = False
    number: Literal["", "whole", "any"] = ""

    def __post_init__(self) -> None:
        if (self.given is None) == (self.truth is None):
            raise ValueError(f"the column {self.name} must be either open or sealed")

    @property
    def sealed(self) -> bool:
        """Whether it stays empty until the panel is unsealed."""
        return self.truth is not None


def _open(
    name: str,
    doc: str,
    given: Callable[[Given], Cell],
    *,
    since: str = "0.1.0",
    needed: bool = False,
    number: Literal["", "whole", "any"] = "",
) -> Column:
    return Column(name, doc, since, given=given, needed=needed, number=number)


def _sealed(name: str, doc: str, truth: Callable[[Truth], Cell], *, since: str = "0.1.0") -> Column:
    return Column(name, doc, since, truth=truth)


def _position(given: Given) -> int:
    # A trial with one recording is voted on as a whole; the recording's place is the first.
    return 1 if given.slot == WHOLE_TRIAL else given.slot + 1


def _letter(given: Given) -> str:
    return "" if given.slot == WHOLE_TRIAL else given.state.trial.slots[given.slot].letter


def _tags(given: Given) -> str:
    return ";".join(one_line(tag).replace(";", ",") for tag in given.state.tags)


COLUMNS = (
    _open("panel", "title", lambda g: g.header.panel),
    _open(
        "panel_sha256",
        "hash of the whole panel, stimuli included",
        lambda g: g.header.panel_sha256,
        needed=True,
    ),
    _open("session", "name of the session's files", lambda g: g.header.session),
    _open("listener", "name", lambda g: g.header.listener, needed=True),
    _open(
        "order",
        "number of the row in its session, from 1; counts on whatever the clock says",
        lambda g: g.order,
        number="whole",
    ),
    _open(
        "trial",
        "number of the trial in the listener's plan, practice included",
        lambda g: g.state.trial.number,
        needed=True,
        number="whole",
    ),
    _open(
        "trial_code",
        "digest of the trial's layout: rows of another plan are never mixed in",
        lambda g: g.trial_code,
        needed=True,
    ),
    _open("block", "`training` or `test`", lambda g: g.state.trial.block.value),
    _open("method", "see above", lambda g: g.state.trial.method),
    _open("language", "of the wording", lambda g: g.header.language),
    _sealed(
        "kind",
        "`test`, `training`, or the check: `clear_good`, `clear_bad`, `reference_repeat`, `null_pair`,"
        " `gold`, `trap`",
        lambda t: t.kind,
    ),
    _sealed("clip", "clip", lambda t: t.clip),
    _sealed("stratum", "class of its longest burst, or as `clips.strata` says", lambda t: t.stratum),
    _sealed(
        "condition",
        "the condition that the vote is about (`ab`, `abx`: the first of the pair)",
        lambda t: t.condition,
    ),
    _sealed(
        "compared_with",
        "the other one: `reference` (`dcr`, `ccr`) or the second of the pair",
        lambda t: t.compared_with,
    ),
    _sealed("role", "`condition`, `reference` (hidden) or `anchor`", lambda t: t.role),
    _sealed("stimulus_sha256", "hash of the stimulus file", lambda t: t.stimulus_sha256),
    _open("position", "which button of the trial, from 1", _position, needed=True, number="whole"),
    _open("slot", "its letter; empty for one vote on the whole trial", _letter),
    Column(
        "scale",
        "which of several scales; only in files of methods that have several",
        "0.2.0",
        given=lambda g: g.key[1],
        needed=True,
        several=True,
    ),
    _sealed(
        "slots",
        "what lay behind each button, as `A:name|B:name`; `R` an openly named reference, `S` a single"
        " recording",
        lambda t: t.slots,
    ),
    _open("vote", "what the listener pressed or set", lambda g: g.vote, needed=True, number="any"),
    _sealed(
        "score",
        "the vote as a result reads it: `ccr` processed compared with reference (votes on reversed pairs"
        " change sign), `ab` 1 for `condition`, -1 for `compared_with`, 0 for neither, `abx` 1 right,"
        " 0 wrong",
        lambda t: int(t.score) if t.score is not None and float(t.score).is_integer() else t.score,
    ),
    _open("label", "the words of the vote, in the panel's language", lambda g: g.scale.label(g.vote)),
    _sealed("expected", "known answer of a check, the right letter in ABX", lambda t: t.expected),
    _sealed("passed", "whether a check was passed", lambda t: t.passed),
    _open("comment", "free text", lambda g: one_line(g.state.comment)),
    _open("tags", "artefact tags, separated by `;`", _tags),
    _open(
        "plays",
        "how often it was started (all slots together for one vote on the trial)",
        lambda g: g.plays,
        number="whole",
    ),
    _open(
        "plays_per_slot",
        "as `A:2|B:1`",
        lambda g: g.per_slot([str(one.plays) for one in g.state.listened]),
    ),
    _open("seconds_heard", "seconds played", lambda g: g.seconds_heard, number="any"),
    _open(
        "seconds_per_slot",
        "as `A:12.300|B:8.100`",
        lambda g: g.per_slot([f"{round(one.seconds, 3):.3f}" for one in g.state.listened]),
    ),
    _open(
        "response_seconds",
        "from showing the trial to leaving it; measured with a clock that cannot be set",
        lambda g: round(g.shown.response_seconds, 3),
        number="any",
    ),
    _open("shown_at", "ISO 8601, UTC", lambda g: utc(g.shown.shown_at)),
    _open("saved_at", "ISO 8601, UTC", lambda g: utc(g.shown.saved_at)),
    _open("device", "output device", lambda g: one_line(g.sounded.playback.device)),
    _open("device_rate", "its rate in Hz", lambda g: g.sounded.playback.device_rate or None, number="whole"),
    _open("rate", "of the clip, in Hz", lambda g: g.sounded.rate, number="whole"),
    _open("gain_db", "the clip's one gain", lambda g: round(g.sounded.gain_db, 4), number="any"),
    _open(
        "underflows",
        "of the output during this trial; empty where it cannot tell (some browsers)",
        lambda g: g.sounded.playback.underflows,
        number="whole",
    ),
    _open("latency_ms", "of the output", lambda g: g.sounded.playback.latency_ms, number="any"),
    Column(
        "sealed",
        "what the columns marked *sealed* will hold, to be read by who has `key.bin` only; not in files of"
        " the first version's panels",
        "0.2.0",
        given=lambda g: g.sealed,
        drawn=True,
    ),
    _open("version", "of Gaplisten", lambda g: __version__),
)

SEALED = tuple(column.name for column in COLUMNS if column.sealed)


def columns_for(scales: Sequence[str], *, drawn: bool = True) -> tuple[Column, ...]:
    """Return the columns of a panel that asks on these scales, and draws its orders from a secret or not."""
    return tuple(
        column
        for column in COLUMNS
        if (len(scales) > 1 or not column.several) and (drawn or not column.drawn)
    )


def names_of(columns: Sequence[Column]) -> tuple[str, ...]:
    """Return the header."""
    return tuple(column.name for column in columns)


def needed_of(columns: Sequence[Column]) -> tuple[str, ...]:
    """Return the names without which a file cannot be used at all."""
    return tuple(column.name for column in columns if column.needed)


def rows_of(
    state: TrialState,
    scales: Mapping[str, Scale],
    header: Header,
    shown: Shown,
    sounded: Sounded,
    first: int,
    trial_code: str,
    seal: Callable[[], str] | None,
) -> list[dict[str, Cell]]:
    """Return the rows of a trial that is left: one for each vote, sealed columns empty.

    Parameters
    ----------
    first
        The order number of the first row.
    seal
        Makes the cell `sealed` of a row, another one each time; None in panels of the first design.
    """
    rows, columns = [], columns_for(state.trial.scales, drawn=seal is not None)
    for order, key in enumerate(state.trial.wanted_votes, start=first):
        cell = seal() if seal is not None else ""
        given = Given(header, state, key, scales[key[1]], shown, sounded, order, trial_code, cell)
        rows.append({one.name: one.given(given) if one.given is not None else None for one in columns})
    return rows


def filled_in(row: Mapping[str, str], truth: Truth) -> dict[str, str]:
    """Return a row as it is read, its sealed columns filled in and all others as they were."""
    return {**row, **{name: csv_cell(of(truth)) for name, of in _TRUTHS}}


_TRUTHS = [(one.name, one.truth) for one in COLUMNS if one.truth is not None]
_WHOLE = re.compile(r"([+-]?\d+)[.,]0+")
_COMMA = re.compile(r"[+-]?\d+,\d+")
_NUMBERS = {column.name: column.number for column in COLUMNS if column.number}


def tidied(response: Response) -> Callable[[TextTable], TextTable]:
    """Return what puts numbers of a table back into the form in which they were written.

    Where all have that form, the table itself is returned. It has every column that holds a number.

    Spreadsheets write ``0,4`` for 0.4 in some countries, pandas ``3.0`` for 3.
    """
    numbers = {**_NUMBERS, "vote": "any" if response is Response.GRADES else "whole"}

    def tidy(table: TextTable) -> TextTable:
        changed = {}
        for name, kind in numbers.items():
            cells = table.columns[name]
            together = "".join(cells)
            if "," not in together and (kind != "whole" or "." not in together):
                continue  # as in nearly all files
            made = tuple([_tidy(cell, kind) for cell in cells])
            if made != tuple(cells):
                changed[name] = made
        return TextTable({**table.columns, **changed}, table.count) if changed else table

    return tidy


def _tidy(cell: str, kind: str) -> str:
    """Return a number as it was written; the cell itself where it is."""
    if kind == "whole" and (found := _WHOLE.fullmatch(cell)):
        return found[1]
    return cell.replace(",", ".") if _COMMA.fullmatch(cell) else cell


def as_markdown() -> str:
    """Return the table of the columns for docs/panels.md."""
    rows = [f"| `{one.name}` | {'*sealed*; ' if one.sealed else ''}{one.doc} |" for one in COLUMNS]
    return "\n".join(["| column | meaning |", "|---|---|", *rows])
