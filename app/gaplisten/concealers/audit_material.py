"""What audits run plugins on: speech made anew for each, with losses, and changed from a place on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Samples, Signal
from gaplisten.errors import GaplistenError
from gaplisten.folders import resources
from gaplisten.loss.trace import Flags, LossTrace, Origin

ODD = ("all lost", "first packet lost", "one packet", "silence", "full scale")
_ODD_SECONDS = 4.0
_LOSS, _MEAN_BURST = 0.15, 2.0
_LONG_GAPS_EACH_S, _LONG_GAP = 1.5, (3, 6)
_SHORTEST_SECONDS = 1.0
_PITCH, _TEMPO, _LEVEL_DB = (0.88, 1.14), (0.88, 1.14), (-9.0, 0.0)
_CUT, _BEHIND_SECONDS = 0.75, (0.4, 2.0)
_FRAME_MS, _SEARCH_MS = 30.0, 8.0
_OTHER_SPEEDS, _OTHER_LEVELS = (1.0, 1.0, 0.6, 1.6), (1.0, 1.0, 0.2)


class UnfitSpeech(GaplistenError):  # noqa: N818 - reads as the fact it is
    """Sound on which nothing can be measured."""


def demo_speech() -> tuple[Signal, str]:
    """Return the bundled speech that audits use when none is given, all of it, and its name."""
    from gaplisten.audio.files import read_signal

    clips = [read_signal(path) for path in sorted((resources() / "demo" / "clean").glob("*.flac"))]
    return Signal(np.concatenate([clip.samples for clip in clips]), clips[0].rate), "the demo speech"


def speech_of(path: Path | None) -> tuple[Signal, str]:
    """Return the speech to audit on: a file, or the bundled demo."""
    if path is None:
        return demo_speech()
    from gaplisten.audio.files import read_signal

    speech = read_signal(path)
    if speech.seconds < _SHORTEST_SECONDS or not speech.samples.any():
        fact = f"has {speech.seconds:.2g} s" if speech.samples.any() else "is silent"
        raise UnfitSpeech(
            str(path), f"{fact}: nothing could be measured on it", "name some seconds of clean speech"
        )
    return speech, path.name


@dataclass(frozen=True, eq=False)
class Material:
    """Speech and the losses it is audited with.

    Parameters
    ----------
    clean
        The speech, at a rate that the plugin can work at.
    trace
        Random bursts, some of them long.
    """

    clean: Signal
    trace: LossTrace

    @property
    def lossy(self) -> Signal:
        """The speech with lost packets zero."""
        samples = self.clean.samples.copy()
        samples[self.trace.mask(self.clean.frames)] = 0
        return Signal(samples, self.clean.rate)

    @property
    def without_loss(self) -> LossTrace:
        """The packets of the trace, all received."""
        return LossTrace.of_packets(
            np.zeros_like(self.trace.lost), self.trace.packet_frames, self.trace.rate, Origin.MODEL
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where to disturb: from `packet` on, with that packet's own flag turned round or kept."""

    packet: int
    flip: bool


def new_speech(speech: Signal, seconds: float, seed: int, channels: int = 1) -> Signal:
    """Return speech that lies in no file: of other tempo, pitch and level, from a place at random on.

    Parameters
    ----------
    speech
        Any length; repeated, each time changed in another way. Its first channel is used.
    channels
        Of which each says something else.
    """
    frames = round(seconds * speech.rate)
    made = np.zeros((frames, channels), np.float32)
    for channel in range(channels):
        random = np.random.default_rng((seed, channel))
        start = int(random.integers(speech.frames))
        source, filled = np.roll(speech.samples[:, 0], -start), 0
        while filled < frames:
            piece = _changed(source, speech.rate, random)[: frames - filled]
            made[filled : filled + len(piece), channel] = piece
            filled += len(piece)
    return Signal(made, speech.rate)


def _changed(samples: npt.NDArray[np.float32], rate: int, random: np.random.Generator) -> Samples:
    import soxr

    pitch, tempo = random.uniform(*_PITCH), random.uniform(*_TEMPO)
    gain = 10 ** (random.uniform(*_LEVEL_DB) / 20)
    higher = soxr.resample(samples, round(1000 * pitch), 1000)
    made = gain * _stretched(higher, pitch / tempo, rate)
    return np.asarray(made / max(1.0, float(np.abs(made).max(initial=0))), np.float32)


def _stretched(samples: npt.NDArray[np.floating], factor: float, rate: int) -> npt.NDArray[np.floating]:
    """Return the sound `factor` times as long at the same pitch, by overlapped frames that fit (WSOLA)."""
    half = round(rate * _FRAME_MS / 2000)
    reach = round(rate * _SEARCH_MS / 1000)
    count = int((len(samples) - 2 * reach) * factor) // half - 2
    if count < 1:
        return samples
    window = np.hanning(2 * half + 1)[:-1]
    padded = np.pad(samples, (reach, 3 * half + 2 * reach))
    out = np.zeros((count + 1) * half)
    follows = padded[reach : reach + 2 * half]
    for index in range(count):
        middle = round(index * half / factor)
        around = padded[middle : middle + 2 * half + 2 * reach]
        best = int(np.argmax(np.correlate(around, follows, "valid")))
        out[index * half : (index + 2) * half] += window * around[best : best + 2 * half]
        follows = padded[middle + best + half : middle + best + 3 * half]
    return out


def make_material(speech: Signal, packet_frames: int, seconds: float, seed: int) -> Material:
    """Cut the speech to whole packets and lose some.

    Bursts of two on average (Gilbert model, 15 % loss), and every second or so one of three to six packets.
    """
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
    each = round(_LONG_GAPS_EACH_S * speech.rate / packet_frames)
    for start in range(each, packets - 2 * _LONG_GAP[1], max(each, 2 * _LONG_GAP[1])):
        at = start + int(random.integers(_LONG_GAP[1]))
        lost[at : at + int(random.integers(*_LONG_GAP))] = True
    lost[packets // 2] = True  # at least one
    clean = Signal(np.ascontiguousarray(samples[:wanted]), speech.rate)
    return Material(clean, LossTrace.of_packets(lost, packet_frames, speech.rate, Origin.MODEL))


def places(lost: Flags, count: int, seed: int, first: int = 1) -> tuple[Place, ...]:
    """Choose where to disturb, from packet `first` on: gap ends above all, gap starts, the rest anywhere.

    What looks ahead in a gap sees what comes after it, so up to three quarters are gap ends, spread over all.
    """
    random = np.random.default_rng(seed)
    edges = np.flatnonzero(np.diff(lost.astype(np.int8))) + 1
    edges = edges[edges >= first]
    chosen: dict[Place, None] = {}
    for group, share in ((edges[~lost[edges]], 0.75), (edges[lost[edges]], 0.15)):
        some = random.permutation(group)[: max(round(share * count), 1)]
        for index, packet in enumerate(sorted(some.tolist())):
            chosen[Place(packet, index % 4 == 0)] = None
    anywhere = [Place(packet, flip) for packet in range(first, lost.size) for flip in (True, False)]
    random.shuffle(anywhere)
    for place in anywhere:
        if len(chosen) >= count:
            break
        chosen[place] = None
    return tuple(chosen)[:count]


def disturbed(material: Material, place: Place, seed: int) -> tuple[Signal, LossTrace, Signal]:
    """Return other speech and other losses from the place on, and that speech without loss.

    Everything before the place is the same. Three in four end some time after it: what comes before a place
    must not follow from how much there is behind it, either.
    """
    random = np.random.default_rng((seed, place.packet, place.flip))
    trace, clean = material.trace, material.clean
    lost = trace.lost.copy()
    lost[place.packet :] = random.random(lost.size - place.packet) < 0.3
    lost[place.packet] = trace.lost[place.packet] ^ place.flip
    if random.random() < _CUT:
        behind = random.uniform(*_BEHIND_SECONDS) * trace.rate / trace.packet_frames
        lost = lost[: place.packet + 1 + round(behind)]
    start = place.packet * trace.packet_frames
    samples = clean.samples[: lost.size * trace.packet_frames].copy()
    samples[start:] = _other(samples[start:], random)
    changed = LossTrace.of_packets(lost, trace.packet_frames, trace.rate, Origin.MODEL)
    lossy = samples.copy()
    lossy[changed.mask(len(samples))] = 0
    return Signal(lossy, clean.rate), changed, Signal(samples, clean.rate)


def noise_in_gaps(material: Material, seed: int) -> Signal:
    """Return the speech with noise in place of what is lost."""
    samples = material.clean.samples.copy()
    lost = material.trace.mask(material.clean.frames)
    random = np.random.default_rng(seed)
    samples[lost] = random.uniform(-0.5, 0.5, (int(lost.sum()), samples.shape[1]))
    return Signal(samples, material.clean.rate)


def odd_case(name: str, material: Material) -> tuple[Signal, LossTrace, Signal]:
    """Return one of `ODD`, of some seconds at most, as lossy sound, trace and undamaged sound."""
    size = material.trace.packet_frames
    lost = material.trace.lost[: max(round(_ODD_SECONDS * material.clean.rate / size), 8)].copy()
    samples = material.clean.samples[: lost.size * size].copy()
    if name == "all lost":
        lost[:] = True
    elif name == "first packet lost":
        lost[:2] = True
    elif name == "one packet":
        samples, lost = samples[: size // 2 + 1], np.ones(1, np.bool_)
    elif name == "silence":
        samples = np.zeros_like(samples)
    else:
        samples = np.where(samples >= 0, np.float32(1), np.float32(-1))
    trace = LossTrace.of_packets(lost, size, material.trace.rate, material.trace.origin)
    sound = Signal(samples, material.clean.rate)
    return sound, trace, sound


def _other(samples: Samples, random: np.random.Generator) -> Samples:
    """Return other sound, some of it of other pitch and level: neither may be known of what is to come."""
    speed, level = random.choice(_OTHER_SPEEDS), random.choice(_OTHER_LEVELS)
    noise = random.uniform(-0.05, 0.05, samples.shape).astype(np.float32)
    turned = samples[::-1][(speed * np.arange(len(samples))).astype(int) % max(len(samples), 1)]
    return np.asarray(np.clip(-level * turned + noise, -1, 1), np.float32)
