"""What a person writes to make a panel: the TOML file as validated values."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from gaplisten.errors import GaplistenError
from gaplisten.panel.methods import Method, Response, facts
from gaplisten.panel.rules import Heard, Rules
from gaplisten.panel.safety import LARGEST_DEFINITION, UntrustedPanel, clean_name, read_limited
from gaplisten.panel.scales import Scale, scale
from gaplisten.panel.toml_lines import line_of, locate

REFERENCE, ANCHOR35, ANCHOR70, LOSSY_ANCHOR = "reference", "anchor35", "anchor70", "lossy_anchor"
RESERVED = (REFERENCE, ANCHOR35, ANCHOR70, LOSSY_ANCHOR)
MOST_SIGNALS = 12  # BS.1534-3: signals in one trial, the open reference not counted
MOST_TRIALS = 5000


class DefinitionError(GaplistenError):
    """A panel's TOML file that cannot be used; the fact names line and field."""


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
    """Which clips: all of the folders, the named ones, or some of each burst-length class."""

    folders: list[Path_] = Field(min_length=1, max_length=1000)
    reference_folder: Path_ | None = None
    packet_ms: float = Field(default=20.0, gt=0.1, le=1000)
    names: list[str] | None = Field(default=None, max_length=MOST_TRIALS)
    per_stratum: PerStratum | None = None

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if self.names is not None and self.per_stratum is not None:
            raise ValueError("say either names or per_stratum, not both")
        if self.names is not None and not self.names:
            raise ValueError("names is empty; leave it out for all clips")
        return self


class ConditionPart(Part):
    """A system under test: files that somebody made, a concealer, the lossy file, or the reference itself."""

    name: Name
    files: str | None = None
    concealer: str | None = Field(default=None, max_length=200)
    parameters: dict[str, str | int | float | bool] = Field(default_factory=dict, max_length=100)
    lossy: bool = False
    reference: bool = False

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [self.files is not None, self.concealer is not None, self.lossy, self.reference]
        if sum(kinds) != 1:
            raise ValueError("say exactly one of files, concealer, lossy = true, reference = true")
        if self.parameters and self.concealer is None:
            raise ValueError("parameters belong to a concealer")
        if self.name in RESERVED and not (self.name == REFERENCE and self.reference):
            raise ValueError(f"the name {self.name!r} is kept for the panel's own stimuli")
        return self


class MushraPart(Part):
    """MUSHRA: what stands in a trial beside the conditions."""

    reference: bool = True
    anchors: list[Literal["anchor35", "anchor70", "lossy"]] = ["anchor35", "anchor70"]
    strict: bool = True


class AbPart(Part):
    """A/B preference."""

    no_preference: bool = True
    reference: bool = False


class AbxPart(Part):
    """ABX: the number of trials of each pair is fixed beforehand."""

    trials: int = Field(default=16, ge=1, le=1000)


class TrainingPart(Part):
    """Trials to learn the task with; their answers are written but never counted."""

    trials: Count = 0
    clips: list[str] = Field(default_factory=list, max_length=1000)
    text: Text = ""


class GoldPart(Part):
    """A trial whose answer is known: `file`, or a clip in a condition."""

    answer: int
    within: int = Field(default=1, ge=0, le=3)
    file: Path_ | None = None
    clip: str | None = None
    condition: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.file is None) == (self.clip is None or self.condition is None):
            raise ValueError("say either file, or clip and condition")
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
    level: bool = True
    sides: bool = False
    quiet_room: bool = False
    headphones: bool = False
    digits: bool = False
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

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.insist_minutes < self.suggest_minutes:
            raise ValueError("insist_minutes is less than suggest_minutes")
        return self


class QuestionPart(Part):
    """One question of the questionnaire."""

    name: Name
    text: Text
    kind: Literal["text", "number", "choice"] = "text"
    choices: list[str] = Field(default_factory=list, max_length=100)
    optional: bool = False

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


class PanelDefinition(Part):
    """A whole panel as written; see docs/panels.md for every key."""

    format: Literal[1] = 1
    title: Name
    method: Method = Field(strict=False)
    language: Literal["en", "de"] = "en"
    seed: int = Field(default=1, ge=0, lt=2**63)
    repeats: int = Field(default=1, ge=1, le=20)
    ratings_per_condition: int | None = Field(default=None, ge=1, le=MOST_TRIALS)
    listeners: list[Name] = Field(default_factory=list, max_length=10_000)
    consent: Text = ""
    comments: bool = True
    tags: list[Name] = Field(default_factory=list, max_length=30)
    target_dbov: float = Field(default=-26.0, ge=-60, le=-10)
    pairs: list[tuple[str, str]] | None = Field(default=None, max_length=1000)
    clips: ClipsPart
    condition: list[ConditionPart] = Field(min_length=1, max_length=100)
    mushra: MushraPart = MushraPart()
    ab: AbPart = AbPart()
    abx: AbxPart = AbxPart()
    training: TrainingPart = TrainingPart()
    checks: ChecksPart = ChecksPart()
    rules: RulesPart = RulesPart()
    breaks: BreaksPart = BreaksPart()
    question: list[QuestionPart] = Field(default_factory=list, max_length=100)
    wording: WordingPart = WordingPart()

    @field_validator("pairs", mode="before")
    @classmethod
    def _as_pairs(cls, value: Any) -> Any:
        return (
            [tuple(pair) if isinstance(pair, list) else pair for pair in value]
            if isinstance(value, list)
            else value
        )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for check in (self._names, self._pairs, self._signals, self._labels, self._answers):
            check()
        return self

    def _names(self) -> None:
        for what, names in (
            ("conditions", [one.name for one in self.condition]),
            ("questions", [one.name for one in self.question]),
            ("listeners", self.listeners),
        ):
            folded = [name.casefold() for name in names]
            twice = sorted({name for name in folded if folded.count(name) > 1})
            if twice:
                raise ValueError(f"two {what} are called {twice[0]!r}")

    def _pairs(self) -> None:
        names = {one.name for one in self.condition}
        for first, second in self.pairs or ():
            if first == second or not {first, second} <= names:
                raise ValueError(f"the pair {first!r}, {second!r} is not two of the conditions")
        if self.pairs is not None and not facts(self.method).paired:
            raise ValueError("pairs belong to the methods ab and abx")
        if facts(self.method).paired and len(self.condition) < 2:
            raise ValueError(f"{self.method.value} needs two conditions (one may be reference = true)")

    def _signals(self) -> None:
        if self.method is not Method.MUSHRA:
            return
        signals = len(self.condition) + self.mushra.reference + len(set(self.mushra.anchors))
        if signals > MOST_SIGNALS and self.mushra.strict:
            fact = f"a trial would have {signals} signals, BS.1534-3 allows {MOST_SIGNALS}"
            raise ValueError(f"{fact}; use fewer conditions, or say strict = false under [mushra]")

    def _labels(self) -> None:
        if not self.wording.labels:
            return
        standard = {str(value) for value, _ in scale(self.method, self.language).labels}
        if set(self.wording.labels) != standard:
            raise ValueError(f"wording.labels must have exactly the keys {', '.join(sorted(standard))}")

    def _answers(self) -> None:
        answers = [one.answer for one in self.checks.gold] + [one.answer for one in self.checks.trap]
        if answers and facts(self.method).response is not Response.CATEGORY:
            raise ValueError("gold and trap trials need a method with categories (acr, acr_effort, dcr, ccr)")
        words = self.scale()
        for answer in answers:
            if not words.accepts(answer):
                raise ValueError(f"the expected answer {answer} is no value of the scale")

    def scale(self) -> Scale:
        """Return the wording that listeners see: the panel's own where it has some, else the standard one."""
        words = scale(
            self.method,
            self.language,
            reference=self.mushra.reference or self.method is not Method.MUSHRA,
            no_preference=self.ab.no_preference or self.method is not Method.AB,
        )
        return _own_words(words, self.wording)

    def listening_rules(self) -> Rules:
        """Return the rules as the engine uses them."""
        return Rules(self.rules.heard, self.rules.max_plays, self.rules.need_hundred)


def _own_words(words: Scale, own: WordingPart) -> Scale:
    from dataclasses import replace

    said = {name: text for name in ("heading", "question", "instruction") if (text := getattr(own, name))}
    labels = tuple((value, own.labels.get(str(value), text)) for value, text in words.labels)
    if not said and not own.labels:
        return words
    return replace(words, labels=labels, own=True, source="the panel's own words", **said)


def _explain(error: ValidationError, text: str, where: str) -> DefinitionError:
    lines = locate(text)
    found = []
    for one in error.errors(include_url=False)[:10]:
        field = ".".join(str(part + 1) if isinstance(part, int) else part for part in one["loc"])
        message = one["msg"].removeprefix("Value error, ")
        given = one["input"]
        shown = f" (found {str(given)[:40]!r})" if isinstance(given, str | int | float) else ""
        found.append(f"line {line_of(lines, one['loc'])}, {field or 'the file'}: {message}{shown}")
    return DefinitionError(where, "; ".join(found), "mend it and try again")


def parse_definition(text: str, where: str = "the panel's definition") -> PanelDefinition:
    """Return the definition written in `text`.

    Raises
    ------
    DefinitionError
        Naming line and field of everything that is wrong (up to ten).
    """
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        said = "it is nested too deep" if isinstance(error, RecursionError) else str(error)[:200]
        raise DefinitionError(where, f"this is not TOML: {said}", "mend it and try again") from error
    try:
        return PanelDefinition.model_validate(values)
    except ValidationError as error:
        raise _explain(error, text, where) from error


def read_definition(path: Path) -> PanelDefinition:
    """Return the definition in a TOML file; paths in it are relative to the file's folder.

    Raises
    ------
    DefinitionError
        If it cannot be read or used.
    """
    try:
        text = read_limited(path, LARGEST_DEFINITION, "panel definition").decode("utf-8")
    except UntrustedPanel as error:
        raise DefinitionError(error.thing, error.fact, error.way_out) from error
    except UnicodeDecodeError as error:
        raise DefinitionError(str(path), "it is not UTF-8 text", "save it as UTF-8") from error
    return parse_definition(text, str(path))
