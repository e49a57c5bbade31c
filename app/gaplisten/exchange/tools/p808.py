"""A built panel for the P.808 Toolkit: the clips to upload, and the lists that its `master_script.py` takes.

Workers see addresses, so files have opaque names: no list that leaves this machine tells a clip or a
condition, and the key stays. Gold and trapping clips are the panel's own checks with known answers. What the
toolkit asks before (headphones, room) comes from itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gaplisten.durable.folders import whole_folder
from gaplisten.exchange.outgoing import (
    ExportError,
    Sound,
    key_row,
    opaque,
    test_clips,
    write_key,
    write_sounds,
)
from gaplisten.exchange.tools.contract import Request, Tool
from gaplisten.exchange.votes.p808 import SCALES
from gaplisten.jobs import Job
from gaplisten.languages import counted
from gaplisten.panel.frozen import FrozenPanel, open_panel
from gaplisten.panel.key import StimulusKey
from gaplisten.panel.order import shuffled
from gaplisten.panel.parts import REFERENCE
from gaplisten.panel.planned import Use
from gaplisten.tables import Table, write_csv

UPLOAD = "upload"
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?(/[A-Za-z0-9._~-]+)*/?", re.ASCII)
_METHODS = ("acr", "dcr", "ccr", "p835", "p804")
_PAIRS = ("dcr", "ccr")
_GOLDS = (Use.GOOD, Use.BAD, Use.GOLD)
_OVERALL = "overall"


@dataclass(frozen=True)
class Exported:
    """What an export made.

    Parameters
    ----------
    method
        As `master_script.py --method` calls it.
    lists
        The files that it takes, by the name of its option.
    """

    folder: Path
    method: str
    lists: dict[str, str]
    sounds: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Heard:
    """A sound, with the answer that is known of it."""

    sound: Sound
    of: StimulusKey


def export_input(panel: FrozenPanel, out: Path, address: str, job: Job | None = None) -> Exported:
    """Write a panel's clips and the toolkit's lists of them; the folder appears only when whole.

    Parameters
    ----------
    address
        Where the clips will be fetched from: an https address, without a file's name.

    Raises
    ------
    ExportError
        If the toolkit cannot run such a panel, the address is none, or the folder cannot be written.
    """
    if not _ADDRESS.fullmatch(address):
        fact = "it is no plain https address (workers' pages fetch clips by https only)"
        raise ExportError(f"--url {address[:200]}", fact, "give one as https://clips.example.org/test1")
    asked = _Asked(panel, address.rstrip("/") + "/")
    lists = asked.lists()
    sounds = [one.sound for one in asked.every]
    with whole_folder(out, ExportError) as part:
        clips: dict[str, list[Sound]] = {}
        for one in sounds:
            clips.setdefault(one.clip.name, []).append(one)
        gains, said = write_sounds(panel, clips, lambda one: part / _path(one), job, channels=1)
        for name, table in lists.items():
            write_csv(part / f"{name}.csv", table)
        write_key(part, [key_row(one, gains[one.clip.name], part, _path(one)) for one in sounds])
    named = {name: f"{name}.csv" for name in lists}
    return Exported(out, asked.method, named, len(sounds), (*said, *asked.notes()))


def _path(sound: Sound) -> str:
    return f"{UPLOAD}/{sound.name}.wav"


class _Asked:
    """What a panel's clips are for the toolkit."""

    def __init__(self, panel: FrozenPanel, address: str) -> None:
        method = panel.definition.method
        if method.name not in _METHODS:
            known = ", ".join(_METHODS)
            fact = f"it has pages for {known} only"
            if method.name.startswith("acr_"):
                fact = "its page asks for the quality in five categories of its own"
            way = "take the panel here (panel run, panel serve), or build one of another method"
            raise ExportError(f"{method.title} for the P.808 Toolkit", fact, way)
        self.panel, self.method, self.address = panel, method.name, address
        self.clips = {clip.name for clip in test_clips(panel)}
        conditions = panel.definition.design.conditions
        self.rated = [
            one for one in self._of(Use.TEST) if one.of.condition in conditions and one.of.clip in self.clips
        ]
        opened = {
            one.of.clip: one for one in (*self._of(Use.TEST), *self._of(Use.OPEN)) if _is_reference(one)
        }
        self.references = opened if self.method in _PAIRS else {}
        if self.method in _PAIRS:
            # The parser skips what has the address of its trap, a reference: so that one is never rated.
            self.rated = [one for one in self.rated if one.of.condition != REFERENCE]
        self.golds = [] if self.method in _PAIRS else self._of(*_GOLDS)
        self.traps = [] if self.method in _PAIRS else self._of(Use.TRAP)
        self._check()

    def _of(self, *uses: Use) -> list[_Heard]:
        clips = self.panel.key.clip_of
        return [
            _Heard(Sound(self._name(one), clips[one.clip], one.condition, _role(one), one.code), one)
            for one in self.panel.key.of_use(*uses)
        ]

    def _name(self, one: StimulusKey) -> str:
        return opaque(self.panel, "s", "p808", one.code)

    def _check(self) -> None:
        what = f"{self.panel.definition.method.title} for the P.808 Toolkit"
        if self.method in _PAIRS:
            if lacking := sorted(self.clips - self.references.keys()):
                raise ExportError(what, f"{lacking[0]} has no reference", "build the panel again")
            return
        if not self.traps:
            fact = "each of its sessions holds a trapping clip, and the panel has none"
            raise ExportError(what, fact, "build it with [checks] spoken_traps = 1, or [[checks.trap]] files")
        if not self.golds or (self.method == "p804" and len(self.golds) < 2):
            need = "two gold clips" if self.method == "p804" else "a gold clip"
            fact = f"each of its sessions holds {need}, and the panel has {len(self.golds)}"
            way = "build it with [checks] clear_good = 1 and clear_bad = 1, or [[checks.gold]]"
            raise ExportError(what, fact, way)

    @property
    def every(self) -> list[_Heard]:
        """All sounds that are uploaded, each once."""
        found = (*self.rated, *self.references.values(), *self.golds, *self.traps, *self._training())
        return list({one.sound.name: one for one in found}.values())

    def _training(self) -> list[_Heard]:
        """Return the panel's own practice, else one clip in all its conditions."""
        own = self._of(Use.TRAINING)
        if own and self.method not in _PAIRS:
            return own
        return [one for one in self.rated if one.of.clip == self.rated[0].of.clip]

    def _url(self, one: _Heard) -> str:
        return f"{self.address}{one.sound.name}.wav"

    def lists(self) -> dict[str, Table]:
        """Return the toolkit's lists by the names of its options; each in an order that tells nothing."""
        rated = shuffled(self.rated, self.panel.salt, "p808")
        made = {"clips": self._clips("rating_clips", "references", rated)}
        made["training_clips"] = self._clips("training_clips", "training_references", self._training())
        if self.method in _PAIRS:
            return made
        traps = tuple((self._url(one), one.of.expected) for one in self.traps)
        return made | {
            "gold_clips": self._gold(),
            "trapping_clips": Table(("trapping_clips", "trapping_ans"), traps),
        }

    def _clips(self, column: str, beside: str, of: Sequence[_Heard]) -> Table:
        if self.method not in _PAIRS:
            return Table((column,), tuple((self._url(one),) for one in of))
        pairs = tuple((self._url(one), self._url(self.references[one.of.clip])) for one in of)
        return Table((column, beside), pairs)

    def _gold(self) -> Table:
        if self.method != "p804":
            answers = tuple((self._url(one), _overall(one.of)) for one in self.golds)
            return Table(("gold_clips", "gold_clips_ans"), answers)
        ends = {ours: theirs.removeprefix("MOS_").lower() for theirs, ours in SCALES["p804"].items()}
        heads = ("gold_url", "ver", *(f"{end}_ans" for end in ends.values()))
        rows = []
        for at, one in enumerate(self.golds):
            # Each session gets one of version 1 and one of version 2.
            known: Mapping[str, int | None] = one.of.answers or {_OVERALL: one.of.expected}
            rows.append((self._url(one), at % 2 + 1, *(known.get(scale) for scale in ends)))
        return Table(heads, tuple(rows))

    def notes(self) -> Iterator[str]:
        """Say what the toolkit does in another way, and what stays behind."""
        yield f"number_of_clips_per_session: at most {len(self.rated)}, or clips come twice in a session"
        if self.method in _PAIRS:
            yield "trapping clips are references against themselves, as the toolkit makes them; no gold clips"
            if REFERENCE in self.panel.definition.design.conditions:
                yield "the hidden reference is not rated: the toolkit takes it for a trap"
        if any(one.of.within != 1 for one in self.golds if one.of.use is Use.GOLD):
            yield "gold clips pass within 1, whatever the panel says"
        if not self.panel.key.of_use(Use.TRAINING) or self.method in _PAIRS:
            yield "training clips are one clip in all conditions"
        yield "no file name tells a condition: their means come from panel import --key, not from its parser"
        yield "orders, repeats, questions, consent and steps stay behind: the toolkit has its own"


def _is_reference(one: _Heard) -> bool:
    return one.of.condition == REFERENCE


def _overall(one: StimulusKey) -> int | None:
    return one.answers.get(_OVERALL, one.expected) if one.answers else one.expected


def _role(one: StimulusKey) -> str:
    if one.use in (*_GOLDS, Use.TRAP, Use.TRAINING):
        return one.use.value
    return "reference" if one.condition == REFERENCE else "condition"


def _export(asked: Request, job: Job | None) -> list[str]:
    made = export_input(open_panel(asked.folder), asked.out, asked.address, job)
    out, lists = asked.out, " ".join(f"--{option} {file}" for option, file in made.lists.items())
    return [
        f"{out}: {counted(made.sounds, 'sound')}; upload what is in {out / UPLOAD} to {asked.address}",
        f"in {out}: python master_script.py --project NAME --cfg master.cfg --method {made.method} {lists}",
        f"{out / 'key.csv'} says what the names stand for: keep it, and give it to panel import --key",
        *made.notes,
    ]


TOOL = Tool(
    "P.808 Toolkit: clips and lists",
    "What master_script.py takes, for ACR, DCR, CCR, P.835 and P.804; you upload the clips to an address of"
    " yours.",
    _export,
    place=2,
    fetches=True,
)
