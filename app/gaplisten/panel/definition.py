"""What a person writes to make a panel: the TOML file as validated values."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gaplisten import languages
from gaplisten.errors import GaplistenError
from gaplisten.panel.methods import Method, Response, facts
from gaplisten.panel.parts import (
    MOST_SIGNALS,
    MOST_TRIALS,
    AbPart,
    AbxPart,
    BreaksPart,
    ChecksPart,
    ClipsPart,
    ConditionPart,
    MushraPart,
    Name,
    Part,
    QuestionPart,
    RulesPart,
    Text,
    TrainingPart,
    WordingPart,
)
from gaplisten.panel.rules import Rules
from gaplisten.panel.safety import LARGEST_DEFINITION, UntrustedPanel, read_limited
from gaplisten.panel.scales import Scale, scale
from gaplisten.panel.toml_lines import line_of, locate


class DefinitionError(GaplistenError):
    """A panel's TOML file that cannot be used; the fact names line and field."""


def misfit(fact: str, *field: str | int) -> PydanticCustomError:
    """Return an error about fields that do not go together, naming the one that the author may change."""
    return PydanticCustomError("misfit", "{fact}", {"fact": fact, "field": field})


def _language(code: str) -> str:
    if code not in languages.codes():
        raise ValueError(f"there is no such language; choose one of {', '.join(languages.codes())}")
    return code


Language = Annotated[str, AfterValidator(_language)]


class PanelDefinition(Part):
    """A whole panel as written; see docs/panels.md for every key."""

    format: Literal[1] = 1
    title: Name
    method: Method = Field(strict=False)
    language: Language = languages.ENGLISH
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
        for check in (
            self._names,
            self._pairs,
            self._signals,
            self._labels,
            self._answers,
            self._check_kinds,
            self._hundred,
        ):
            check()
        return self

    def _names(self) -> None:
        for field, what, names in (
            ("condition", "conditions", [one.name for one in self.condition]),
            ("question", "questions", [one.name for one in self.question]),
            ("listeners", "listeners", self.listeners),
        ):
            folded = [name.casefold() for name in names]
            for index, name in enumerate(folded):
                if name in folded[:index]:
                    raise misfit(f"two {what} are called {name!r}", field, index)

    def _pairs(self) -> None:
        names = {one.name for one in self.condition}
        for index, (first, second) in enumerate(self.pairs or ()):
            if first == second or not {first, second} <= names:
                raise misfit(f"the pair {first!r}, {second!r} is not two of the conditions", "pairs", index)
        if self.pairs is not None and not facts(self.method).paired:
            raise misfit("pairs belong to the methods ab and abx", "pairs")
        if facts(self.method).paired and len(self.condition) < 2:
            raise misfit(
                f"{self.method.value} needs two conditions (one may be reference = true)", "condition"
            )

    def _signals(self) -> None:
        if self.method is not Method.MUSHRA:
            return
        signals = len(self.condition) + self.mushra.reference + len(set(self.mushra.anchors))
        if signals > MOST_SIGNALS and self.mushra.strict:
            fact = f"a trial would have {signals} signals, BS.1534-3 allows {MOST_SIGNALS}"
            raise misfit(f"{fact}; use fewer conditions, or say strict = false under [mushra]", "mushra")

    def _labels(self) -> None:
        if not self.wording.labels:
            return
        standard = {str(value) for value, _ in scale(self.method, self.language).labels}
        if set(self.wording.labels) != standard:
            fact = f"wording.labels must have exactly the keys {', '.join(sorted(standard))}"
            raise misfit(fact, "wording", "labels")

    def _answers(self) -> None:
        answers = [("gold", at, one.answer) for at, one in enumerate(self.checks.gold)]
        answers += [("trap", at, one.answer) for at, one in enumerate(self.checks.trap)]
        words, categories = self.scale(), facts(self.method).response is Response.CATEGORY
        for kind, at, answer in answers:
            if not categories:
                fact = "gold and trap trials need a method with categories (acr, acr_effort, dcr, ccr)"
                raise misfit(fact, "checks", kind, at)
            if not words.accepts(answer):
                fact = f"the expected answer {answer} is no value of the scale"
                raise misfit(fact, "checks", kind, at, "answer")

    def _hundred(self) -> None:
        if self.rules.need_hundred and not (self.method is Method.MUSHRA and self.mushra.reference):
            raise misfit("it belongs to mushra with its reference", "rules", "need_hundred")

    def _check_kinds(self) -> None:
        checks, method = self.checks, self.method
        single = method in (Method.ACR, Method.ACR_EFFORT)
        pairs = method in (Method.DCR, Method.CCR)
        files = [one.file for one in checks.gold if one.file] + [one.file for one in checks.trap]
        for name, asked, fits in (
            ("clear_good", checks.clear_good, single or pairs),
            ("clear_bad", checks.clear_bad, single or pairs),
            ("reference_repeats", checks.reference_repeats, single),
            ("null_pairs", checks.null_pairs, pairs),
            ("gold or trap files", files, single),
        ):
            if asked and not fits:
                field = name if hasattr(checks, name) else "gold" if checks.gold else "trap"
                fact = f"checks: {name} cannot be used with the method {method.value}"
                raise misfit(fact, "checks", field)

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
    said = {name: text for name in ("heading", "question", "instruction") if (text := getattr(own, name))}
    labels = tuple((value, own.labels.get(str(value), text)) for value, text in words.labels)
    if not said and not own.labels:
        return words
    return replace(words, labels=labels, own=True, source="the panel's own words", **said)


def _explain(error: ValidationError, text: str, where: str) -> DefinitionError:
    lines = locate(text)
    found = []
    for one in error.errors(include_url=False)[:10]:
        place = (*one["loc"], *one.get("ctx", {}).get("field", ()))
        field = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
        message = one["msg"].removeprefix("Value error, ")
        given = one["input"]
        shown = f" (found {str(given)[:40]!r})" if isinstance(given, str | int | float) else ""
        found.append(f"line {line_of(lines, place)}, {field or 'the file'}: {message}{shown}")
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
