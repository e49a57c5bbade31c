"""The sealed part of a built panel: which opaque code is which clip and condition."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from gaplisten.panel.definition import PanelDefinition
from gaplisten.panel.planned import Planned, Use
from gaplisten.panel.safety import LARGEST_UNPACKED_KEY, UntrustedPanel

# Not secrecy: whoever wants to cheat can. It keeps a glance into the folder from telling anything.
_MAGIC = b"GLKEY1\n"
LATEST_DESIGN = 2


class Part(StrEnum):
    """What a clip is in the panel for."""

    TEST = "test"
    TRAINING = "training"
    CHECK = "check"


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StimulusKey(_Value):
    """One frozen sound.

    Parameters
    ----------
    code
        Opaque; the file is `stimuli/CODE.wav`.
    expected, within
        The known answer of gold and trap trials.
    answers
        Those of gold trials on several scales, by scale.
    """

    code: str = Field(pattern=r"^[0-9a-f]{16}$")
    clip: str
    condition: str
    use: Use
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    expected: int | None = None
    within: float = 0
    answers: dict[str, int] = {}


class ClipKey(_Value):
    """One clip: its clock, its one gain and how that came about.

    `boundaries` are the frames at which gaps begin and end: fades of switches and loops keep clear of them.
    """

    name: str
    stratum: str
    rate: int = Field(ge=1000, le=768_000)
    frames: int = Field(ge=1, le=2**31)
    channels: int = Field(ge=1, le=2)
    gain: float = Field(gt=0, le=1000, allow_inf_nan=False)
    gain_db: float = Field(allow_inf_nan=False)
    gain_reason: str = ""
    part: Part = Part.TEST
    talker: str = ""
    sex: str = ""
    notes: list[str] = []
    boundaries: list[Annotated[int, Field(ge=0, le=2**31)]] = Field(default=[], max_length=1_000_000)


class ConditionKey(_Value):
    """How a condition's sounds came about: files, or a plugin with its parameters and digest."""

    name: str
    source: str
    parameters: dict[str, str | int | float | bool] = {}
    digest: str = ""


class StepSound(_Value):
    """The sounds and the right answer of one step before the start.

    Parameters
    ----------
    answer
        Of a task whose order is drawn, the place in `codes` of what is to be named, from 1.
    drawn
        Whether it is one of several, drawn for each listener, attempt and task, in an order drawn too.
    group
        Tasks take their sounds from the groups in turn.
    """

    kind: str
    codes: list[str]
    answer: str = ""
    drawn: bool = False
    group: int = 0


class Key(_Value):
    """Everything a session and its evaluation need to know about a built panel.

    Parameters
    ----------
    design
        Which design gives the listeners their orders; the first one in panels that the first version built.
    secret
        What codes and orders are drawn from, new at each building; "" in the first design, whose orders
        follow from what anybody can read.
    found
        What was counted when the panel was built, as (what, value).
    """

    format: int = Field(default=1, ge=1, le=1)
    design: int = Field(default=1, ge=1, le=LATEST_DESIGN)
    secret: str = Field(default="", max_length=100)
    found: list[tuple[str, str]] = Field(default=[], max_length=200)
    version: str
    definition: PanelDefinition
    clips: list[ClipKey] = Field(max_length=25_000)
    conditions: list[ConditionKey] = Field(max_length=200)
    stimuli: list[StimulusKey] = Field(max_length=500_000)
    steps: list[StepSound] = Field(default=[], max_length=200)
    _text: bytes = PrivateAttr(default=b"")  # as it was read: another version would write it otherwise

    @cached_property
    def by_code(self) -> dict[str, StimulusKey]:
        """Stimuli by their codes."""
        return {one.code: one for one in self.stimuli}

    @cached_property
    def clip_of(self) -> dict[str, ClipKey]:
        """Clips by their names."""
        return {clip.name: clip for clip in self.clips}

    @cached_property
    def _by_what(self) -> dict[tuple[str, str, Use], str]:
        return {(one.clip, one.condition, one.use): one.code for one in self.stimuli}

    @cached_property
    def place_of(self) -> dict[str, int]:
        """A number for the name of each clip and condition that has a sound."""
        names = {name for one in self.stimuli for name in (one.clip, one.condition)}
        return {name: place for place, name in enumerate(sorted(names))}

    @cached_property
    def laid_out(self) -> dict[tuple[object, ...], Planned]:
        """Trials as they were laid out already, by what they are; filled by who lays them out."""
        return {}

    def code(self, clip: str, condition: str, use: Use = Use.TEST) -> str:
        """Return the code of a stimulus (KeyError when the panel has none such)."""
        return self._by_what[clip, condition, use]

    def of_use(self, *uses: Use) -> Iterable[StimulusKey]:
        """Return the stimuli that are there for these uses, in the order of building."""
        return [one for one in self.stimuli if one.use in uses]

    @cached_property
    def sha256(self) -> str:
        """The panel's hash: over definition, order-giving seed, codes and the stimuli's own hashes."""
        return hashlib.sha256(self._json()).hexdigest()

    @cached_property
    def trial_salt(self) -> str:
        """What the codes of trials in the ratings are made with: they tell nothing to who has no key."""
        return (
            hashlib.sha256(f"{self.secret}\x1f{self.sha256}".encode()).hexdigest()
            if self.secret
            else self.sha256
        )

    def _json(self) -> bytes:
        return self._text or self.model_dump_json().encode("utf-8")

    def sealed(self) -> bytes:
        """Return the bytes of the key file."""
        return _MAGIC + zlib.compress(self._json(), 9)


def open_key(data: bytes, where: str) -> Key:
    """Return the key in a key file's bytes.

    Raises
    ------
    UntrustedPanel
        If these are not the bytes of a key, or too many of them.
    """
    unpack = zlib.decompressobj()
    try:
        if not data.startswith(_MAGIC):
            raise UntrustedPanel(where, "this is no panel key", "build the panel again")
        text = unpack.decompress(data[len(_MAGIC) :], LARGEST_UNPACKED_KEY)
        if unpack.unconsumed_tail or not unpack.eof:
            raise UntrustedPanel(
                where, "the panel key is too large or cut off", "copy or build the panel again"
            )
        key = Key.model_validate_json(text)
        key._text = text
        return key
    except zlib.error as error:
        raise UntrustedPanel(where, "the panel key is damaged", "copy or build the panel again") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise UntrustedPanel(
            where, f"the panel key cannot be used: {field}: {first['msg']}", "build it again"
        ) from error
