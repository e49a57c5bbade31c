"""What the per-gap measures are set and tried on: speech, noise, losses, controls, concealers, artefacts.

Each control is free of faults in every gap; each artefact is planted into the reference, in other sizes from
gap to gap, and tells in which gaps it can be heard and under which names it may be flagged. The kinds are
those of public bug reports of codecs, jitter buffers and clients (silence or repetition in place of a
concealment, noise behind a gap, levels that ramp back, speech filled in at the wrong place, sound that gets
later and later, narrow-band comfort noise in wide-band calls, crackle).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from scipy import signal as filters

from gaplisten.audio.resample import resample
from gaplisten.audio.signal import Signal
from gaplisten.loss.trace import LossTrace
from kit import harness

RATE, PACKET = 16_000, 320
SECONDS = 10
DEMO = Path(__file__).resolve().parents[2] / "resources" / "demo" / "clean"
PROMPTS = Path(os.environ.get("GAPLISTEN_PROMPTS", "/usr/share/asterisk/sounds"))
TPLCNET = os.environ.get("GAPLISTEN_TPLCNET", "")  # a .tflite file, run with ai-edge-litert
NOISE_DB = 10.0

Sound = np.ndarray


# -- speech and noise -----------------------------------------------------------------------------------


def demo_speech() -> dict[str, Sound]:
    """Return the voices of the bundled demo, each as often as fills 10 s."""
    found = {}
    for path in sorted(DEMO.glob("*.flac")):
        samples, _ = soundfile.read(path, dtype="float64")
        found[f"demo {path.stem}"] = np.resize(samples, SECONDS * RATE)
    return found


def recorded(folder: Path) -> dict[str, Sound]:
    """Return the sound files of a folder at 16 kHz, each as often as fills 10 s, or its first 10 s."""
    found = {}
    for path in sorted(each for each in folder.iterdir() if each.suffix in (".wav", ".flac", ".ogg")):
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        mono = resample(Signal.of(samples.mean(axis=1), rate), RATE).samples[:, 0]
        found[path.stem] = np.resize(mono, SECONDS * RATE).astype(np.float64)
    return found


def prompts(voices: int = 2, skip: int = 0) -> dict[str, Sound]:
    """Return clips of 10 s of each voice of Debian's asterisk-core-sounds-{en,es,fr,it,ru}-g722.

    Parameters
    ----------
    voices
        How many clips of each voice.
    skip
        How many are left out before: others than those that something was set on.
    """
    found: dict[str, Sound] = {}
    for folder in sorted(path for path in PROMPTS.glob("*_*_*") if path.is_dir()):
        for number, clip in enumerate(_clips(folder)):
            if number >= skip + voices:
                break
            if number >= skip:
                found[f"{folder.name} {number}"] = clip
    return found


def _clips(folder: Path) -> Iterator[Sound]:
    files = [path for path in sorted(folder.glob("*.g722")) if path.stat().st_size > 24_000]
    files = [path for path in files if not any(word in path.stem for word in ("tone", "beep", "monkey"))]
    np.random.default_rng(5).shuffle(files)  # type: ignore[arg-type]
    parts: list[Sound] = []
    for path in files:
        samples = decoded(path)
        largest = np.abs(samples).max()
        if largest < 0.02:
            continue
        parts.append(0.5 * samples / largest)
        if sum(map(len, parts)) >= SECONDS * RATE:
            yield np.concatenate(parts)[: SECONDS * RATE]
            parts = []


def decoded(path: Path) -> Sound:
    """Decode G.722: with the package av, else the program ffmpeg.

    Raises
    ------
    RuntimeError
        If neither is there.
    """
    try:
        import av
    except ImportError:
        if not shutil.which("ffmpeg"):
            raise RuntimeError(f"{path} needs the Python package av or the program ffmpeg") from None
        command = ["ffmpeg", "-v", "error", "-f", "g722", "-i", path, "-f", "s16le", "-"]
        raw = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
        return np.frombuffer(raw, "<i2") / 32768
    with av.open(str(path), format="g722") as container:
        frames = [frame.to_ndarray().ravel() for frame in container.decode(audio=0)]
    return np.concatenate(frames) / 32768


def noise(kind: str, frames: int, seed: int = 7) -> Sound:
    """Return noise of power 1: "pink", "car" (rumble below 300 Hz, soft hiss) or "babble" of 16 voices."""
    rng = np.random.default_rng(seed)
    if kind == "babble":
        voices = [*demo_speech().values(), *prompts(1, 7).values()]
        total = np.zeros(frames)
        for number in range(16):
            voice = np.resize(voices[number % len(voices)], frames)
            total += np.roll(voice, int(rng.integers(frames))) / np.sqrt((voice**2).mean())
    else:
        white = rng.standard_normal(frames + 2000)
        if kind == "pink":
            spectrum = np.fft.rfft(white)
            spectrum /= np.sqrt(np.maximum(np.arange(spectrum.size), 8))
            total = np.fft.irfft(spectrum, white.size)[:frames]
        elif kind == "car":
            low = filters.sosfilt(filters.butter(2, (30, 300), "bandpass", fs=RATE, output="sos"), white)
            total = (low / low.std() + 0.1 * rng.standard_normal(white.size))[2000:][:frames]
        else:
            raise ValueError(f"no noise called {kind}")
    return np.asarray(total / np.sqrt((total**2).mean()))


NOISES = ("pink", "car", "babble")


def noisy(speech: Sound, kind: str, ratio_db: float = NOISE_DB) -> Sound:
    """Add noise at a ratio to the speech's mean power; the sum stays below full scale."""
    mixed = speech + noise(kind, len(speech)) * np.sqrt((speech**2).mean()) * 10 ** (-ratio_db / 20)
    return np.asarray(mixed * min(1.0, 0.95 / np.abs(mixed).max()))


# -- losses ---------------------------------------------------------------------------------------------

LOSSES: dict[str, Callable[[int, int], np.ndarray]] = {
    "random 10 %": lambda n, seed: harness.random_loss(n, 0.1, seed),
    "random 20 %": lambda n, seed: harness.random_loss(n, 0.2, seed),
    "bursts 10 %": lambda n, seed: harness.bursty_loss(n, 0.1, seed),
    "bursts 20 %": lambda n, seed: harness.bursty_loss(n, 0.2, seed),
}


def apart(speech: Sound, seed: int) -> np.ndarray:
    """Return losses of 1, 2, 3 or 5 packets in active speech, 6 to 9 packets apart."""
    rng = np.random.default_rng(seed)
    level = np.sqrt((speech[: len(speech) // PACKET * PACKET].reshape(-1, PACKET) ** 2).mean(axis=1))
    active, lost, at = level > 0.1 * np.percentile(level, 95), np.zeros(len(level), bool), 8
    while at < len(level) - 12:
        length = int(rng.choice([1, 2, 3, 5]))
        if active[at - 1 : at + length + 1].all():
            lost[at : at + length] = True
            at += length + int(rng.integers(6, 10))
        else:
            at += 1
    return lost


def trace_of(lost: np.ndarray) -> LossTrace:
    """Return flags of packets of 20 ms as a trace."""
    return LossTrace.of_packets(lost, PACKET, RATE)


# -- controls and concealers ----------------------------------------------------------------------------


def opus(speech: Sound, kbits: int = 64) -> Sound:
    """Return speech through libopus at a bit rate without loss; the codec's delay is removed."""
    codec = harness.load("opus")
    encoder = codec.Encoder(RATE, PACKET, 1, application="audio", bitrate=kbits)
    decoder = codec.Decoder(RATE, PACKET, 1)
    padded = np.zeros(-(-(len(speech) + encoder.delay) // PACKET) * PACKET, np.float32)
    padded[: len(speech)] = speech
    out = [decoder.decode(encoder.encode(packet)) for packet in padded.reshape(-1, PACKET, 1)]
    return np.concatenate(out)[encoder.delay :][: len(speech), 0].astype(np.float64)


def controls(speech: Sound) -> dict[str, Sound]:
    """Return versions without any fault."""
    rng = np.random.default_rng(11)
    dither = (rng.random(len(speech)) - rng.random(len(speech))) / 32768
    return {
        "reference": speech,
        "Opus, 64 kbit/s": opus(speech),
        "-1 dB": speech * 10 ** (-1 / 20),
        "16-bit dither": np.round(32768 * speech + 32768 * dither) / 32768,
        "three frames late": np.concatenate((np.zeros(3), speech[:-3])),
    }


CODED: dict[str, tuple[str, dict[str, Any]]] = {
    "Opus for calls, 64 kbit/s": ("opus", {"application": "voip", "bitrate": 64}),
    "Opus for calls, 24 kbit/s": ("opus", {"application": "voip", "bitrate": 24}),
    "LC3, 32 kbit/s": ("lc3", {}),
    "Speex, quality 8": ("speex", {}),
    "AMR-WB, 23.85 kbit/s": ("amr_wb", {}),
}


def coded(speech: Sound) -> dict[str, Sound]:
    """Return speech through codecs that calls use, with nothing lost; those whose library is there."""
    samples, nothing = speech.astype(np.float32), np.zeros(len(speech) // PACKET, bool)
    found = {}
    for title, (name, chosen) in CODED.items():
        codec = harness.load(name)
        try:
            made = harness.code(codec, samples, nothing, RATE, PACKET, **chosen)
        except codec.RefusedError as error:
            print(f"  {title}: {error}", file=sys.stderr)
        else:
            found[title] = made.astype(np.float64)
    return found


def concealed(name: str, speech: Sound, lost: np.ndarray) -> Sound:
    """Return what a bundled concealer makes of speech, or tPLCnet."""
    if name == "tPLCnet_s":
        return tplcnet(speech, lost)
    module = harness.load(name)
    return harness.conceal(module, speech.astype(np.float32), lost, RATE, PACKET).astype(np.float64)


def tplcnet(speech: Sound, lost: np.ndarray) -> Sound:
    """Run tPLCnet_s (Westhausen and Meyer 2022) as its authors do: hops of 10 ms, one hop ahead.

    It gets the last six hops: of its own output, of the hop now, and of the next one; it goes on for one hop
    behind each loss.
    """
    from ai_edge_litert.interpreter import Interpreter

    hop = PACKET // 2
    net = Interpreter(model_path=TPLCNET, num_threads=1)
    net.allocate_tensors()
    given, made = net.get_input_details()[0]["index"], net.get_output_details()[0]["index"]
    window = (0.5 - 0.5 * np.cos(np.pi * np.arange(2 * hop) / hop)).astype(np.float32)
    hops = np.append(speech, np.zeros(-len(speech) % hop + hop)).reshape(-1, hop).astype(np.float32)
    gone = np.append(np.repeat(lost, 2), [False, False])[: len(hops)]
    hops[gone] = 0
    history, tail = np.zeros((1, 6, hop), np.float32), np.zeros(2 * hop, np.float32)
    before, missing, out = np.zeros(hop, np.float32), False, []
    for now, absent in zip(hops, gone, strict=True):
        history = np.roll(history, -1, axis=1)
        history[0, -3:] = tail[:hop], before, now
        tail = np.concatenate((tail[hop:], np.zeros(hop, np.float32)))
        if absent or missing:
            net.set_tensor(given, history)
            net.invoke()
            tail = tail + net.get_tensor(made).ravel()
        else:
            tail = tail + np.concatenate((before, now)) * window
        out.append(tail[:hop].copy())
        before, missing = now, bool(absent)
    return np.concatenate(out)[hop:][: len(speech)].astype(np.float64)


GOOD = ("gaplisten_hybrid", "g711_appendix1", "burg_extrapolation", "janssen_oracle")


# -- artefacts ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Artefact:
    """A fault planted into the reference.

    Parameters
    ----------
    names
        Measures under whose name it may be flagged; or `clip`, where it is the clip that is told of.
    plant
        Changes one gap ``[start, stop)`` of a copy in place; returns whether the gap has the fault.
    """

    title: str
    names: tuple[str, ...]
    plant: Callable[[Sound, int, int, np.random.Generator], bool]


def _period(past: Sound) -> int:
    recent = past[-480:]
    lags = range(40, 240)
    shifted = [past[-480 - lag : len(past) - lag] for lag in lags]
    return 40 + int(np.argmax([recent @ s / np.sqrt(s @ s + 1e-9) for s in shifted]))


def _silence(y: Sound, a: int, b: int, rng: np.random.Generator) -> bool:
    y[a:b] = 0
    return True


def _first_only(y: Sound, a: int, b: int, rng: np.random.Generator) -> bool:
    y[a + PACKET : b] = 0
    return b - a > PACKET


def _burst(low_ms: float, high_ms: float) -> Callable[[Sound, int, int, np.random.Generator], bool]:
    def plant(y: Sound, a: int, b: int, rng: np.random.Generator) -> bool:
        at = b + round(rng.uniform(low_ms, high_ms) * RATE / 1000)
        length = round(rng.uniform(10, 30) * RATE / 1000)
        level = rng.uniform(1, 3) * np.sqrt((y[a:b] ** 2).mean())
        y[at : at + length] += level * rng.standard_normal(len(y[at : at + length]))
        return at + length < len(y)

    return plant


def _ramp(y: Sound, a: int, b: int, rng: np.random.Generator) -> bool:
    size = min(round(rng.uniform(80, 250) * RATE / 1000), len(y) - b)
    y[b : b + size] *= np.linspace(rng.uniform(0.2, 0.5), 1, size)
    return True


def _gain(decibels: float) -> Callable[[Sound, int, int, np.random.Generator], bool]:
    def plant(y: Sound, a: int, b: int, rng: np.random.Generator) -> bool:
        y[a:b] *= 10 ** (decibels / 20)
        return True

    return plant


def _octave(y: Sound, a: int, b: int, rng: np.random.Generator) -> bool:
    factor = rng.choice([0.5, 0.7, 1.5])
    lag = _period(y[:a])
    cycle = filters.resample(y[a - lag : a].copy(), max(round(lag * factor), 20))
    voiced = y[a - lag : a] @ y[a - 2 * lag : a - lag] > 0.7 * (y[a - 2 * lag : a] ** 2).sum() / 2
    inside = y[a:b].copy()
    y[a:b] = np.resize(cycle, b - a)
    return bool(voiced and _is_voiced(inside, lag))


def _is_voiced(inside: Sound, lag: int) -> bool:
    if len(inside) < lag + 40:
        return False
    one, other = inside[lag:], inside[:-lag]
    return bool(one @ other > 0.6 * np.sqrt((one @ one) * (other @ other)))


def _repeat(fade: float) -> Callable[[Sound, int, int, np.random.Generator], bool]:
    def plant(y: Sound, a: int, b: int, rng: np.random.Generator) -> bool:
        lag = _period(y[:a])
        y[a:b] = np.resize(y[a - lag : a].copy(), b - a) * (1 - fade * np.arange(b - a) / (b - a))
        return b - a >= 2 * PACKET

    return plant


def _packet_again(y: Sound, a: int, b: int, rng: np.random.Generator) -> bool:
    last, gain = y[a - PACKET : a].copy(), rng.uniform(0.6, 1)
    for number, at in enumerate(range(a, b, PACKET)):
        y[at : at + PACKET] = gain**number * last[: b - at]
    return b - a >= 2 * PACKET


def _dip(y: Sound, a: int, b: int, rng: np.random.Generator) -> bool:
    at = b + round(rng.uniform(70, 90) * RATE / 1000)
    length = round(rng.uniform(25, 30) * RATE / 1000)
    y[at : at + length] *= rng.uniform(0, 0.2)
    return at + length < len(y)


def _narrow(y: Sound, a: int, b: int, rng: np.random.Generator) -> bool:
    cut = filters.butter(8, rng.uniform(3000, 3700), fs=RATE, output="sos")
    low, high = max(a - 1600, 0), b + 1600
    before = _high(y[a:b])
    y[a:b] = filters.sosfiltfilt(cut, y[low:high])[a - low : b - low]
    return before > 1e-8


def _high(part: Sound) -> float:
    return float(
        (filters.sosfilt(filters.butter(6, 4200, "highpass", fs=RATE, output="sos"), part) ** 2).mean()
    )


def _comb(y: Sound, a: int, b: int, rng: np.random.Generator) -> bool:
    lag, second = int(rng.integers(10, 70)), rng.uniform(0.4, 1) * rng.choice([-1, 1])
    inside = np.concatenate((np.zeros(lag), y[a : b - lag]))
    y[a:b] = 0.7 * (y[a:b] + second * inside)
    return True


def _offset(y: Sound, a: int, b: int, rng: np.random.Generator) -> bool:
    y[a:b] += rng.choice([-1, 1]) * rng.uniform(0.015, 0.05)
    return True


def _crackle(y: Sound, a: int, b: int, rng: np.random.Generator) -> bool:
    at = b + int(rng.integers(160, 1600))
    if at >= len(y) - 400 or rng.random() < 0.5:
        return False
    usual = np.sqrt((y[at - 320 : at + 320] ** 2).mean())
    size = int(rng.integers(1, 4))
    y[at : at + size] += rng.choice([-1, 1]) * max(rng.uniform(0.05, 0.3), usual)
    return True


def _inner_click(y: Sound, a: int, b: int, rng: np.random.Generator) -> bool:
    at, size = int(rng.integers(a + 32, b - 32)), int(rng.integers(1, 4))
    usual = np.sqrt((y[a - PACKET : b + PACKET] ** 2).mean())
    y[at : at + size] += rng.choice([-1, 1]) * max(rng.uniform(0.05, 0.3), 1.5 * usual)
    return True


def _twice(side: int) -> Callable[[Sound, int, int, np.random.Generator], bool]:
    """Add received sound beside the gap again: behind it (1) or before it (-1), with a fade or without."""

    def plant(y: Sound, a: int, b: int, rng: np.random.Generator) -> bool:
        fades = rng.random() < 0.5
        size = round(rng.uniform(5 if fades else 2.5, 10) * RATE / 1000)
        window = np.linspace(1, 0, size) if fades else np.ones(size)
        if side > 0:
            y[b : b + size] *= 1 + window[: len(y) - b]
        else:
            y[a - size : a] *= 1 + window[::-1]
        return True

    return plant


def _white(y: Sound, a: int, b: int, rng: np.random.Generator) -> bool:
    y[a:b] = rng.standard_normal(b - a) * np.sqrt((y[a:b] ** 2).mean())
    return True


CLICK = ("click_entry", "click_exit", "step_entry", "step_exit", "level_step_entry", "level_step_exit")

ARTEFACTS = (
    Artefact("silence", ("muted_early", "energy_error"), _silence),
    Artefact("only the first packet of a burst", ("muted_early",), _first_only),
    Artefact("noise right behind the gap", ("after_level", "after_click", "level_step_exit"), _burst(0, 2)),
    Artefact("noise 20 to 60 ms behind it", ("after_level", "after_click"), _burst(20, 60)),
    Artefact("the level ramps back for 80 to 250 ms", ("after_level",), _ramp),
    Artefact("6 dB too low", ("clip:energy_error",), _gain(-6)),
    Artefact("3 dB too loud", ("clip:energy_error",), _gain(3)),
    Artefact("pitch off by an octave, +6 or -7 semitones", ("pitch_jump",), _octave),
    Artefact("one period again and again, 40 ms and more", ("buzz",), _repeat(0)),
    Artefact("the same, fading to a quarter", ("buzz",), _repeat(0.75)),
    Artefact("the last packet again and again, 40 ms and more", ("buzz",), _packet_again),
    Artefact(
        "received sound dips by 14 dB and more 70 to 90 ms behind it",
        ("after_level", "elsewhere_level"),
        _dip,
    ),
    Artefact("polarity turned", ("polarity",), lambda y, a, b, rng: _turn(y, a, b)),
    Artefact("narrow band in wide band", ("bandwidth",), _narrow),
    Artefact("the same sound twice, 0.6 to 4.3 ms apart", ("comb",), _comb),
    Artefact("offset of 1.5 to 5 %", ("dc",), _offset),
    Artefact("a click inside the gap", ("click_inside",), _inner_click),
    Artefact("the overlap behind it added twice", ("overlap_exit",), _twice(1)),
    Artefact("the overlap before it added twice", ("overlap_entry",), _twice(-1)),
    Artefact("crackle away from gaps", ("elsewhere",), _crackle),
    Artefact("white noise at the right level", ("lsd",), _white),
)


def _turn(y: Sound, a: int, b: int) -> bool:
    y[a:b] *= -1
    return True


def planted(artefact: Artefact, speech: Sound, trace: LossTrace, seed: int = 1) -> tuple[Sound, np.ndarray]:
    """Return speech with the fault in its gaps, and in which it can be heard."""
    rng, out = np.random.default_rng(seed), speech.copy()
    return out, np.array([artefact.plant(out, gap.start, gap.stop, rng) for gap in trace.gaps(len(speech))])


def shifted(speech: Sound, trace: LossTrace, later_ms: float) -> tuple[Sound, np.ndarray]:
    """Return speech that gets later (or earlier, when negative) by so many ms at each gap."""
    parts, at, size = [], 0, round(abs(later_ms) * RATE / 1000)
    gaps = trace.gaps(len(speech))
    for gap in gaps:
        if later_ms > 0:
            parts += [speech[at : gap.stop], np.zeros(size)]
        else:
            parts += [speech[at : max(gap.stop - size, at)]]
        at = gap.stop
    out = np.concatenate([*parts, speech[at:], np.zeros(len(speech))])[: len(speech)]
    return out, np.ones(len(gaps), bool)


def late_at_gaps(speech: Sound, trace: LossTrace, later_ms: float) -> Sound:
    """Return speech whose lag grows at each gap exactly, whatever it has become by then."""
    lag, out = 0, speech.copy()
    gaps = trace.gaps(len(speech))
    for gap, after in zip(gaps, [*[each.start for each in gaps[1:]], len(speech)], strict=True):
        lag += round(later_ms * RATE / 1000)
        at = np.clip(np.arange(gap.stop, after) - lag, 0, len(speech) - 1)
        out[gap.stop : after] = speech[at]
    return out


def as_signal(samples: Sound) -> Signal:
    """Return samples as a signal."""
    return Signal.of(samples, RATE)
