"""Checking parameter values against a plugin's description."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gaplisten.concealers.entries import Entry, Parameter
from gaplisten.concealers.errors import ParameterRefused
from gaplisten.concealers.parameters import parse_assignments, validate


def entry(*parameters: Parameter) -> Entry:
    return Entry("p", "P", "streaming", parameters, (), None, None, 0.0, "", Path("p.py"), "")


FADE = Parameter("fade", "float", 60.0, 0, 200, unit="ms")
OPEN = Parameter("open", "float", 0.5, 0, 1, above=True, below=True)
ORDER = Parameter("order", "int", 16, 2, 64)
KIND = Parameter("kind", "choice", "a", choices=("a", "b"))
STEP = Parameter("step", "choice", 10, choices=(10, 20))
FLAG = Parameter("flag", "bool", False)
MODEL = Parameter("model", "path", ".")
NEEDED = Parameter("needed", "int", required=True)
COPY = Parameter("copy", "int", 1)  # a name that pydantic's models have themselves


@pytest.mark.parametrize(
    ("parameter", "given", "wanted"),
    [
        (FADE, "80", 80.0),
        (FADE, 0, 0.0),
        (FADE, 200, 200.0),
        (ORDER, "32", 32),
        (KIND, "b", "b"),
        (STEP, "20", 20),
        (FLAG, "yes", True),
        (FLAG, "off", False),
        (MODEL, "/models/m.onnx", Path("/models/m.onnx")),
        (NEEDED, "3", 3),
        (COPY, "3", 3),
    ],
)
def test_values_take_their_type(parameter: Parameter, given: Any, wanted: Any) -> None:
    found = validate(entry(parameter), {parameter.name: given})[parameter.name]
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    ("parameter", "given", "message"),
    [
        (FADE, -1, "'fade' cannot be '-1'.*allowed: >= 0, <= 200 ms"),
        (FADE, "201", "'fade' cannot be '201'"),
        (FADE, "nan", "'fade' cannot be 'nan'"),
        (FADE, "inf", "'fade' cannot be 'inf'"),
        (FADE, "much", "'fade' cannot be 'much'.*it is a float"),
        (OPEN, 0, "allowed: > 0, < 1"),
        (OPEN, 1, "allowed: > 0, < 1"),
        (ORDER, "2.5", "it is a int"),
        (KIND, "c", "allowed: a, b"),
        (FLAG, "maybe", "it is a bool"),
    ],
)
def test_values_that_do_not_fit_are_refused_with_what_is_allowed(
    parameter: Parameter, given: Any, message: str
) -> None:
    with pytest.raises(ParameterRefused, match=message):
        validate(entry(parameter), {parameter.name: given})


def test_defaults_fill_the_rest() -> None:
    assert validate(entry(FADE, KIND, FLAG), {"kind": "b"}) == {"fade": 60.0, "kind": "b", "flag": False}


def test_a_needed_parameter_is_asked_for() -> None:
    with pytest.raises(ParameterRefused, match=r"needs parameter 'needed'.*--set needed="):
        validate(entry(NEEDED), {})


def test_an_unknown_parameter_is_answered_with_a_near_one() -> None:
    with pytest.raises(ParameterRefused, match=r"has no parameter 'fady'; did you mean 'fade'"):
        validate(entry(FADE, ORDER), {"fady": 1})
    with pytest.raises(ParameterRefused, match="it has: none"):
        validate(entry(), {"x": 1})


def test_relative_paths_are_taken_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert validate(entry(MODEL), {"model": "m.onnx"}) == {"model": tmp_path / "m.onnx"}
    assert validate(entry(MODEL), {}) == {"model": Path()}


def test_assignments_are_split() -> None:
    assert parse_assignments(["a=1", "mute-after = 3", "t=x=y"]) == {"a": "1", "mute_after": "3", "t": "x=y"}


@pytest.mark.parametrize("words", [["a"], ["=1"], ["a=1", "a=2"], [""]])
def test_assignments_that_are_none_are_refused(words: list[str]) -> None:
    with pytest.raises(ParameterRefused, match="--set"):
        parse_assignments(words)
