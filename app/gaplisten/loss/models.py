"""Loss models: seeded, each with its own generator, described so that a form can show them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gaplisten.errors import GaplistenError
from gaplisten.loss.strata import LIMITS_MS, Stratum
from gaplisten.loss.trace import Flags, LossTrace, Origin

Generator = np.random.Generator
Value = float | int | str


class LossModelError(GaplistenError):
    """A loss model or parameter that cannot be used."""


@dataclass(frozen=True)
class ModelParameter:
    """One parameter of a model: what a form needs to show it.

    Parameters
    ----------
    minimum, maximum
        Inclusive range of numbers; None for choices.
    choices
        Allowed words, when it is no number.
    """

    name: str
    default: Value
    help: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    whole: bool = False

    @property
    def kind(self) -> str:
        """Which widget fits: ``choice``, ``text``, ``integer`` or ``number``."""
        if self.choices:
            return "choice"
        if isinstance(self.default, str):
            return "text"
        return "integer" if self.whole else "number"

    def checked(self, value: Any) -> Value:
        """Return a value of the right type within the range.

        Raises
        ------
        LossModelError
            If it is not.
        """
        if self.kind == "choice":
            return self._choice(str(value))
        if self.kind == "text":
            return str(value)
        try:
            number = float(value)
        except (TypeError, ValueError) as error:
            raise LossModelError(self.name, f"{value!r} is no number", self._range()) from error
        low, high = self.minimum, self.maximum
        inside = (low is None or number >= low) and (high is None or number <= high)
        if not np.isfinite(number) or not inside or (self.whole and number != int(number)):
            raise LossModelError(self.name, f"{number:g} is out of range", self._range())
        return int(number) if self.whole else number

    def _choice(self, word: str) -> str:
        if word not in self.choices:
            raise LossModelError(self.name, f"{word!r} is not known", "choose " + ", ".join(self.choices))
        return word

    def _range(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"give {kind} from {self.minimum:g} to {self.maximum:g} {self.unit}".rstrip()


@dataclass(frozen=True)
class LossModel:
    """A way to draw losses.

    Parameters
    ----------
    draw
        Called with the number of packets, the packet length in ms, a generator and the checked parameters.
    """

    name: str
    title: str
    help: str
    parameters: tuple[ModelParameter, ...]
    draw: Callable[[int, float, Generator, dict[str, Any]], Flags]


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
    return LossTrace(np.asarray(lost, np.bool_), packet_frames, rate, Origin.MODEL)


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


def _random(packets: int, packet_ms: float, generator: Generator, values: dict[str, Any]) -> Flags:
    return np.asarray(generator.random(packets) < values["loss"] / 100, np.bool_)


def _gilbert_elliott(packets: int, packet_ms: float, generator: Generator, values: dict[str, Any]) -> Flags:
    """Walk between a good and a bad state; the first state is drawn from how often each occurs."""
    into, out = _transitions(values)
    losses = (values["loss_good"] / 100, values["loss_bad"] / 100)
    walk, lose = generator.random((2, packets + 1))
    bad = bool(walk[0] < into / (into + out)) if into + out > 0 else False
    lost = np.zeros(packets, np.bool_)
    for index in range(packets):
        lost[index] = lose[index] < losses[bad]
        bad = not walk[index + 1] < out if bad else bool(walk[index + 1] < into)
    return lost


def _transitions(values: dict[str, Any]) -> tuple[float, float]:
    """Return the probabilities good to bad and bad to good."""
    if values["p"] > 0:
        return values["p"], values["r"]
    out = 1.0 / values["burst"]
    share = values["loss"] / 100
    if share >= 1:
        return 1.0, 0.0
    into = out * share / (1 - share)
    if into > 1:
        raise LossModelError(
            "gilbert_elliott",
            f"{100 * share:g} % loss cannot come in bursts of {values['burst']:g} packets on average",
            f"ask for bursts of at least {share / (1 - share):.1f} packets",
        )
    return into, out


def _burst_stratum(packets: int, packet_ms: float, generator: Generator, values: dict[str, Any]) -> Flags:
    """Place bursts whose longest lies in the stratum, until the wanted share is lost."""
    least, most = _burst_packets(_STRATA[values["stratum"]], packet_ms)
    if packets < least:
        raise LossModelError(
            "burst_stratum",
            f"{packets} packets cannot hold a burst of {least}",
            "use longer speech or shorter bursts",
        )
    longest = int(generator.integers(least, min(most, packets) + 1))
    return _place(packets, longest, round(packets * values["loss"] / 100), generator)


def _burst_packets(stratum: Stratum, packet_ms: float) -> tuple[int, int]:
    limits = [0.0, *LIMITS_MS.values()]
    at = list(LIMITS_MS).index(stratum)
    least = int(np.floor(limits[at] / packet_ms + 1e-9)) + 1
    most = int(np.floor(limits[at + 1] / packet_ms + 1e-9))
    if most < least:
        raise LossModelError(
            "burst_stratum",
            f"no whole packet of {packet_ms:g} ms fits {stratum.value}",
            "use another stratum",
        )
    return least, most


def _place(packets: int, longest: int, wanted: int, generator: Generator) -> Flags:
    lost = np.zeros(packets, np.bool_)
    start = int(generator.integers(0, packets - longest + 1))
    lost[start : start + longest] = True
    missing = wanted - longest
    for _ in range(50 * packets):
        if missing <= 0:
            break
        # Short bursts are more common than long ones, as on real networks.
        size = min(int(generator.geometric(2.0 / (longest + 1))), longest, missing)
        start = int(generator.integers(0, packets - size + 1))
        around = lost[max(0, start - 1) : start + size + 1]
        if not around.any():
            lost[start : start + size] = True
            missing -= size
    return lost


def _periodic(packets: int, packet_ms: float, generator: Generator, values: dict[str, Any]) -> Flags:
    index = np.arange(packets) - values["first"]
    return np.asarray((index >= 0) & (index % values["period"] < values["length"]), np.bool_)


def replay(trace: LossTrace, packets: int, offset: int = 0) -> LossTrace:
    """Return a trace of `packets` packets that repeats another one from packet `offset` on."""
    if not trace.packets:
        raise LossModelError("replay", "the trace to replay holds no packets", "choose another trace")
    lost = trace.lost[(np.arange(packets) + offset) % trace.packets]
    return LossTrace(lost, trace.packet_frames, trace.rate, Origin.MODEL)


def _replay(packets: int, packet_ms: float, generator: Generator, values: dict[str, Any]) -> Flags:
    from pathlib import Path

    from gaplisten.loss.formats import read_trace

    if not values["file"]:
        raise LossModelError("replay", "no trace file is given", "set file=PATH")
    found = read_trace(Path(values["file"]))
    offset = int(generator.integers(0, found.lost.size)) if values["start"] == "random" else 0
    return replay(LossTrace(found.lost, 1, 1), packets, offset).lost


def _percent(name: str, default: float, about: str) -> ModelParameter:
    return ModelParameter(name, default, about, "%", 0.0, 100.0)


_STRATA = {"short": Stratum.SHORT, "medium": Stratum.MEDIUM, "long": Stratum.LONG}
_STRATUM_HELP = ", ".join(f"{word} {stratum.value}" for word, stratum in _STRATA.items())

MODELS: tuple[LossModel, ...] = (
    LossModel(
        "random",
        "Random",
        "each packet is lost independently",
        (_percent("loss", 10.0, "share of packets lost"),),
        _random,
    ),
    LossModel(
        "gilbert_elliott",
        "Gilbert-Elliott",
        "two states, good and bad, each with its own loss (Gilbert 1960, Elliott 1963)",
        (
            _percent("loss", 10.0, "share of time in the bad state (used when p is 0)"),
            ModelParameter(
                "burst", 3.0, "mean stay in the bad state (used when p is 0)", "packets", 1.0, 1000.0
            ),
            ModelParameter("p", 0.0, "probability of good to bad; 0 = from loss and burst", "", 0.0, 1.0),
            ModelParameter("r", 0.3, "probability of bad to good, with p", "", 0.0, 1.0),
            _percent("loss_good", 0.0, "loss in the good state"),
            _percent("loss_bad", 100.0, "loss in the bad state"),
        ),
        _gilbert_elliott,
    ),
    LossModel(
        "burst_stratum",
        "Challenge burst stratum",
        "bursts whose longest lies in one of the Deep PLC Challenge's classes",
        (
            ModelParameter("stratum", "short", f"longest burst: {_STRATUM_HELP}", choices=tuple(_STRATA)),
            _percent("loss", 10.0, "share of packets lost (one burst at least)"),
        ),
        _burst_stratum,
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
        _periodic,
    ),
    LossModel(
        "replay",
        "Replay a trace",
        "the losses of a trace file, repeated when it ends",
        (
            ModelParameter("file", "", "trace file to replay"),
            ModelParameter(
                "start", "beginning", "where in the trace to start", choices=("beginning", "random")
            ),
        ),
        _replay,
    ),
)
