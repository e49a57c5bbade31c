"""Speech with losses, and copies of it that differ from a given packet on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaplisten.audio.signal import Samples, Signal
from gaplisten.loss.trace import Flags, LossTrace, Origin

_LOSS, _MEAN_BURST = 0.15, 2.0


@dataclass(frozen=True, eq=False)
class Material:
    """Speech and the losses it is audited with.

    Parameters
    ----------
    clean
        The speech, at a rate that the plugin can work at.
    trace
        Random bursts.
    """

    clean: Signal
    trace: LossTrace

    @property
    def lossy(self) -> Signal:
        """The speech with lost packets zero."""
        samples = self.clean.samples.copy()
        samples[self.trace.mask(self.clean.frames)] = 0
        return Signal(samples, self.clean.rate)


@dataclass(frozen=True, slots=True)
class Place:
    """Where to disturb: from `packet` on, with that packet's own flag turned round or kept."""

    packet: int
    flip: bool


def make_material(speech: Signal, packet_frames: int, seconds: float, seed: int) -> Material:
    """Cut the speech to whole packets, lose some in bursts of two on average (Gilbert model, 15 % loss)."""
    packets = max(min(speech.frames, round(seconds * speech.rate)) // packet_frames, 8)
    wanted = packets * packet_frames
    samples = (
        np.resize(speech.samples, (wanted, speech.channels)) if speech.frames < wanted else speech.samples
    )
    random = np.random.default_rng(seed)
    ends = 1 / _MEAN_BURST
    begins = ends * _LOSS / (1 - _LOSS)
    lost = np.zeros(packets, np.bool_)
    for packet in range(1, packets):
        lost[packet] = random.random() < (1 - ends if lost[packet - 1] else begins)
    lost[packets // 2] = True  # at least one
    clean = Signal(np.ascontiguousarray(samples[:wanted]), speech.rate)
    return Material(clean, LossTrace(lost, packet_frames, speech.rate, Origin.MODEL))


def places(lost: Flags, count: int, seed: int) -> tuple[Place, ...]:
    """Choose where to disturb: a third at gap starts, a third at gap ends, the rest anywhere."""
    random = np.random.default_rng(seed)
    edges = np.flatnonzero(np.diff(lost.astype(np.int8))) + 1
    starts, ends = edges[lost[edges]], edges[~lost[edges]]
    chosen: dict[Place, None] = {}
    for group in (starts, ends):
        random.shuffle(group)
        for index, packet in enumerate(group[: count // 3].tolist()):
            chosen[Place(packet, index % 2 == 0)] = None
    anywhere = [Place(packet, flip) for packet in range(1, lost.size) for flip in (True, False)]
    random.shuffle(anywhere)
    for place in anywhere:
        if len(chosen) >= count:
            break
        chosen[place] = None
    return tuple(chosen)


def disturbed(material: Material, place: Place, seed: int) -> tuple[Signal, LossTrace]:
    """Return other speech and other losses from the place on; everything before it is the same."""
    random = np.random.default_rng((seed, place.packet, place.flip))
    trace, clean = material.trace, material.clean
    lost = trace.lost.copy()
    lost[place.packet :] = random.random(lost.size - place.packet) < 0.3
    lost[place.packet] = trace.lost[place.packet] ^ place.flip
    start = place.packet * trace.packet_frames
    samples = clean.samples.copy()
    samples[start:] = _other(samples[start:], random)
    changed = LossTrace(lost, trace.packet_frames, trace.rate, Origin.MODEL)
    samples[changed.mask(clean.frames)] = 0
    return Signal(samples, clean.rate), changed


def _other(samples: Samples, random: np.random.Generator) -> Samples:
    noise = random.uniform(-0.05, 0.05, samples.shape).astype(np.float32)
    return np.asarray(np.clip(-samples[::-1] + noise, -1, 1), np.float32)
