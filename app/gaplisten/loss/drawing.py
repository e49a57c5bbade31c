"""How each loss model draws: number of packets, packet length in ms, generator, checked parameters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gaplisten.loss.formats import read_trace
from gaplisten.loss.model_parameters import LossModelError
from gaplisten.loss.strata import LIMITS_MS, Stratum
from gaplisten.loss.trace import Flags, Grid, LossTrace, Origin

Generator = np.random.Generator
FOUND_OUT = "found out"
_MICROSECONDS = 1_000_000
STRATA = {"short": Stratum.SHORT, "medium": Stratum.MEDIUM, "long": Stratum.LONG}


def draw_random(packets: int, packet_ms: float, generator: Generator, values: dict[str, Any]) -> Flags:
    """Lose each packet independently."""
    return np.asarray(generator.random(packets) < values["loss"] / 100, np.bool_)


def draw_gilbert_elliott(
    packets: int, packet_ms: float, generator: Generator, values: dict[str, Any]
) -> Flags:
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


def idle_in_gilbert_elliott(values: Mapping[str, Any]) -> frozenset[str]:
    """Return what has no effect: the transitions are given, or follow from loss and burst."""
    return frozenset(("loss", "burst") if values["p"] > 0 else ("r",))


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


def draw_burst_stratum(packets: int, packet_ms: float, generator: Generator, values: dict[str, Any]) -> Flags:
    """Place bursts whose longest lies in the stratum and which together lose the wanted share."""
    least, most = _burst_packets(STRATA[values["stratum"]], packet_ms)
    if packets < least:
        fact = f"{packets} packets cannot hold a burst of {least}"
        raise LossModelError("burst_stratum", fact, "use longer speech or shorter bursts")
    wanted = max(round(packets * values["loss"] / 100), least)
    lengths = np.arange(least, min(most, wanted) + 1)
    # Between two bursts lies one received packet at least.
    lengths = lengths[-(-wanted // lengths) - 1 <= packets - wanted]
    if not lengths.size:
        highest = 100 * most / (most + 1)
        fact = f"{values['loss']:g} % loss does not fit in bursts of at most {most} packets"
        raise LossModelError("burst_stratum", fact, f"ask for less than {highest:.0f} % or longer bursts")
    return _arranged(packets, _bursts(int(generator.choice(lengths)), wanted, packets, generator), generator)


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


def _bursts(longest: int, wanted: int, packets: int, generator: Generator) -> list[int]:
    """Return burst lengths that sum up to `wanted`, one of them the longest; short ones are more common."""
    lengths, missing = [longest], wanted - longest
    while missing > 0:
        lengths.append(min(int(generator.geometric(2.0 / (longest + 1))), longest, missing))
        missing -= lengths[-1]
    if len(lengths) - 1 <= packets - wanted:
        return lengths
    whole, rest = divmod(wanted, longest)
    return [longest] * whole + [rest] * (rest > 0)


def _arranged(packets: int, lengths: list[int], generator: Generator) -> Flags:
    """Put bursts in random order with random numbers of received packets around, at least one between."""
    count = len(lengths)
    spare = packets - sum(lengths) - (count - 1)
    cuts = np.sort(generator.integers(0, spare + 1, count))
    before = np.diff(cuts, prepend=0) + (np.arange(count) > 0)
    lost = np.zeros(packets, np.bool_)
    at = 0
    for received, length in zip(before.tolist(), generator.permutation(lengths).tolist(), strict=True):
        at += received
        lost[at : at + length] = True
        at += length
    return lost


def draw_periodic(packets: int, packet_ms: float, generator: Generator, values: dict[str, Any]) -> Flags:
    """Lose a burst of fixed length in every period."""
    if values["length"] > values["period"]:
        fact = f"a burst of {values['length']} packets does not fit in a period of {values['period']}"
        raise LossModelError("periodic", fact, "make the period longer or the burst shorter")
    index = np.arange(packets) - values["first"]
    return np.asarray((index >= 0) & (index % values["period"] < values["length"]), np.bool_)


def replay(trace: LossTrace, packets: int, offset: int = 0) -> LossTrace:
    """Return a trace of `packets` packets that repeats another one from packet `offset` on."""
    if not trace.packets:
        raise LossModelError("replay", "the trace to replay holds no packets", "choose another trace")
    lost = trace.lost[(np.arange(packets) + offset) % trace.packets]
    return LossTrace.of_packets(lost, trace.packet_frames, trace.rate, Origin.MODEL)


def draw_replay(packets: int, packet_ms: float, generator: Generator, values: dict[str, Any]) -> Flags:
    """Lose what a trace file lost."""
    if not values["file"]:
        raise LossModelError("replay", "no trace file is given", "set file=PATH")
    told = None if values["format"] == FOUND_OUT else values["format"]
    found = read_trace(Path(values["file"]), format=told)
    lost = found.lost
    if found.intervals is not None:
        if found.intervals.in_frames:
            fact = "counts samples, and nobody knows how many are a packet"
            raise LossModelError(
                "replay", f"{values['file']} {fact}", "choose a trace of packets or of times"
            )
        grid = Grid(max(round(packet_ms * _MICROSECONDS / 1000), 1))
        lost = found.on_clock(_MICROSECONDS).touching(grid)
    offset = int(generator.integers(0, lost.size)) if values["start"] == "random" else 0
    return replay(LossTrace.of_packets(lost, 1, 1), packets, offset).lost
