"""What the runs of an audit say: each measurement with its verdict and a note on how far it goes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Samples, Signal
from gaplisten.concealers import opened
from gaplisten.concealers.audit_material import ODD, Material
from gaplisten.concealers.audit_measures import (
    HALF_STEP,
    TOLERANCE,
    crossed,
    inside_gaps,
    lags,
    spread_of_lags,
)
from gaplisten.concealers.audit_measures import drift as drift_of
from gaplisten.concealers.entries import Entry
from gaplisten.concealers.findings import Finding, Verdict
from gaplisten.concealers.request import Concealed

TOO_GOOD_DB, TOO_GOOD_SHARE, _GAPS_ENOUGH = 10.0, 0.5, 4
_DRIFT_MS = 0.5
_LEARNT_GAPS, _LEARNT_SHARE = 4, 0.1
_SOUND_SUFFIXES = (
    *(".wav", ".flac", ".ogg", ".opus", ".oga", ".mp3", ".m4a", ".aac", ".aif", ".aiff", ".aifc", ".au"),
    *(".snd", ".caf", ".wv", ".raw", ".pcm", ".voc", ".w64", ".sph", ".amr"),
)
_SOUND_MAGIC = (
    b"RIFF",
    b"RIFX",
    b"RF64",
    b"fLaC",
    b"OggS",
    b"FORM",
    b"caff",
    b".snd",
    b"ID3",
    b"wvpk",
    b"NIST_1A",
)
_NAMED = 5


def look_ahead(
    entry: Entry, frames: int, where: int, delay: int, rate: int, one_by_one: str, long_seconds: float
) -> Finding:
    """Judge how far before a disturbance the output moves."""
    measured, declared = 1000.0 * frames / rate, 1000.0 * delay / rate
    verdict = Verdict.OK
    if (frames > delay or one_by_one) and entry.causal is not False:
        verdict = Verdict.LIES if entry.causal or one_by_one else Verdict.NOTE
    notes = [f"{frames} frames" + (f", worst before packet {where}" if where >= 0 else "")]
    notes += [one_by_one] if one_by_one else []
    notes += [f"also late in {long_seconds:.0f} s"] if long_seconds else []
    if entry.causal is not True:
        notes.append("declared non-causal" if entry.causal is False else "does not say whether it is causal")
    return Finding("look-ahead", declared, measured, "ms", verdict, None, "; ".join(notes))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What was met at another rate or packet length.

    Parameters
    ----------
    ahead, delay
        Look-ahead found and delay declared there, in frames.
    refused
        Why it did not conceal at all there.
    """

    rate: int
    packet_ms: float
    ahead: int = 0
    delay: int = 0
    refused: str = ""

    @property
    def beyond(self) -> int:
        """Frames of look-ahead that no declared delay allows."""
        return self.ahead - self.delay if self.ahead > self.delay else 0

    def __str__(self) -> str:
        return f"{self.rate / 1000:g} kHz in {self.packet_ms:g} ms"


def elsewhere(entry: Entry, met: Sequence[Elsewhere]) -> Finding:
    """Judge how far the output moves before a disturbance at other rates and packet lengths."""
    name = "look-ahead elsewhere"
    refused = [f"at {each}: {each.refused}" for each in met if each.refused]
    tried = [each for each in met if not each.refused]
    if not tried:
        return Finding(name, None, None, "ms", Verdict.UNKNOWN, None, "; ".join(refused))
    worst = max(tried, key=lambda each: (each.beyond / each.rate, each.ahead / each.rate))
    verdict = Verdict.OK
    if worst.beyond and entry.causal is not False:
        verdict = Verdict.LIES if entry.causal else Verdict.NOTE
    notes = [f"{worst.ahead} frames at {worst}"] if worst.ahead else []
    notes += [f"tried at {', '.join(map(str, tried))}", *refused]
    declared, measured = (1000.0 * frames / worst.rate for frames in (worst.delay, worst.ahead))
    return Finding(name, declared, measured, "ms", verdict, None, "; ".join(notes))


def delay(free: Concealed, clean: Signal, declared: int) -> Finding:
    """Compare the clocks of input and output where nothing was lost, the declared delay removed."""
    rate, nothing = clean.rate, np.zeros(clean.frames, np.bool_)
    worst, spread, found = 0.0, 0.0, False
    for output, wanted in _by_channel(free.signal.samples, clean):
        heard = lags(output, wanted, nothing)
        if heard:
            found = True
            lag = float(np.median([one.frames for one in heard]))
            if abs(lag) >= abs(worst):
                worst, spread = lag, spread_of_lags(heard, output, wanted)
    declared_ms = 1000.0 * declared / rate
    if not found:
        note = "output does not resemble the input"
        return Finding("delay", declared_ms, None, "ms", Verdict.UNKNOWN, None, note)
    verdict = Verdict.LIES if abs(worst) > 1 + spread else Verdict.OK
    note = f"output is {worst:+g} frames off the clip's clock" if worst else ""
    if worst and spread:
        note += f"; bands and stretches differ by {spread:.3g} themselves"
    return Finding("delay", declared_ms, declared_ms + 1000.0 * worst / rate, "ms", verdict, None, note)


def drift(
    made: Concealed, free: Concealed, clean: Signal, lost: npt.NDArray[np.bool_], declared: int
) -> Finding:
    """Compare the clock of received stretches among losses with that without loss, early and late."""
    name, rate = "delay among losses", clean.rate
    declared_ms = 1000.0 * declared / rate
    most, early, late, spread, found = 0.0, 0.0, 0.0, 0.0, False
    pairs = zip(_by_channel(made.signal.samples, clean), _by_channel(free.signal.samples, clean), strict=True)
    for (output, wanted), (plain, _) in pairs:
        without = lags(plain, wanted, np.zeros_like(lost))
        with_loss = lags(output, wanted, lost, without)
        if not with_loss or not without:
            continue
        found = True
        first, last, worst = drift_of(with_loss, without, clean.seconds)
        own = spread_of_lags(without, plain, wanted)
        beyond = [each for each in (first, last) if abs(each) > 1 + own]
        beyond += [worst] if abs(worst) > max(1 + own, _DRIFT_MS * rate / 1000) else []
        if beyond and abs(max(beyond, key=abs)) > abs(most):
            most, early, late, spread = max(beyond, key=abs), first, last, own
    if not found:
        return Finding(
            name, declared_ms, None, "ms", Verdict.UNKNOWN, None, "output does not resemble the input"
        )
    verdict = Verdict.LIES if most else Verdict.OK
    note = (
        f"early {early:+g}, late {late:+g}, at worst {most:+g} frames (own spread {spread:.3g})"
        if most
        else ""
    )
    return Finding(name, declared_ms, declared_ms + 1000.0 * most / rate, "ms", verdict, None, note)


def _by_channel(output: Samples, clean: Signal) -> list[tuple[Samples, Signal]]:
    return [
        (
            np.ascontiguousarray(output[:, n]),
            Signal(np.ascontiguousarray(clean.samples[:, n : n + 1]), clean.rate),
        )
        for n in range(clean.channels)
    ]


# --- sound ---


def identity(output: Samples, clean: Samples) -> Finding:
    """Judge what becomes of speech that lost nothing."""
    difference = float(np.abs(output - clean).max(initial=0))
    verdict = Verdict.OK if difference <= HALF_STEP * (1 + 1e-6) else Verdict.NOTE
    note = "received speech is changed even without loss"
    if difference == 0:
        note = "bit-identical"
    elif verdict is Verdict.OK:
        note = "within half a 16-bit step: rounded"
    return Finding("identity with no loss", None, difference, "largest difference", verdict, None, note)


def determinism(entry: Entry, outputs: Sequence[Samples]) -> Finding:
    """Judge whether runs are alike: the first, one after a run without loss, a fresh one, the last."""
    declared = "same each time" if entry.deterministic else "varies"
    difference = max(float(np.abs(output - outputs[0]).max(initial=0)) for output in outputs)
    measured = "same each time" if difference == 0 else "varies"
    verdict = Verdict.OK if difference == 0 or not entry.deterministic else Verdict.LIES
    note = "" if difference == 0 else f"largest difference {difference:.3g}"
    note += "; declare deterministic = False" if verdict is Verdict.LIES else ""
    return Finding("two runs", declared, measured, "", verdict, None, note)


def heard_before(entry: Entry, changed: Mapping[str, int], better: Mapping[str, tuple[int, int]]) -> Finding:
    """Judge what a plugin does that is not kept apart and has heard what will be lost.

    Parameters
    ----------
    changed
        Where that was heard: from which packet on its sound is another than that of a fresh one.
    better
        The same: in how many more gaps it meets what was lost, and of how many.
    """
    knows = {how: met for how, met in better.items() if met[0] >= max(_LEARNT_GAPS, _LEARNT_SHARE * met[1])}
    notes = [f"{how} it meets {more} of {gaps} gaps clearly better" for how, (more, gaps) in knows.items()]
    notes += [f"{how} it differs from packet {at} on" for how, at in changed.items() if how not in knows]
    verdict = Verdict.OK
    if notes:
        verdict = Verdict.LIES if knows and entry.deterministic else Verdict.DOUBT
    measured = "the same" if not notes else "remembers" if knows else "differs"
    note = f"not kept apart, after the speech without loss: {'; '.join(notes)}" if notes else ""
    return Finding("heard before", None, measured, "", verdict, None, note)


def payloads_alone(entry: Entry, differs: bool, more: int, gaps: int) -> Finding:
    """Judge whether a decoder makes of payloads what it does while their encoder lives.

    Parameters
    ----------
    more, gaps
        In how many more gaps it then meets what was lost, and of how many.
    """
    name = "payloads alone"
    knows = more >= max(_LEARNT_GAPS, _LEARNT_SHARE * gaps)
    if not (differs or knows):
        return Finding(name, None, "the same", "", Verdict.OK)
    note = "decoded again when their encoder's process is gone, they sound different"
    note += f": before, {more} of {gaps} gaps are met clearly better" if knows else ""
    verdict = Verdict.LIES if knows and entry.deterministic else Verdict.DOUBT
    return Finding(name, None, "differs", "", verdict, None, note)


def leak(base: Concealed, leaky: Concealed, steady: bool) -> Finding:
    """Judge whether what the lossy file holds in lost packets reaches the plugin."""
    difference = float(np.abs(base.signal.samples - leaky.signal.samples).max(initial=0))
    unit, tests = (
        "largest difference",
        "noise in the lossy file's gaps changes nothing; says nothing of files it reads",
    )
    if not steady:
        return Finding("leak", None, None, unit, Verdict.UNKNOWN, None, "two runs differ already")
    verdict = Verdict.FAILS if difference > TOLERANCE else Verdict.OK
    note = tests if verdict is Verdict.OK else "what the lossy file holds in its gaps is used"
    return Finding("leak", None, difference, unit, verdict, TOLERANCE, note)


def altered(share: float) -> Finding:
    """Tell how much of what was received is changed."""
    verdict = Verdict.NOTE if share else Verdict.OK
    return Finding("received samples altered", None, 100.0 * share, "%", verdict)


def gain(output: Samples, clean: Samples) -> Finding:
    """Tell the level of received speech against the input."""
    power = float(np.vdot(clean, clean))
    factor = float(np.vdot(clean, output)) / power if power else 0.0
    if factor <= 0:
        return Finding("gain on received samples", None, None, "dB", Verdict.UNKNOWN)
    level = 20.0 * float(np.log10(factor))
    verdict = Verdict.NOTE if abs(level) > 0.1 else Verdict.OK
    return Finding("gain on received samples", None, level, "dB", verdict)


def too_good(entry: Entry, made: Concealed, material: Material, ahead: int) -> Finding:
    """Judge whether the inside of long gaps is met as only one who knows it can."""
    name = "long gaps met"
    if entry.needs_reference:
        note = "a codec may send speech twice; see redundancy reach"
        return Finding(name, None, None, "dB", Verdict.OK, None, note)
    met = inside_gaps(made.signal.samples, material, ahead)
    if len(met) < _GAPS_ENOUGH:
        return Finding(
            name, None, None, "dB", Verdict.UNKNOWN, TOO_GOOD_DB, f"{len(met)} long gaps in speech"
        )
    share = float(np.mean(np.array(met) > TOO_GOOD_DB))
    middle = float(np.median(met))
    verdict = Verdict.DOUBT if share >= TOO_GOOD_SHARE else Verdict.OK
    note = f"{len(met)} gaps of 60 ms and more, their inside"
    note += f"; {100 * share:.0f} % are met better than can be guessed" if verdict is Verdict.DOUBT else ""
    return Finding(name, None, middle, "dB", verdict, TOO_GOOD_DB, note)


def channels(
    mono: str, made: Concealed, free: Concealed, clean: Signal, lost: npt.NDArray[np.bool_]
) -> Finding:
    """Judge whether each channel stays in its place."""
    name = "channels"
    if mono:
        note = f"with two it {mono}; declare channels = 1 if it is meant for one"
        return Finding(name, None, 1, "", Verdict.FAILS, None, note)
    if clean.channels == 1:
        return Finding(name, None, 1, "", Verdict.OK)
    nothing = np.zeros_like(lost)
    both = [
        crossed(run.signal.samples, clean.samples, where, clean.rate)
        for run, where in ((free, nothing), (made, lost))
    ]
    most, seconds = max(level for level, _ in both), max(count for _, count in both)
    if seconds:
        note = f"for {seconds} s a channel holds mostly another one"
        return Finding(name, 0.0, most, "dB of another", Verdict.LIES, None, note)
    if not np.isfinite(most):
        return Finding(name, None, None, "dB of another", Verdict.UNKNOWN)
    verdict = Verdict.NOTE if most > -20 else Verdict.OK
    return Finding(name, None, most, "dB of another", verdict, None, "received speech, in the worst second")


# --- what else it does ---


def deeds(entry: Entry, runs: Sequence[Concealed]) -> Finding:
    """Judge what a plugin uses besides the sound it is handed."""
    name = "what else it uses"
    files = sorted({str(file[0]) for run in runs for file in run.files if len(file) > 2})
    done = sorted({deed for run in runs for deed in run.deeds})
    own = entry.origin == "bundled"  # whose programs are known
    doubted = [deed for deed in done if not (own and deed.startswith(opened.RUNS))]
    doubted = [f"reads the sound file {file}" for file in files if is_sound(file)] + doubted
    plain = [file for file in files if not is_sound(file)]
    plain += [deed for deed in done if deed not in doubted]
    if doubted:
        return Finding(name, None, len(doubted), "", Verdict.DOUBT, 0, _listed(doubted))
    if plain:
        return Finding(name, None, len(plain), "", Verdict.NOTE, None, _listed(plain))
    return Finding(
        name, None, 0, "", Verdict.OK, None, "no files, programs or connections that Python tells of"
    )


def _listed(items: Sequence[str]) -> str:
    more = [f"and {len(items) - _NAMED} more"] if len(items) > _NAMED else []
    return "; ".join([*items[:_NAMED], *more])


def is_sound(path: str) -> bool:
    """Whether a file is sound, by its name or its first bytes."""
    if Path(path).suffix.lower() in _SOUND_SUFFIXES:
        return True
    try:
        if not os.path.isfile(path):
            return False
        with open(path, "rb") as file:
            return file.read(8).startswith(_SOUND_MAGIC)
    except OSError:
        return False


def odd_cases(failed: Sequence[str]) -> Finding:
    """Judge what became of input that plugins are rarely tried with."""
    verdict = Verdict.FAILS if failed else Verdict.OK
    passed = len(ODD) - len(failed)
    return Finding("odd cases passed", None, passed, "", verdict, len(ODD), "; ".join(failed))
