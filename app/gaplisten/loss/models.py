"""Loss models: seeded, each with its own generator, described so that a form can show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gaplisten.loss import drawing
from gaplisten.loss.drawing import replay
from gaplisten.loss.formats import FORMATS
from gaplisten.loss.model_parameters import LossModelError, ModelParameter, Value
from gaplisten.loss.trace import Flags, LossTrace, Origin

__all__ = [
    "MODELS", "LossModel", "LossModelError", "ModelParameter", "Value", "checked_parameters", "make_trace",
    "model_named", "replay",
]  # fmt: skip

Generator = np.random.Generator


@dataclass(frozen=True)
class LossModel:
    """A way to draw losses.

    Parameters
    ----------
    draw
        Called with the number of packets, the packet length in ms, a generator and the checked parameters.
    idle
        Names of the parameters that have no effect beside the others' values.
    """

    name: str
    title: str
    help: str
    parameters: tuple[ModelParameter, ...]
    draw: Callable[[int, float, Generator, dict[str, Any]], Flags]
    idle: Callable[[Mapping[str, Any]], frozenset[str]] = lambda values: frozenset()


def make_trace(
    model: str, packets: int, packet_frames: int, rate: int, seed: int, **parameters: Any
) -> LossTrace:
    """Draw a trace.

    Parameters
    ----------
    model
        Name of one of `MODELS`.
    packets
        Length of the trace.
    packet_frames, rate
        Packet length in frames, and its clock in Hz.
    seed
        Equal seeds (and parameters) give equal traces.

    Raises
    ------
    LossModelError
        If model or parameters are unknown or out of range.
    """
    found = model_named(model)
    values = checked_parameters(found, parameters)
    if packets < 0:
        raise LossModelError(model, f"a trace of {packets} packets was asked for", "give 0 or more")
    generator = np.random.default_rng(seed)
    lost = found.draw(packets, 1000.0 * packet_frames / rate, generator, values)
    return LossTrace.of_packets(np.asarray(lost, np.bool_), packet_frames, rate, Origin.MODEL)


def model_named(name: str) -> LossModel:
    """Return a model by its name (`LossModelError` if there is none)."""
    for model in MODELS:
        if model.name == name:
            return model
    raise LossModelError(name, "is no loss model", "known are " + ", ".join(m.name for m in MODELS))


def checked_parameters(model: LossModel, given: dict[str, Any]) -> dict[str, Any]:
    """Return all parameters of a model, defaults included.

    Raises
    ------
    LossModelError
        If one is unknown or out of range.
    """
    known = {parameter.name: parameter for parameter in model.parameters}
    for name in given:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise LossModelError(f"{model.name}, {name}", "there is no such parameter", f"known are {listed}")
    return {name: p.checked(given.get(name, p.default)) for name, p in known.items()}


def effective_parameters(model: LossModel, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that have an effect, defaults included.

    Raises
    ------
    LossModelError
        If one is unknown or out of range, or one that was given has no effect beside the others.
    """
    values = checked_parameters(model, dict(given))
    idle = model.idle(values)
    for name in given:
        if name in idle:
            others = ", ".join(sorted(idle & set(given)))
            fact = "has no effect beside the other parameters"
            raise LossModelError(
                f"{model.name}, {others}", fact, "'gaplisten lose --models' tells which go together"
            )
    return {name: value for name, value in values.items() if name not in idle}


def _percent(name: str, default: float, about: str) -> ModelParameter:
    return ModelParameter(name, default, about, "%", 0.0, 100.0)


_STRATUM_HELP = ", ".join(f"{word} {stratum.value}" for word, stratum in drawing.STRATA.items())

MODELS: tuple[LossModel, ...] = (
    LossModel(
        "random",
        "Random",
        "each packet is lost independently",
        (_percent("loss", 10.0, "share of packets lost"),),
        drawing.draw_random,
    ),
    LossModel(
        "gilbert_elliott",
        "Gilbert-Elliott",
        "two states, good and bad, each with its own loss (Gilbert 1960, Elliott 1963)",
        (
            _percent("loss", 10.0, "share of time in the bad state (when p is 0)"),
            ModelParameter("burst", 3.0, "mean stay in the bad state (when p is 0)", "packets", 1.0, 1000.0),
            ModelParameter("p", 0.0, "probability of good to bad; 0 = from loss and burst", "", 0.0, 1.0),
            ModelParameter("r", 0.3, "probability of bad to good (when p is not 0)", "", 0.0, 1.0),
            _percent("loss_good", 0.0, "loss in the good state"),
            _percent("loss_bad", 100.0, "loss in the bad state"),
        ),
        drawing.draw_gilbert_elliott,
        drawing.idle_in_gilbert_elliott,
    ),
    LossModel(
        "burst_stratum",
        "Challenge burst stratum",
        "bursts whose longest lies in one of the Deep PLC Challenge's classes",
        (
            ModelParameter(
                "stratum", "short", f"longest burst: {_STRATUM_HELP}", choices=tuple(drawing.STRATA)
            ),
            _percent("loss", 10.0, "share of packets lost (one burst at least)"),
        ),
        drawing.draw_burst_stratum,
    ),
    LossModel(
        "periodic",
        "Periodic",
        "a burst of fixed length in every period",
        (
            ModelParameter(
                "period", 10, "from one burst's start to the next", "packets", 1, 100_000, whole=True
            ),
            ModelParameter("length", 1, "length of each burst", "packets", 1, 100_000, whole=True),
            ModelParameter("first", 5, "first lost packet, from 0", "packet", 0, 10_000_000, whole=True),
        ),
        drawing.draw_periodic,
    ),
    LossModel(
        "replay",
        "Replay a trace",
        "the losses of a trace file, repeated when it ends",
        (
            ModelParameter("file", "", "trace file to replay"),
            ModelParameter(
                "format",
                drawing.FOUND_OUT,
                "the trace's format, when the file does not tell",
                choices=(drawing.FOUND_OUT, *(form.name for form in FORMATS)),
            ),
            ModelParameter(
                "start", "beginning", "where in the trace to start", choices=("beginning", "random")
            ),
        ),
        drawing.draw_replay,
    ),
)
