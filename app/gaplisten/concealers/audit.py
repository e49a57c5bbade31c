"""Measuring what a plugin declares: look-ahead, delay, time, identity, determinism, leaks.

Everything is measured from outside, by running the plugin in its worker process on speech with losses and on
variations of it. Nothing that the plugin says about itself is taken for granted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gaplisten.audio.signal import Samples, Signal
from gaplisten.concealers.entries import Entry, Limits
from gaplisten.concealers.errors import ConcealerFailed
from gaplisten.concealers.findings import CHALLENGE_LIMIT_MS, Audit, Finding, Verdict
from gaplisten.concealers.parameters import validate
from gaplisten.concealers.runner import Concealed, Runner, altered_share
from gaplisten.errors import GaplistenError
from gaplisten.folders import resources
from gaplisten.jobs import Job
from gaplisten.loss.trace import Flags, LossTrace, Origin

TOLERANCE = 1e-6
PLACES = 60
_SECONDS, _DISTURBED_SECONDS = 10.0, 4.0
_SHORTEST_SECONDS = 1.0
_SEED = 20
_LAG_MS = 60.0
_ODD = ("all lost", "first packet lost", "one packet", "silence", "full scale")
_LOSS, _MEAN_BURST = 0.15, 2.0


class UnfitSpeech(GaplistenError):  # noqa: N818 - reads as the fact it is
    """Sound on which nothing can be measured."""


def demo_speech() -> tuple[Signal, str]:
    """Return the bundled speech that audits use when none is given, and its name."""
    from gaplisten.audio.files import read_signal

    path = sorted((resources() / "demo" / "clean").glob("*.flac"))[0]
    return read_signal(path), path.name


def audit(
    entry: Entry,
    parameters: Mapping[str, Any] | None = None,
    speech: Signal | None = None,
    *,
    material: str = "",
    packet_ms: float = 20.0,
    limits: Limits | None = None,
    job: Job | None = None,
) -> Audit:
    """Measure a plugin.

    Parameters
    ----------
    parameters
        The setting to audit; missing ones take their defaults.
    speech
        Clean speech, some seconds at least; the bundled demo when not given. Brought to a rate at which the
        plugin can work.
    material
        What to call that speech.
    limits
        Of each single run.
    job
        Told how far it is; cancelling it stops the plugin.

    Raises
    ------
    ConcealerFailed
        If the plugin cannot even conceal ordinary speech.
    """
    if speech is None:
        speech, material = demo_speech()
    checked = validate(entry, parameters or {})
    with Runner(workers=2, limits=limits) as runner:
        auditor = _Auditor(entry, checked, speech, packet_ms, runner, job or Job())
        auditor.choose_rate()
        findings = auditor.findings()
    return Audit(entry, checked, material or "speech", auditor.speech.rate, auditor.size, findings)


@dataclass
class _Auditor:
    entry: Entry
    parameters: dict[str, Any]
    speech: Signal
    packet_ms: float
    runner: Runner
    job: Job
    done: int = 0

    @property
    def size(self) -> int:
        """Frames in one packet."""
        return max(round(self.speech.rate * self.packet_ms / 1000), 1)

    def choose_rate(self) -> None:
        """Bring the speech to a rate of the plugin's: what the host's resampler does is not to be audited."""
        from gaplisten.audio.resample import resample

        tried = make_material(self.speech, self.size, 0.5, _SEED)
        made = self.run(tried.lossy, tried.trace, tried.clean)  # this first run imports libraries, too
        if made.resampled:
            self.speech = resample(self.speech, made.work_rate)

    def findings(self) -> tuple[Finding, ...]:
        whole = make_material(self.speech, self.size, _SECONDS, _SEED)
        base = self.run(whole.lossy, whole.trace, whole.clean)
        delay_ms = 1000.0 * base.delay_frames / whole.clean.rate
        times = _times(self.entry, base, whole.trace)
        free = self.run(whole.clean, replace(whole.trace, spans=whole.trace.spans[:0]), whole.clean)
        leaky = self.run(_noise_in_gaps(whole), whole.trace, whole.clean)
        short = make_material(self.speech, self.size, _DISTURBED_SECONDS, _SEED + 1)
        frames, where = self.look_ahead(short)
        odd = self.odd_cases(short)
        again = self.run(whole.lossy, whole.trace, whole.clean)
        steady = np.array_equal(base.signal.samples, again.signal.samples)
        ahead = self._ahead(frames if steady else None, where, delay_ms)
        received = ~whole.trace.mask(whole.clean.frames)
        return (
            ahead,
            _delay(free.signal.samples, whole.clean, delay_ms),
            *times,
            _latency(ahead, delay_ms, times),
            _identity(free.signal.samples, whole.clean.samples),
            self._determinism(steady, base, again),
            *([_leak(base, leaky, steady)] if base.coding is None else self._coded(whole, base)),
            _altered(altered_share(whole.clean, base.signal.samples, whole.trace)),
            _gain(base.signal.samples[received], whole.clean.samples[received]),
            odd,
        )

    def run(self, lossy: Signal, trace: LossTrace, clean: Signal) -> Concealed:
        """Conceal once, telling the job that one more run is done."""
        return next(iter(self.runs([(lossy, trace, clean)])))

    def runs(self, inputs: Iterable[tuple[Signal, LossTrace, Signal]]) -> Iterable[Concealed]:
        """Conceal several, two at a time, in order."""
        stop = Job()
        waiting = iter(inputs)
        running: list[Future[Concealed]] = []
        try:
            while True:
                while len(running) < 2 and (found := next(waiting, None)) is not None:
                    lossy, trace, clean = found
                    running.append(self.runner.submit(self.entry, self.parameters, lossy, trace, stop, clean))
                if not running:
                    return
                yield self._wait(running.pop(0))
        finally:
            stop.cancel()

    def _wait(self, future: Future[Concealed]) -> Concealed:
        while True:
            self.job.check(min(self.done / (PLACES + 6 + len(_ODD)), 1.0), f"auditing {self.entry.title}")
            try:
                result = future.result(0.1)
            except TimeoutError:
                continue
            self.done += 1
            return result

    def look_ahead(self, material: Material) -> tuple[int, int]:
        """Return how many frames the output runs ahead of a disturbance at worst, and in which packet."""
        base = self.run(material.lossy, material.trace, material.clean).signal.samples
        chosen = places(material.trace.lost, PLACES, _SEED)
        results = self.runs(disturbed(material, place, _SEED) for place in chosen)
        worst, where = 0, -1
        for place, made in zip(chosen, results, strict=True):
            moved = np.flatnonzero((np.abs(made.signal.samples - base) > TOLERANCE).any(axis=1))
            ahead = place.packet * self.size - int(moved[0]) if moved.size else 0
            if ahead > worst:
                worst, where = ahead, place.packet
        return worst, where

    def odd_cases(self, material: Material) -> Finding:
        """Run what plugins are rarely tried with."""
        failed = []
        for name in _ODD:
            try:
                self.run(*_odd_case(name, material))
            except ConcealerFailed as error:
                failed.append(f"{name}: {error.fact}")
        verdict = Verdict.FAILS if failed else Verdict.OK
        return Finding(
            "odd cases passed", None, len(_ODD) - len(failed), "", verdict, len(_ODD), "; ".join(failed)
        )

    def _coded(self, material: Material, base: Concealed) -> tuple[Finding, ...]:
        from gaplisten.concealers.codec_audit import CodecAudit

        return CodecAudit(
            self.runner, self.entry, self.parameters, material.clean, material.trace, base, self.job
        ).findings()

    def _ahead(self, frames: int | None, where: int, delay_ms: float) -> Finding:
        if frames is None:
            return Finding(
                "look-ahead", delay_ms, None, "ms", Verdict.UNKNOWN, None, "two runs differ already"
            )
        measured = 1000.0 * frames / self.speech.rate
        verdict = Verdict.OK
        if measured > delay_ms and self.entry.causal is not False:
            verdict = Verdict.LIES if self.entry.causal else Verdict.NOTE
        note = f"{frames} frames" + (f", worst before packet {where}" if where >= 0 else "")
        note += {True: "", False: "; declared non-causal", None: "; does not say whether it is causal"}[
            self.entry.causal
        ]
        return Finding("look-ahead", delay_ms, measured, "ms", verdict, None, note)

    def _determinism(self, steady: bool, base: Concealed, again: Concealed) -> Finding:
        declared = "same each time" if self.entry.deterministic else "varies"
        measured = "same each time" if steady else "varies"
        difference = float(np.abs(base.signal.samples - again.signal.samples).max(initial=0))
        verdict = Verdict.OK if steady or not self.entry.deterministic else Verdict.LIES
        note = "" if steady else f"largest difference {difference:.3g}; declare deterministic = False"
        return Finding("two runs", declared, measured, "", verdict, None, note)


def _noise_in_gaps(material: Material) -> Signal:
    samples = material.clean.samples.copy()
    lost = material.trace.mask(material.clean.frames)
    random = np.random.default_rng(_SEED)
    samples[lost] = random.uniform(-0.5, 0.5, (int(lost.sum()), samples.shape[1]))
    return Signal(samples, material.clean.rate)


def _odd_case(name: str, material: Material) -> tuple[Signal, LossTrace, Signal]:
    samples, lost = material.clean.samples.copy(), material.trace.lost.copy()
    size = material.trace.packet_frames
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


def _times(entry: Entry, made: Concealed, trace: LossTrace) -> tuple[Finding, ...]:
    factor = made.realtime_factor
    speed = Finding(
        "real-time factor", None, factor, "", Verdict.OVER if factor > 1 else Verdict.OK, 1.0, "one core"
    )
    limit = trace.packet_ms
    if entry.form == "whole_file":
        each = 1000.0 * made.seconds / max(trace.packets, 1)
        note = f"whole file at once: {1000 * made.seconds:.3g} ms for {trace.packets} packets"
        return (Finding("time per packet, mean", None, each, "ms", _within(each, limit), limit, note), speed)
    p50, p99, most = (1000.0 * float(np.quantile(made.packet_seconds, q)) for q in (0.5, 0.99, 1.0))
    return (
        Finding("time per packet, p50", None, p50, "ms", _within(p50, limit), limit),
        Finding("time per packet, p99", None, p99, "ms", _within(p99, limit), limit),
        Finding("time per packet, max", None, most, "ms", _within(most, limit), limit),
        speed,
    )


def _within(value: float, limit: float) -> Verdict:
    return Verdict.OVER if value > limit else Verdict.OK


def _latency(ahead: Finding, delay_ms: float, times: tuple[Finding, ...]) -> Finding:
    name = "delay and time per packet"
    spent = times[1].measured if len(times) > 2 else times[0].measured
    known = ahead.measured if isinstance(ahead.measured, float) else 0.0
    total = max(known, delay_ms) + float(spent or 0.0)
    note = "the larger of declared delay and look-ahead, plus p99 (mean); challenge limit"
    return Finding(name, delay_ms, total, "ms", _within(total, CHALLENGE_LIMIT_MS), CHALLENGE_LIMIT_MS, note)


def _delay(output: Samples, clean: Signal, delay_ms: float) -> Finding:
    """Compare the clocks of input and output where nothing was lost, the declared delay removed."""
    lag, match = best_lag(output[:, 0], clean.samples[:, 0], round(clean.rate * _LAG_MS / 1000))
    if match < 0.5:
        return Finding(
            "delay", delay_ms, None, "ms", Verdict.UNKNOWN, None, "output does not resemble the input"
        )
    measured = delay_ms + 1000.0 * lag / clean.rate
    verdict = Verdict.LIES if abs(lag) > 1 else Verdict.OK
    note = f"output is {lag:+d} frames off the clip's clock" if lag else ""
    return Finding("delay", delay_ms, measured, "ms", verdict, None, note)


def best_lag(output: Samples, wanted: Samples, most: int) -> tuple[int, float]:
    """Return by how many frames the output is late (at most `most`), and the correlation there."""
    size = 1 << (output.size + wanted.size - 1).bit_length()
    product = np.fft.rfft(output, size) * np.conj(np.fft.rfft(wanted, size))
    correlation = np.fft.irfft(product, size)
    lags = np.arange(-most, most + 1)
    best = int(lags[np.argmax(correlation[lags])])
    power = float(np.sqrt(np.vdot(output, output) * np.vdot(wanted, wanted)))
    return best, float(correlation[best]) / power if power else 0.0


def _identity(output: Samples, clean: Samples) -> Finding:
    difference = float(np.abs(output - clean).max(initial=0))
    verdict = Verdict.OK if difference == 0 else Verdict.NOTE
    note = "bit-identical" if difference == 0 else "received speech is changed even without loss"
    return Finding("identity with no loss", None, difference, "largest difference", verdict, None, note)


def _leak(base: Concealed, leaky: Concealed, steady: bool) -> Finding:
    difference = float(np.abs(base.signal.samples - leaky.signal.samples).max(initial=0))
    if not steady:
        return Finding(
            "leak", None, None, "largest difference", Verdict.UNKNOWN, None, "two runs differ already"
        )
    verdict = Verdict.FAILS if difference > TOLERANCE else Verdict.OK
    note = "noise in place of lost speech changes nothing" if verdict is Verdict.OK else "lost speech is used"
    return Finding("leak", None, difference, "largest difference", verdict, TOLERANCE, note)


def _altered(share: float) -> Finding:
    return Finding(
        "received samples altered", None, 100.0 * share, "%", Verdict.NOTE if share else Verdict.OK
    )


def _gain(output: Samples, clean: Samples) -> Finding:
    power = float(np.vdot(clean, clean))
    gain = float(np.vdot(clean, output)) / power if power else 0.0
    if gain <= 0:
        return Finding("gain on received samples", None, None, "dB", Verdict.UNKNOWN)
    level = 20.0 * float(np.log10(gain))
    verdict = Verdict.NOTE if abs(level) > 0.1 else Verdict.OK
    return Finding("gain on received samples", None, level, "dB", verdict)


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
    return Material(clean, LossTrace.of_packets(lost, packet_frames, speech.rate, Origin.MODEL))


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


def disturbed(material: Material, place: Place, seed: int) -> tuple[Signal, LossTrace, Signal]:
    """Return other speech and other losses from the place on, and that speech without loss.

    Everything before the place is the same.
    """
    random = np.random.default_rng((seed, place.packet, place.flip))
    trace, clean = material.trace, material.clean
    lost = trace.lost.copy()
    lost[place.packet :] = random.random(lost.size - place.packet) < 0.3
    lost[place.packet] = trace.lost[place.packet] ^ place.flip
    start = place.packet * trace.packet_frames
    samples = clean.samples.copy()
    samples[start:] = _other(samples[start:], random)
    changed = LossTrace.of_packets(lost, trace.packet_frames, trace.rate, Origin.MODEL)
    lossy = samples.copy()
    lossy[changed.mask(clean.frames)] = 0
    return Signal(lossy, clean.rate), changed, Signal(samples, clean.rate)


def _other(samples: Samples, random: np.random.Generator) -> Samples:
    noise = random.uniform(-0.05, 0.05, samples.shape).astype(np.float32)
    return np.asarray(np.clip(-samples[::-1] + noise, -1, 1), np.float32)
