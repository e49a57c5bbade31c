"""Measuring what a plugin declares: look-ahead, delay, time, identity, determinism, channels, what it reads.

Everything is measured from outside, by running the plugin in its process on speech that lies in no file, with
losses, and on variations of it. Nothing that the plugin says about itself is taken for granted.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.concealers import audit_findings as said
from gaplisten.concealers.audit_material import (
    ODD,
    Material,
    demo_speech,
    disturbed,
    make_material,
    new_speech,
    noise_in_gaps,
    odd_case,
    places,
)
from gaplisten.concealers.audit_measures import Undisturbed, better_met
from gaplisten.concealers.audit_runs import Runs, without_sound
from gaplisten.concealers.audit_sealing import Tried, sealed_for
from gaplisten.concealers.audit_times import latency, times, untold, wall_of
from gaplisten.concealers.entries import Entry, Limits
from gaplisten.concealers.errors import ConcealerFailed
from gaplisten.concealers.findings import Audit, Finding
from gaplisten.concealers.parameters import validate
from gaplisten.concealers.request import Concealed, altered_share
from gaplisten.concealers.runner import Runner
from gaplisten.jobs import Job

SECONDS = 13.0
PLACES = 240
_WORTH_SECONDS, _FEWEST = 60.0, 24
_VARYING_RUNS = 8
_CONFIRMING_RUNS, _CONFIRMED = 8, 4
_LONG_SECONDS = (60.0, 80.0)
_PLACES_EACH, _LONG_FROM_SECONDS = 80, 12.0
_PROVEN_PLACES, _CLIPS = 72, 3
_LONG_PLACES, _LONG_WORTH_SECONDS = 6, 40.0
_OTHER_RATES, _OTHER_PACKETS_MS = (8000, 16000, 32000, 48000), (10.0, 20.0, 30.0, 40.0, 60.0)
_OTHER_SECONDS, _OTHER_PLACES, _ONE_OTHER_PLACE_OF, _OTHER_WORTH_SECONDS = 3.0, 6, 12, 6.0
_RUNS_BESIDES = _LONG_PLACES + len(ODD) + len(_OTHER_RATES) * (_OTHER_PLACES + 2) + 10
_TRIED_SECONDS, _LOUD = 0.5, 2
_MOST_ONE_BY_ONE, _LEAST_VARYING = 3, 2


def audit(
    entry: Entry,
    parameters: Mapping[str, Any] | None = None,
    speech: Signal | None = None,
    *,
    material: str = "",
    packet_ms: float = 20.0,
    limits: Limits | None = None,
    job: Job | None = None,
    seed: int | None = None,
    seconds: float | None = None,
    disturbances: int | None = None,
    made_from: Sequence[Path] = (),
) -> Audit:
    """Measure a plugin.

    Parameters
    ----------
    parameters
        The setting to audit; missing ones take their defaults.
    speech
        Clean speech, some seconds at least; the bundled demo when not given. It is not used as it is: each
        audit makes speech of other tempo, pitch and level of it, in two channels where the plugin takes them.
    material
        What to call that speech.
    limits
        Of each single run.
    job
        Told how far it is; cancelling it stops the plugin.
    seed
        Of the speech, the losses, the places and other packet lengths; another one each time when not given.
    seconds, disturbances
        Length of the speech, and at how many places it is disturbed; `SECONDS` and `PLACES` when not given.
        Less is quicker and finds less; below 12 s the long clip is left out.
    made_from
        Files that the speech is from: the plugin is kept from them where the system can do that.

    Raises
    ------
    ConcealerFailed
        If the plugin cannot even conceal ordinary speech.
    """
    if speech is None:
        speech, material = demo_speech()
    checked = validate(entry, parameters or {})
    seconds, disturbances = seconds or SECONDS, disturbances or PLACES
    seed = secrets.randbelow(10**6) if seed is None else seed
    tried = partial(_tried, entry, checked, speech, packet_ms, seed)
    sealed = sealed_for(entry, checked, made_from, tried, limits)
    fresh = partial(Runner, workers=1, limits=limits, sealed=sealed.seal)
    with sealed.runner as runner, fresh() as alone:
        runs = Runs(runner, alone, entry, checked, job or Job(), disturbances + _RUNS_BESIDES, limits)
        auditor = _Auditor(entry, checked, speech, packet_ms, runs, seed, seconds, disturbances, fresh)
        findings = (*auditor.findings(sealed.tried), sealed.finding)
    name = f"{material or 'speech'}, changed with seed {seed}"
    return Audit(entry, checked, name, auditor.speech.rate, auditor.size, findings, seed)


def _tried(
    entry: Entry, parameters: dict[str, Any], speech: Signal, packet_ms: float, seed: int, runner: Runner
) -> Tried:
    """Conceal half a second, in two channels or else in one; this first run imports libraries, too."""

    def made(channels: int) -> Concealed:
        little = _material(speech, packet_ms, channels, _TRIED_SECONDS, seed)
        return runner.submit(entry, parameters, little.lossy, little.trace, None, little.clean).result()

    try:
        return Tried(made(2))
    except ConcealerFailed as error:
        return Tried(made(1), 1, error.fact)


def _material(speech: Signal, packet_ms: float, channels: int, seconds: float, seed: int) -> Material:
    size = _packet_frames(speech.rate, packet_ms)
    return make_material(new_speech(speech, seconds, seed, channels), size, seconds, seed)


def _packet_frames(rate: int, packet_ms: float) -> int:
    return max(round(rate * packet_ms / 1000), 1)


@dataclass
class _Auditor:
    entry: Entry
    parameters: dict[str, Any]
    speech: Signal
    packet_ms: float
    runs: Runs
    seed: int
    seconds: float
    disturbances: int
    fresh: Callable[[], Runner]
    channels: int = 2
    places_each: int = _PLACES_EACH

    @property
    def size(self) -> int:
        """Frames in one packet."""
        return _packet_frames(self.speech.rate, self.packet_ms)

    def material(self, seconds: float, seed: int) -> Material:
        return _material(self.speech, self.packet_ms, self.channels, seconds, seed)

    def findings(self, tried: Tried) -> tuple[Finding, ...]:
        self._choose_rate_and_channels(tried)
        whole = self.material(self.seconds, self.seed)
        first = self.runs.one(whole.lossy, whole.trace, whole.clean)
        delay = first.delay_frames
        free = self.runs.one(whole.clean, whole.without_loss, whole.clean)
        second = self.runs.one(whole.lossy, whole.trace, whole.clean)
        fresh = self.runs.alone(whole)
        base = self._undisturbed(whole, [first, second, fresh])
        one_by_one, packets = self._one_by_one(whole, base)
        self._settle_places(proven=base.steady and bool(packets) and not one_by_one)
        ahead, where = self._look_ahead(whole, base, min(self.disturbances, self.places_each))
        noisy = noise_in_gaps(whole, self.seed)
        leaky = self.runs.one(noisy, whole.trace, noisy)
        ahead = max(ahead, self._with_other_losses())
        ahead_long, how_long = self._long()
        odd = self._odd_cases(whole)
        elsewhere = self._elsewhere()
        last = self.runs.one(whole.lossy, whole.trace, whole.clean)
        runs = [first, second, fresh, last]
        for run in runs[1:]:
            self._time(run)
        lost, clean = whole.trace.mask(whole.clean.frames), whole.clean
        looks = said.look_ahead(
            self.entry, max(ahead, ahead_long), where, delay, clean.rate, one_by_one, how_long
        )
        spent = times(self.entry, self.runs.timed, packets, clean.seconds, whole.trace)
        codec = self.entry.needs_reference
        return (
            looks,
            elsewhere,
            said.delay(free, clean, delay),
            said.drift(last, free, clean, lost, delay),
            *spent,
            latency(looks, 1000.0 * delay / clean.rate, spent),
            said.identity(free.signal.samples, clean.samples),
            said.determinism(self.entry, [run.signal.samples for run in runs]),
            self._heard_before(whole, fresh, base),
            *(self._coded(whole, first, base) if codec else (said.leak(first, leaky, base.steady),)),
            said.altered(altered_share(clean, first.signal.samples, whole.trace)),
            said.gain(first.signal.samples[~lost], clean.samples[~lost]),
            said.too_good(self.entry, last, whole, max(ahead, ahead_long, delay)),
            said.channels(tried.why, last, free, clean, lost),
            said.deeds(self.entry, self.runs.all),
            odd,
        )

    def _choose_rate_and_channels(self, tried: Tried) -> None:
        """Bring the speech to what the plugin takes: what the host's resampler does is not to be audited."""
        from gaplisten.audio.resample import resample

        self.channels = tried.channels
        if tried.made.resampled:
            self.speech = resample(self.speech, tried.made.work_rate)

    def _settle_places(self, *, proven: bool) -> None:
        """Choose how many places to disturb.

        Parameters
        ----------
        proven
            Whether the output was the same with packets handed over one at a time: then nothing in that clip
            was ahead of any packet, and other speech and other losses are to be met above all.
        """
        self.disturbances = min(self.disturbances, max(round(_WORTH_SECONDS / self.runs.cost), _FEWEST))
        if proven:
            self.disturbances = min(self.disturbances, _PROVEN_PLACES)
            self.places_each = max(self.disturbances // _CLIPS, 1)
        self.runs.expected = self.disturbances + _RUNS_BESIDES

    def _time(self, made: Concealed) -> None:
        if abs(made.signal.seconds - self.seconds) < 0.1:
            self.runs.time(made)

    # -- what takes many runs ---------------------------------------------------------------------------

    def _undisturbed(self, material: Material, known: list[Concealed]) -> Undisturbed:
        """Return the undisturbed runs to judge others by: more of them where they vary."""
        outputs = [run.signal.samples for run in known]
        found = Undisturbed(outputs, material.clean.rate)
        if not found.steady:
            same = [(material.lossy, material.trace, material.clean)] * (_VARYING_RUNS - len(outputs))
            outputs += [run.signal.samples for run in self.runs.each(same)]
            found = Undisturbed(outputs, material.clean.rate)
        return found

    def _look_ahead(
        self, material: Material, base: Undisturbed, count: int, first: int = 1
    ) -> tuple[int, int]:
        """Return how many frames the output runs ahead of a disturbance at worst, and in which packet."""
        chosen = places(material.trace.lost, count, self.seed, first)
        results = self.runs.each(disturbed(material, place, self.seed) for place in chosen)
        found = []
        for place, made in zip(chosen, results, strict=True):
            self._time(made)
            start = place.packet * material.trace.packet_frames
            ahead = start - base.first_moved(made.signal.samples, start)
            if ahead > 0:
                found.append((ahead, place))
        for ahead, place in sorted(found, key=lambda one: -one[0]):
            if base.steady or self._confirmed(material, place, base):
                return ahead, place.packet
        return 0, -1

    def _look_ahead_in(self, material: Material, count: int, first: int = 1) -> int:
        """Return how many frames it is in material that was not run yet."""
        run = (material.lossy, material.trace, material.clean)
        base = self._undisturbed(material, list(self.runs.each([run, run])))
        return self._look_ahead(material, base, count, first)[0]

    def _heard_before(self, material: Material, fresh: Concealed, base: Undisturbed) -> Finding:
        """Judge what a plugin does that is not kept apart and has heard what will be lost.

        In the same process, then in another one: whatever it has for a memory is used, by whatever means,
        while a seal would leave it useless and unseen.
        """
        whole = replace(material, trace=material.without_loss)
        same, other = self.runs.unsealed(whole, material)
        changed, better, frames = dict[str, int](), dict[str, tuple[int, int]](), material.clean.frames
        for how, run in (("in the same process", same), ("in another process", other)):
            output = run.signal.samples
            moved = base.first_moved(output, frames) if base.steady else frames
            if moved < frames:
                changed[how] = moved // self.size
            if moved < frames or not base.steady:
                better[how] = better_met(output, fresh.signal.samples, material)
        return said.heard_before(self.entry, changed, better)

    def _confirmed(self, material: Material, place: Any, base: Undisturbed) -> bool:
        """Whether a plugin whose runs vary moves before a place in half of more runs: chance does not.

        One that looks ahead now and then need not do so each time.
        """
        start, moved = place.packet * material.trace.packet_frames, 0
        again = self.runs.each([disturbed(material, place, self.seed)] * _CONFIRMING_RUNS)
        for number, made in enumerate(again, 1):
            moved += base.first_moved(made.signal.samples, start) < start
            if moved >= _CONFIRMED or _CONFIRMING_RUNS - number < _CONFIRMED - moved:
                break
        return moved >= _CONFIRMED

    def _with_other_losses(self) -> int:
        """Return the look-ahead in other speech with other losses: what is seldom is met by many gaps."""
        worst = 0
        for number, done in enumerate(range(self.places_each, self.disturbances, self.places_each), 2):
            material = self.material(self.seconds, self.seed + number)
            if number == _LOUD:
                material = replace(material, clean=_as_loud_as_can_be(material.clean))
            count = min(self.disturbances - done, self.places_each)
            worst = max(worst, self._look_ahead_in(material, count))
        return worst

    def _long(self) -> tuple[int, float]:
        """Return the look-ahead late in a clip of a minute and its length; 0 s where that takes too long."""
        if self.seconds < _LONG_FROM_SECONDS:
            return 0, 0.0
        cost = self.runs.cost / self.seconds
        random = np.random.default_rng(self.seed)
        seconds = float(random.uniform(*_LONG_SECONDS))
        seconds = min(seconds, _LONG_WORTH_SECONDS / (_LONG_PLACES + 1) / max(cost, 1e-9))
        if seconds < 1.5 * self.seconds:
            return 0, 0.0
        material = self.material(seconds, self.seed + 1)
        late = int(material.trace.packets * 0.6)
        return self._look_ahead_in(material, _LONG_PLACES, late), seconds

    def _elsewhere(self) -> Finding:
        """Judge the look-ahead at each usual rate that the plugin works at, in packets of a length at random.

        Else one that looks ahead only there would be believed by what it does at one rate and packet length.
        """
        from gaplisten.audio.resample import resample

        random = np.random.default_rng(self.seed)
        seconds, own = min(_OTHER_SECONDS, self.seconds / 2), self.speech.rate
        spoken = new_speech(self.speech, seconds, self.seed, self.channels)
        met = list[said.Elsewhere]()
        for rate in dict.fromkeys((own, *_OTHER_RATES)):
            clip = spoken if rate == own else resample(spoken, rate)
            others = [ms for ms in _OTHER_PACKETS_MS if ms != self.packet_ms]
            chosen = float(random.choice(others if rate == own else _OTHER_PACKETS_MS))
            tried = self._looked_ahead_at(clip, chosen)
            met += tried
            if tried and tried[0].refused and chosen != self.packet_ms and rate != own:
                met += self._looked_ahead_at(clip, self.packet_ms)
        return said.elsewhere(self.entry, met)

    def _looked_ahead_at(self, clip: Signal, packet_ms: float) -> list[said.Elsewhere]:
        """Return what is met in such packets; nothing where the host would bring the clip to another rate."""
        material = make_material(clip, _packet_frames(clip.rate, packet_ms), clip.seconds, self.seed)
        run = (material.lossy, material.trace, material.clean)
        count = min(_OTHER_PLACES, self.disturbances // _ONE_OTHER_PLACE_OF)
        try:
            first = self.runs.one(*run)
            if first.resampled:
                return []
            count = max(min(count, round(_OTHER_WORTH_SECONDS / max(wall_of(first), 1e-3))), 1)
            base = self._undisturbed(material, [first, self.runs.one(*run)])
            ahead, _ = self._look_ahead(material, base, count)
        except ConcealerFailed as error:
            foreign = self.entry.rates and clip.rate not in self.entry.rates
            return [] if foreign else [said.Elsewhere(clip.rate, packet_ms, refused=error.fact)]
        return [said.Elsewhere(clip.rate, packet_ms, ahead, first.delay_frames)]

    def _one_by_one(self, material: Material, base: Undisturbed) -> tuple[str, list[Concealed]]:
        """Hand over packets one at a time; return in what that differs, and the runs if there are any.

        Once more where the machine is too busy to tell from one run what the packets take.
        """
        if self.entry.form != "streaming":
            return "", []
        frames, made, moved = material.clean.frames, list[Concealed](), list[int]()
        try:
            while len(made) < _MOST_ONE_BY_ONE and not (made and untold(made, material.trace)[1]):
                run = self.runs.alone(material, one_by_one=True)
                made.append(without_sound(run))
                moved.append(base.first_moved(run.signal.samples, frames))
            if min(moved) < frames and not base.steady and len(moved) < _LEAST_VARYING:
                run = self.runs.alone(material, one_by_one=True)
                moved.append(base.first_moved(run.signal.samples, frames))
        except ConcealerFailed as error:
            return f"with packets handed over one at a time it {error.fact}", made
        # Where runs vary, one may seem to have moved; not each.
        at = min(moved) if base.steady else max(moved)
        if at >= frames:
            return "", made
        return (
            f"with packets handed over one at a time its output differs from packet {at // self.size} on",
            made,
        )

    def _coded(self, material: Material, made: Concealed, base: Undisturbed) -> tuple[Finding, ...]:
        """Measure what only codecs have."""
        from gaplisten.concealers.codec_audit import CodecAudit

        return CodecAudit(
            self.runs.runner,
            self.entry,
            self.parameters,
            material,
            made,
            base.steady,
            (self.runs.other,),
            self.fresh,
            self.runs.job,
        ).findings()

    def _odd_cases(self, material: Material) -> Finding:
        """Run what plugins are rarely tried with."""
        failed = []
        for name in ODD:
            try:
                self.runs.one(*odd_case(name, material))
            except ConcealerFailed as error:
                failed.append(f"{name}: {error.fact}")
        return said.odd_cases(failed)


def _as_loud_as_can_be(signal: Signal) -> Signal:
    loudest = float(np.abs(signal.samples).max(initial=0)) or 1.0
    return Signal(signal.samples / np.float32(loudest), signal.rate)
