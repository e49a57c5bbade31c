"""What a person writes to make a panel: the TOML file as validated values."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from gaplisten import languages
from gaplisten.errors import GaplistenError
from gaplisten.panel.definition_errors import explained, field_name, line_of, locate
from gaplisten.panel.methods import NoSuchMethod, method, methods
from gaplisten.panel.methods.contract import Design, Method, UnfitError
from gaplisten.panel.parts import (
    MOST_TRIALS,
    REFERENCE,
    BreaksPart,
    ChecksPart,
    ClipsPart,
    ConditionPart,
    Name,
    Pairing,
    Part,
    QuestionPart,
    ResultsPart,
    RoomPart,
    RulesPart,
    Text,
    TrainingPart,
    WordingPart,
)
from gaplisten.panel.rules import Rules
from gaplisten.panel.safety import LARGEST_DEFINITION, UntrustedPanel, read_limited
from gaplisten.panel.scales import Scale, texts
from gaplisten.panel.trial import Response


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


def _method(name: Any) -> Method:
    if isinstance(name, Method):
        return name
    try:
        return method(name if isinstance(name, str) else repr(name))
    except NoSuchMethod as error:
        raise ValueError(f"{error.fact}; {error.way_out}") from error


MethodName = Annotated[
    Method, PlainValidator(_method), PlainSerializer(lambda one: one.name, return_type=str)
]


class _Heard(Part):
    """What is heard, of whom, how often."""

    format: Literal[1] = 1
    title: Name
    method: MethodName
    language: Language = languages.ENGLISH
    seed: int = Field(default=1, ge=0, lt=2**63)
    repeats: int = Field(default=1, ge=1, le=20)
    ratings_per_condition: int | None = Field(default=None, ge=1, le=MOST_TRIALS)
    votes_per_clip: int | None = Field(default=None, ge=1, le=10_000)
    pairing: Pairing = "same clips"
    listeners: list[Name] = Field(default_factory=list, max_length=10_000)
    consent: Text = ""
    comments: bool = True
    tags: list[Name] = Field(default_factory=list, max_length=30)
    target_dbov: float = Field(default=-26.0, ge=-60, le=-10)
    pairs: list[tuple[str, str]] | None = Field(default=None, max_length=1000)
    clips: ClipsPart
    condition: list[ConditionPart] = Field(min_length=1, max_length=100)

    @field_validator("pairs", mode="before")
    @classmethod
    def _as_pairs(cls, value: Any) -> Any:
        return (
            [tuple(pair) if isinstance(pair, list) else pair for pair in value]
            if isinstance(value, list)
            else value
        )


if TYPE_CHECKING:
    _WithTables = _Heard
else:
    # Each method brings its own table, called as the method: [mushra], [abx]. They stand here, between what
    # is heard and the rest, because the hash of a panel is taken over the fields in their order.
    _TABLES = {one.name: (one.options, one.options()) for one in methods() if one.options is not Part}
    _WithTables = create_model("_WithTables", __base__=_Heard, **_TABLES)


class PanelDefinition(_WithTables):
    """A whole panel as written; see docs/panels.md for every key."""

    training: TrainingPart = TrainingPart()
    checks: ChecksPart = ChecksPart()
    rules: RulesPart = RulesPart()
    breaks: BreaksPart = BreaksPart()
    room: RoomPart = RoomPart()
    question: list[QuestionPart] = Field(default_factory=list, max_length=100)
    wording: WordingPart = WordingPart()
    results: ResultsPart = ResultsPart()

    @cached_property
    def design(self) -> Design:
        """What the method needs to know."""
        options = getattr(self, self.method.name, Part())
        return Design(tuple(one.name for one in self.condition), options)

    def systems(self) -> list[tuple[str, ...]]:
        """Return what trials are about: conditions, pairs, or the one set of all (MUSHRA, ranking)."""
        names = [one.name for one in self.condition]
        if self.method.multiple:
            return [()]
        if self.method.paired:
            return [tuple(pair) for pair in self.pairs or combinations(names, 2)]
        return [(name,) for name in names]

    def ratings_each(self, clips: int) -> int | None:
        """Return how many clips a listener rates in each condition in one round; None for all of them.

        As written, or the least with which the listeners that are listed give the votes that are wanted.
        """
        if self.ratings_per_condition is not None or self.votes_per_clip is None:
            return self.ratings_per_condition
        return -(-self.votes_per_clip * clips // (len(self.listeners) * self.repeats))

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for check in (
            self._names,
            self._reserved,
            self._pairs,
            self._own_table,
            self._labels,
            self._answers,
            self._check_kinds,
            self._spoken_traps,
            self._hundred,
            self._votes,
            self._compared,
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

    def _reserved(self) -> None:
        kept = {REFERENCE, *(name for one in methods() for name in one.reserved)}
        for index, one in enumerate(self.condition):
            if one.name in kept and not (one.name == REFERENCE and one.reference):
                fact = f"the name {one.name!r} is kept for the panel's own stimuli"
                raise misfit(fact, "condition", index)

    def _pairs(self) -> None:
        names = {one.name for one in self.condition}
        for index, (first, second) in enumerate(self.pairs or ()):
            if first == second or not {first, second} <= names:
                raise misfit(f"the pair {first!r}, {second!r} is not two of the conditions", "pairs", index)
        if self.pairs is not None and not self.method.paired:
            of = " and ".join(one.name for one in methods() if one.paired)
            raise misfit(f"pairs belong to the methods {of}", "pairs")
        if self.method.paired and len(self.condition) < 2:
            fact = f"{self.method.name} needs two conditions (one may be reference = true)"
            raise misfit(fact, "condition")

    def _own_table(self) -> None:
        try:
            self.method.check(self.design)
        except UnfitError as error:
            raise misfit(str(error), self.method.name) from error

    def _labels(self) -> None:
        labels, several = self.wording.labels, len(self.method.scales) > 1
        if several and (labels or self.wording.question):
            fact = f"{self.method.name} has several scales: their questions and labels stay the standard ones"
            raise misfit(fact, "wording", "labels" if labels else "question")
        if not labels:
            return
        (words,) = self.method.wording(self.language).values()
        standard = {str(value) for value, _ in words.labels}
        if set(labels) != standard:
            fact = f"wording.labels must have exactly the keys {', '.join(sorted(standard))}"
            raise misfit(fact, "wording", "labels")

    def _answers(self) -> None:
        checked = self.method.checked
        answers = [("gold", at, checked, one.answer) for at, one in enumerate(self.checks.gold)]
        answers += [("trap", at, checked, one.answer) for at, one in enumerate(self.checks.trap)]
        answers += [
            ("gold", at, scale, answer)
            for at, one in enumerate(self.checks.gold)
            for scale, answer in one.answers.items()
        ]
        words = self.scales()
        for kind, at, scale, answer in answers:
            if self.method.response is not Response.CATEGORY:
                having = ", ".join(one.name for one in methods() if one.response is Response.CATEGORY)
                fact = f"gold and trap trials need a method with categories ({having})"
                raise misfit(fact, "checks", kind, at)
            if scale not in words:
                having = ", ".join(filter(None, words)) or "one scale, that has no name"
                fact = f"there is no scale {scale!r}; {self.method.name} has {having}"
                raise misfit(fact, "checks", kind, at, "answers")
            if answer is not None and not words[scale].accepts(answer):
                fact = f"the expected answer {answer} is no value of the scale"
                raise misfit(fact, "checks", kind, at, "answer")

    def _hundred(self) -> None:
        if self.rules.need_hundred and self.checks.spoken_traps:
            raise misfit("on the pages of spoken traps no recording gets 100", "rules", "need_hundred")
        if self.rules.need_hundred and not self.method.may_need_hundred(self.design):
            having = ", ".join(one.name for one in methods() if one.may_need_hundred(_usual(one)))
            raise misfit(f"it belongs to {having} with its reference", "rules", "need_hundred")

    def _votes(self) -> None:
        if self.votes_per_clip is None or self.ratings_per_condition is not None:
            return
        if not self.listeners:
            fact = "say ratings_per_condition too (how many clips one listener hears), or list the listeners"
            raise misfit(fact, "votes_per_clip")

    def _compared(self) -> None:
        against = self.results.against
        names = [one.name for one in self.condition]
        own = [REFERENCE, *self.method.reserved]
        if against is not None and against not in names + own:
            said = ", ".join(names)
            raise misfit(f"{against!r} is no condition of this panel; it has {said}", "results", "against")

    def _check_kinds(self) -> None:
        checks = self.checks
        files = [one.file for one in checks.gold if one.file] + [one.file for one in checks.trap]
        for name, asked, check in (
            ("clear_good", checks.clear_good, "clear_good"),
            ("clear_bad", checks.clear_bad, "clear_bad"),
            ("reference_repeats", checks.reference_repeats, "reference_repeats"),
            ("null_pairs", checks.null_pairs, "null_pairs"),
            ("spoken_traps", checks.spoken_traps, "spoken"),
            ("gold or trap files", files, "files"),
        ):
            if asked and check not in self.method.checks:
                field = name if hasattr(checks, name) else "gold" if checks.gold else "trap"
                fact = f"checks: {name} cannot be used with the method {self.method.name}"
                raise misfit(fact, "checks", field)

    def _spoken_traps(self) -> None:
        if not self.checks.spoken_traps:
            return
        try:
            self.method.sayings(self.design, self.systems()[0], list)
        except UnfitError as error:
            raise misfit(str(error), "checks", "spoken_traps") from error

    def scales(self) -> dict[str, Scale]:
        """Return the wording that listeners see, by scale: the panel's own where it has some."""
        words = self.method.wording(self.language, self.design)
        made = {name: _own_words(one, self.wording) for name, one in words.items()}
        if not self.checks.spoken_traps or self.method.series(self.design) is not None:
            return made
        each, own = "_each" if self.method.every_scale else "", texts(self.language)
        # Where answers have no numbers on the page (CCR), the method says itself what a number means.
        said = own.get(f"attention_{self.method.name}") or own.get(
            f"attention_{self.method.response.value}{each}", ""
        )
        return {name: replace(one, instruction=f"{one.instruction} {said}") for name, one in made.items()}

    def listening_rules(self) -> Rules:
        """Return the rules as the engine uses them."""
        return Rules(self.rules.heard, self.rules.max_plays, self.rules.need_hundred)


def _usual(one: Method) -> Design:
    """Return a design with the method's own table as it is when nothing is said."""
    return Design((), one.options())


def _own_words(words: Scale, own: WordingPart) -> Scale:
    said = {name: text for name in ("heading", "question", "instruction") if (text := getattr(own, name))}
    labels = tuple((value, own.labels.get(str(value), text)) for value, text in words.labels)
    if not said and not own.labels:
        return words
    return replace(words, labels=labels, own=True, source="the panel's own words", **said)


def _explain(error: ValidationError, text: str, where: str) -> DefinitionError:
    lines = locate(text)
    found = [
        f"line {line_of(lines, place)}, {field_name(place) or 'the file'}: {said}"
        for place, said in explained(error, PanelDefinition)
    ]
    return DefinitionError(where, "; ".join(found[:10]), "fix it and try again")


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
        raise DefinitionError(where, f"this is not TOML: {said}", "fix it and try again") from error
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
        text = read_limited(path, LARGEST_DEFINITION, "panel definition").decode("utf-8-sig")
    except UntrustedPanel as error:
        raise DefinitionError(error.thing, error.fact, error.way_out) from error
    except UnicodeDecodeError as error:
        raise DefinitionError(str(path), "it is not UTF-8 text", "save it as UTF-8") from error
    return parse_definition(text, str(path))
