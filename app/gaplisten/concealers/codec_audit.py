"""What an audit measures of codecs alone: bits, redundancy, the look-ahead of either half.

A later payload may carry older speech by right, so that what arrives may depend on what was lost. How far
that reaches is measured instead of forbidden.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gaplisten.audio.signal import Samples, Signal
from gaplisten.concealers import audit_findings as said
from gaplisten.concealers.audit_material import Material
from gaplisten.concealers.audit_measures import better_met
from gaplisten.concealers.entries import Entry
from gaplisten.concealers.findings import Finding, Verdict
from gaplisten.concealers.form import Coding, Step
from gaplisten.concealers.forms.codec import DECODER, ENCODER, Payloads
from gaplisten.concealers.request import Concealed
from gaplisten.concealers.runner import Runner
from gaplisten.jobs import Job, JobCancelled
from gaplisten.loss.trace import Flags, LossTrace, apply_loss

_HEARD = 1e-4
"""Least change that counts, of full scale 1: below it decoders of 16-bit samples round."""
_REACHED = 6
_PLACES = 3
_PLAIN_BITS = 16
_SPARE = 8  # packets of silence after the end


@dataclass(frozen=True, eq=False)
class CodecAudit:
    """What is measured, and what measures it.

    Parameters
    ----------
    base
        What came of the material.
    steady
        Whether that is the same each time.
    others
        Runners whose processes have coded that speech, too.
    fresh
        Makes another runner of one worker, kept from the same.
    """

    runner: Runner
    entry: Entry
    parameters: Mapping[str, Any]
    material: Material
    base: Concealed
    steady: bool
    others: Sequence[Runner]
    fresh: Callable[[], Runner]
    job: Job

    @property
    def clean(self) -> Signal:
        """The speech that is coded."""
        return self.material.clean

    @property
    def trace(self) -> LossTrace:
        """What of it is lost."""
        return self.material.trace

    def findings(self) -> tuple[Finding, ...]:
        """Measure. The speech must be at a rate of the codec's, the base made of it with this trace."""
        coding = self.base.coding
        assert coding is not None
        encoder, decoder = self._look_ahead(coding)
        return (*self._bits(coding), self._reach(coding), encoder, decoder, self._payloads_alone())

    def _bits(self, coding: Coding) -> tuple[Finding, ...]:
        plain = _PLAIN_BITS * self.base.work_rate * self.clean.channels / 1000
        much = coding.kbit_s > plain / 2
        note = f"more than half of what plain {_PLAIN_BITS}-bit samples take" if much else "payloads only"
        rate = Finding(
            "bit rate", None, coding.kbit_s, "kbit/s", Verdict.NOTE if much else Verdict.OK, None, note
        )
        largest = Finding("largest payload", None, coding.largest, "bytes", Verdict.OK)
        return rate, largest

    def _reach(self, coding: Coding) -> Finding:
        """Change the speech of one lost packet at a time: from where before the gap's end is that heard."""
        size, rate = self.trace.packet_frames, self.clean.rate
        frames = 0
        chosen = loud_and_alone(self.clean.samples, self.trace.lost, size)[:_REACHED]
        for packet in chosen:
            self._check()
            other = self.clean.samples.copy()
            start, stop = packet * size, (packet + 1) * size
            other[start:stop] = -other[start:stop][::-1]
            changed = Signal(other, rate)
            made = self.runner.submit(
                self.entry, self.parameters, apply_loss(changed, self.trace), self.trace, reference=changed
            ).result()
            difference = np.abs(made.signal.samples - self.base.signal.samples).max(axis=1)
            moved = np.flatnonzero(difference > _HEARD)
            frames = max(frames, stop - int(moved[0]) if moved.size else 0)
        if not len(chosen):
            return Finding(
                "redundancy reach", None, None, "ms", Verdict.UNKNOWN, None, "no packet is lost alone"
            )
        measured = 1000.0 * frames / rate
        ahead = 1000.0 * (coding.encoder_delay + coding.decoder_delay) / self.base.work_rate
        note = "before the gap's end" if frames else "later payloads tell nothing of a lost packet"
        if measured > 1000.0 * size / rate - 0.5:
            note += ": later payloads tell of the whole lost packet (FEC, or windows as long as it)"
        elif 0 < measured <= ahead + 1:
            note += ", as look-ahead and windows let expect"
        return Finding("redundancy reach", None, measured, "ms", Verdict.OK, None, note)

    def _look_ahead(self, coding: Coding) -> tuple[Finding, Finding]:
        """Change everything from a packet on, for either half alone, and see what moves before it."""
        other = np.ascontiguousarray(-self.clean.samples[::-1])
        # Behind losses: there a decoder that keeps payloads back makes use of the next one.
        lost, packets = self.trace.lost, len(self.trace.lost)
        behind = (np.flatnonzero(lost[:-1] & ~lost[1:]) + 1).tolist() or [packets // 2]
        places = [behind[len(behind) * part // (_PLACES + 1)] for part in range(1, _PLACES + 1)]
        whole, foreign = self._encoded(self.clean.samples), self._encoded(other)
        size = whole.facts["work_packet"]
        plain = self._decoded(whole, whole.payloads)
        ahead = [0, 0]
        for place in places:
            start = place * self.trace.packet_frames
            mixed = np.concatenate((self.clean.samples[:start], other[start:]))
            first = _first_difference(whole.payloads, self._encoded(mixed).payloads)
            ahead[0] = max(ahead[0], (place - first) * size)
            spliced = [
                [*mine[:place], *theirs[place:]]
                for mine, theirs in zip(whole.payloads, foreign.payloads, strict=True)
            ]
            moved = np.flatnonzero((np.abs(self._decoded(whole, spliced) - plain) > _HEARD).any(axis=1))
            at = start - self._frames(coding.encoder_delay) - (int(moved[0]) if moved.size else start)
            ahead[1] = max(ahead[1], round(at * self.base.work_rate / self.clean.rate))
        halves = ("the encoder", coding.encoder_delay), ("the decoder", coding.decoder_delay)
        encoder, decoder = (
            self._half(name, declared, found) for (name, declared), found in zip(halves, ahead, strict=True)
        )
        return encoder, decoder

    def _payloads_alone(self) -> Finding:
        """Decode where an encoder has just coded that speech, and where no such process is left.

        Then another one lives that has coded other speech: whatever way leads past the payloads, be it locks,
        names of processes or a server, leads nowhere or to the wrong speech.
        """
        with self.fresh() as beside:
            coded = self._encoded(self.clean.samples, beside)
            known = self._decoded(coded, coded.payloads, beside)
        for runner in (self.runner, *self.others):
            runner.end_resting()
        with self.fresh() as alone:
            self._encoded(np.ascontiguousarray(-self.clean.samples[::-1]), alone)
            told = self._decoded(coded, coded.payloads, alone)
        differs = self.steady and float(np.abs(known - told).max(initial=0)) > _HEARD
        more, gaps = better_met(known, told, self.material) if differs or not self.steady else (0, 0)
        return said.payloads_alone(self.entry, differs, more, gaps)

    def _half(self, name: str, declared: int, found: int) -> Finding:
        """Return what is known of one half; how far it sees within its own packet is its delay."""
        said, measured = (1000.0 * frames / self.base.work_rate for frames in (declared, max(found, 0)))
        verdict = Verdict.LIES if found > declared + 1 else Verdict.OK
        note = "sees packets that are still to come" if verdict is Verdict.LIES else ""
        return Finding(f"look-ahead of {name}", said, measured, "ms", verdict, None, note)

    @property
    def _spare(self) -> int:
        """Packets of silence after the end, enough for any look-ahead that is found."""
        coding = self.base.coding
        size = self.trace.packet_frames * self.base.work_rate / self.clean.rate
        return _SPARE + int((coding.decoder_delay if coding else 0) / size)

    def _check(self) -> None:
        if self.job.cancelled:
            raise JobCancelled

    def _frames(self, work_frames: int) -> int:
        return round(work_frames * self.clean.rate / self.base.work_rate)

    def _encoded(self, reference: Samples, runner: Runner | None = None) -> _Encoded:
        self._check()
        reply = self._asked(Step("encode", (reference,), ENCODER, {"spare": self._spare}), runner)
        return _Encoded(dict(reply.header), Payloads(reply.arrays[0], reply.arrays[1]).rows())

    def _decoded(
        self, coded: _Encoded, payloads: Sequence[Sequence[bytes | None]], runner: Runner | None = None
    ) -> Samples:
        self._check()
        names = ("work_rate", "worked_frames", "work_packet", "encoder_delay")
        told = {name: coded.facts[name] for name in names}
        told |= {"frames": self.clean.frames, "channels": self.clean.channels}
        packed = Payloads.of([list(row) for row in payloads]).without(self.trace.lost)
        reply = self._asked(Step("decode", (packed.data, packed.lengths), DECODER, told), runner)
        samples: Samples = reply.arrays[0]
        return samples

    def _asked(self, step: Step, runner: Runner | None) -> Any:
        return (
            (runner or self.runner)
            .ask(self.entry, self.parameters, step, Signal(self.clean.samples, self.clean.rate), self.trace)
            .result()
        )


@dataclass(frozen=True, eq=False)
class _Encoded:
    facts: Mapping[str, Any]
    payloads: list[list[bytes | None]]


def _first_difference(one: list[list[bytes | None]], other: list[list[bytes | None]]) -> int:
    """Return the number of the first packet that differs; one after the last where none does."""
    columns = zip(zip(*one, strict=True), zip(*other, strict=True), strict=True)
    return next((index for index, (a, b) in enumerate(columns) if a != b), len(one[0]))


def loud_and_alone(samples: Samples, lost: Flags, size: int) -> list[int]:
    """Return the packets that are lost alone, the loudest first."""
    alone = lost.copy()
    alone[1:] &= ~lost[:-1]
    alone[:-1] &= ~lost[1:]
    energy = [float((samples[packet * size : (packet + 1) * size] ** 2).sum()) for packet in range(lost.size)]
    found = [int(packet) for packet in np.flatnonzero(alone)]
    return sorted(found, key=lambda packet: -energy[packet])
