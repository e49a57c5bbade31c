"""A build's values as a file, so that later builds are compared with them and not with its sounds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from gaplisten.batch.gap_values import COMPARED, ClipGaps
from gaplisten.batch.gate import Build
from gaplisten.durable.files import not_written, utf8, write_whole
from gaplisten.errors import GaplistenError
from gaplisten.metrics.gaps import CODE
from gaplisten.untrusted import read_regular

MOST_BYTES = 256 * 1024 * 1024
_MOST_NAMED = 5
_NO_TEXT = re.compile(r"\\u(dc[89a-f][0-9a-f])")


class BaselineError(GaplistenError):
    """A baseline that cannot be used: nothing is compared with it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Clip(_Strict):
    rate: Annotated[int, Field(gt=0)]
    gaps: tuple[tuple[int, int], ...]
    strata: tuple[str, ...]
    values: dict[str, tuple[FiniteFloat | None, ...]]
    reference: str
    losses: str
    told: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _as_long(self) -> _Clip:
        rows = [self.strata, *self.values.values()]
        if any(len(row) != len(self.gaps) for row in rows):
            raise ValueError("rows of another length than the gaps")
        return self


class _Metric(_Strict):
    identity: str
    values: dict[str, FiniteFloat]


class _File(_Strict):
    gaplisten: Literal["baseline 1"]
    name: str
    measures: str
    clips: dict[str, _Clip]
    metrics: dict[str, _Metric]


def save_baseline(path: Path, build: Build, identities: Mapping[str, str]) -> None:
    """Write a build's values.

    Parameters
    ----------
    identities
        By metric: its name with the versions of everything that computes it.

    Raises
    ------
    BaselineError
        If something of the build could not be measured, or the disk refuses.
    """
    if build.problems:
        clip, why = next(iter(build.problems.items()))
        fact = f"{len(build.problems)} clips of {build.name} cannot be measured; {clip}: {why}"
        raise BaselineError(str(path), f"is not written: {fact}", "mend them first")
    clips = {
        _as_text(name): _Clip(
            rate=each.rate,
            gaps=each.gaps,
            strata=each.strata,
            values=dict(each.values or {}),
            reference=each.reference,
            losses=each.losses,
            told=dict(each.told),
        )
        for name, each in build.gaps.items()
    }
    metrics = {
        name: _Metric(
            identity=identities[name], values={_as_text(clip): value for clip, value in values.items()}
        )
        for name, values in build.scores.items()
    }
    content = _File(
        gaplisten="baseline 1", name=_as_text(build.name), measures=CODE, clips=clips, metrics=metrics
    )
    try:
        write_whole(path, json.dumps(content.model_dump(), ensure_ascii=False, allow_nan=False) + "\n")
    except OSError as error:
        raise BaselineError(*not_written(path, error)) from error


def read_baseline(path: Path, identities: Mapping[str, str]) -> Build:
    """Read a build's values.

    Parameters
    ----------
    identities
        Of the metrics that are to be compared, as they are now.

    Raises
    ------
    BaselineError
        If it is none, or follows from other measures or metrics than there are now.
    """
    try:
        content = _File.model_validate_json(read_regular(path, MOST_BYTES))
    except OSError as error:
        raise BaselineError(str(path), f"cannot be read ({error.strerror})", "check the path") from error
    except (ValidationError, ValueError) as error:
        fact = "is no baseline that can be read"
        raise BaselineError(str(path), fact, "make one with gaplisten compare --save-baseline") from error
    again = "make it again with --save-baseline"
    keys = {measure.key for measure in COMPARED}
    if content.measures != CODE or any(set(each.values) != keys for each in content.clips.values()):
        fact = f"holds gap measures of another version ({content.measures}, here {CODE})"
        raise BaselineError(str(path), fact, again)
    for name, identity in identities.items():
        kept = content.metrics.get(name)
        if kept is None:
            raise BaselineError(str(path), f"holds no {name}", again)
        if kept.identity != identity:
            fact = f"holds {name} of another version ({kept.identity}; here {identity})"
            raise BaselineError(str(path), fact, again)
    gaps = {
        _as_it_was(name): ClipGaps(
            each.rate, each.gaps, each.strata, each.values, each.reference, each.losses, told=each.told
        )
        for name, each in content.clips.items()
    }
    scores = {
        name: {_as_it_was(clip): value for clip, value in each.values.items()}
        for name, each in content.metrics.items()
    }
    return Build(_as_it_was(content.name), gaps, scores)


def _as_text(name: str) -> str:
    """Return a name with bytes that are no text written out; `_as_it_was` undoes it."""
    return utf8(name).decode()


def _as_it_was(name: str) -> str:
    return _NO_TEXT.sub(lambda found: chr(int(found[1], 16)), name)


def check_same(path: Path, base: Build, new: Build) -> None:
    """Refuse a baseline whose references or losses are others than those of a build.

    Raises
    ------
    BaselineError
        Naming the clips.
    """
    for what, of in (("references", "reference"), ("losses", "losses")):
        others = [
            clip
            for clip in new.gaps
            if clip in base.gaps and getattr(base.gaps[clip], of) != getattr(new.gaps[clip], of)
        ]
        if others:
            more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
            named = f"{', '.join(others[:_MOST_NAMED])}{more}"
            fact = f"was made with other {what} of {named} than {new.name} is compared with"
            raise BaselineError(str(path), fact, "use the same ones, or make it again with --save-baseline")
