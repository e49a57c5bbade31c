"""The tables of a panel's TOML file, as validated values."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gaplisten.panel.rules import Heard
from gaplisten.panel.safety import UntrustedPanel, clean_name

REFERENCE = "reference"  # what the reference is called where it stands among conditions
SPOKEN = "spoken trap"  # what the clips of attention trials are called that the panel makes itself
MOST_TRIALS = 5000
Pairing = Literal["same clips", "different clips"]


def _name(text: str) -> str:
    try:
        return clean_name(text, "name")
    except UntrustedPanel as error:
        raise ValueError(error.fact) from error


Name = Annotated[str, AfterValidator(_name)]
Text = Annotated[str, Field(max_length=20_000)]
Count = Annotated[int, Field(ge=0, le=1000)]
Path_ = Annotated[str, Field(min_length=1, max_length=4096)]


class Part(BaseModel):
    """A table of the file: unknown keys are errors, values never change, no guessing between types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PerStratum(Part):
    """How many clips of each burst-length class."""

    short: Count = 0
    medium: Count = 0
    long: Count = 0
    beyond: Count = 0


class ClipsPart(Part):
    """Which clips: all of the folders, the named ones, or some of each burst-length class; and their strata.

    Parameters
    ----------
    strata, strata_column
        A table with a row for each clip, and its column that tells clips apart in place of bursts.
    """

    folders: list[Path_] = Field(min_length=1, max_length=1000)
    reference_folder: Path_ | None = None
    packet_ms: float = Field(default=20.0, gt=0.1, le=1000)
    raw: Text | None = None
    channels: Text | None = None
    names: list[str] | None = Field(default=None, max_length=MOST_TRIALS)
    talkers: Path_ | None = None
    talker_names: Text = ""
    per_stratum: PerStratum | None = None
    strata: Path_ | None = None
    strata_column: Text = ""

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if self.names is not None and self.per_stratum is not None:
            raise ValueError("say either names or per_stratum, not both")
        if self.names is not None and not self.names:
            raise ValueError("names is empty; leave it out for all clips")
        if self.talkers is not None and self.talker_names:
            raise ValueError("say either talkers (a table) or talker_names (a pattern), not both")
        if (self.strata is None) is not (not self.strata_column):
            raise ValueError("strata (a table) and strata_column belong together")
        if self.strata is not None and self.per_stratum is not None:
            raise ValueError("per_stratum draws clips by their bursts; leave strata or it out")
        return self


class ConditionPart(Part):
    """A system under test: files, a concealer, the lossy file; or the reference, as it is or under noise."""

    name: Name
    files: str | None = None
    concealer: str | None = Field(default=None, max_length=200)
    parameters: dict[str, str | int | float | bool] = Field(default_factory=dict, max_length=100)
    lossy: bool = False
    reference: bool = False
    mnru: float | None = Field(default=None, ge=-20, le=80, strict=False)

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [self.files is not None, self.concealer is not None, self.lossy, self.reference]
        kinds.append(self.mnru is not None)
        if sum(kinds) != 1:
            raise ValueError("say exactly one of files, concealer, lossy = true, reference = true, mnru")
        if self.parameters and self.concealer is None:
            raise ValueError("parameters belong to a concealer")
        return self


class TrainingPart(Part):
    """Trials to learn the task with; their answers are written but never counted."""

    trials: Count = 0
    clips: list[str] = Field(default_factory=list, max_length=1000)
    text: Text = ""


class GoldPart(Part):
    """A trial whose answer is known: `file`, or a clip in a condition."""

    answer: int | None = None
    answers: dict[str, int] = Field(default_factory=dict, max_length=20)
    within: int = Field(default=1, ge=0, le=3)
    file: Path_ | None = None
    clip: str | None = None
    condition: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.file is None) == (self.clip is None or self.condition is None):
            raise ValueError("say either file, or clip and condition")
        if (self.answer is None) == (not self.answers):
            raise ValueError("say either answer, or answers (on several scales)")
        return self


class TrapPart(Part):
    """An attention trial: a recording that says which answer to give."""

    file: Path_
    answer: int


class ChecksPart(Part):
    """Trials and steps that tell whether a listener's ratings can be used."""

    clear_good: Count = 0
    clear_bad: Count = 0
    reference_repeats: Count = 0
    null_pairs: Count = 0
    gold: list[GoldPart] = Field(default_factory=list, max_length=100)
    trap: list[TrapPart] = Field(default_factory=list, max_length=100)
    spoken_traps: int = Field(default=0, ge=0, le=100)
    level: bool = True
    sides: bool = False
    quiet_room: bool = False
    headphones: bool = False
    bandwidth: bool = False
    digits: bool = False
    rule: Literal["strict", "p808"] = "strict"
    required: bool = False
    attempts: int = Field(default=3, ge=1, le=20)


class RulesPart(Part):
    """What a listener must have heard."""

    heard: Heard = Field(default=Heard.END, strict=False)
    max_plays: int | None = Field(default=None, ge=1, le=1000)
    need_hundred: bool = False
    pause_seconds: float = Field(default=0.7, ge=0, le=5)
    loop: bool = True


class BreaksPart(Part):
    """After how many minutes of listening a break is suggested and insisted on (P.800: 20 and 45)."""

    suggest_minutes: float = Field(default=20.0, gt=0, le=600)
    insist_minutes: float = Field(default=45.0, gt=0, le=600)
    rest_minutes: float = Field(default=5.0, ge=0, le=120)
    every_trials: int | None = Field(default=None, ge=1, le=MOST_TRIALS)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.insist_minutes < self.suggest_minutes:
            raise ValueError("insist_minutes is less than suggest_minutes")
        return self


class RoomPart(Part):
    """What is known of the playback: recorded with each session."""

    level: Text = ""
    headphones: Text = ""


class QuestionPart(Part):
    """One question of the questionnaire."""

    name: Name
    text: Text
    kind: Literal["text", "number", "choice"] = "text"
    choices: list[str] = Field(default_factory=list, max_length=100)
    optional: bool = False
    when: Literal["before", "between", "after"] = "before"

    @model_validator(mode="after")
    def _choices(self) -> Self:
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError('choices belong to kind = "choice", and it needs them')
        return self


class WordingPart(Part):
    """The panel's own words in the place of the standard ones."""

    heading: Text | None = None
    question: Text | None = None
    instruction: Text | None = None
    labels: dict[str, Annotated[str, Field(min_length=1, max_length=200)]] = Field(default_factory=dict)


class ResultsPart(Part):
    """What the results are asked, said before anybody has listened.

    Parameters
    ----------
    against
        The condition that each other one is compared with; each with each without.
    generalise
        What an interval is to hold for beside other listeners: other clips, or other talkers.
    margin
        The largest difference that does not matter, in points of the scale.
    exclude_by_agreement
        Whether listeners whose votes do not go with the others' are left out.
    """

    against: Name | None = None
    generalise: Literal["clips", "talkers"] = "clips"
    margin: float | None = Field(default=None, gt=0, le=100, strict=False)
    exclude_by_agreement: bool = False
