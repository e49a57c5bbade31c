"""One request as the host has it: from a clip to what a plugin is handed, from its answer to the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Samples, Signal
from gaplisten.concealers.checked import held_for
from gaplisten.concealers.entries import BrokenEntry, Entry, Limits
from gaplisten.concealers.errors import ConcealerFailed
from gaplisten.concealers.form import Answered, Coding, Form, Given, forms
from gaplisten.concealers.parameters import validate
from gaplisten.concealers.process import Reply, Spent
from gaplisten.loss.cover import Cover
from gaplisten.loss.trace import LossTrace, Origin, apply_loss

_MESSAGE_LINES = 100


@dataclass(frozen=True, eq=False)
class Concealed:
    """One concealed signal, on the clip's clock.

    Parameters
    ----------
    signal
        Same rate, length and channels as the lossy signal; the declared delay is removed.
    delay_frames
        The declared delay that was removed, in frames of the clip.
    seconds
        Time spent in the plugin.
    realtime_factor
        `seconds` by the signal's length.
    altered_received
        Share of the received samples that differ from the input, 0..1.
    resampled
        Whether the plugin worked at another rate than the clip's.
    work_rate
        The rate at which it worked, in Hz.
    messages
        Lines that the plugin printed.
    cached
        Whether this is an earlier result.
    packet_seconds
        Time of each packet (streaming), or of the whole call; empty when cached.
    files
        What `describe_file` said of each file that the plugin read, when it first did; ``[path]`` of one that
        it looked for in vain. With other ones the result would be another one.
    coding
        What a codec sent; None for what is no codec.
    spent
        What the host saw of the time of each step; empty when cached.
    beside
        The same of another plugin that was asked the same right after a step, None where none was.
    left_behind
        Whether threads, processes or much memory were still there after the answer.
    deeds
        What the plugin did besides concealing, as `OpenedFiles.deeds` tells it.
    offline
        Whether its process was kept from the network; False when cached.
    """

    signal: Signal
    delay_frames: int
    seconds: float
    realtime_factor: float
    altered_received: float
    resampled: bool
    messages: tuple[str, ...]
    cached: bool
    packet_seconds: npt.NDArray[np.float64]
    work_rate: int = 0
    files: tuple[Any, ...] = ()
    coding: Coding | None = None
    spent: tuple[Spent, ...] = ()
    beside: tuple[Spent | None, ...] = ()
    left_behind: bool = False
    deeds: tuple[str, ...] = ()
    offline: bool = False

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was done to received sound and to the clip's clock, few words each."""
        if self.coding is not None:
            delay = 1000.0 * self.delay_frames / self.signal.rate
            said = [f"{self.coding.kbit_s:.3g} kbit/s", f"{delay:.3g} ms delay"]
        else:
            altered = 100 * self.altered_received
            # Two digits, but no power of ten for all of it.
            share = f"{altered:.0f}" if altered >= 10 else f"{altered:.2g}"
            said = [f"altered {share} %"] if altered else []
        return (*said, "resampled") if self.resampled else tuple(said)


@dataclass(frozen=True, eq=False)
class Request:
    """One signal to conceal.

    Parameters
    ----------
    lossy
        What was received, zero in its gaps.
    cover
        The packets that count as lost, and where they lie on the signal.
    given
        What the plugin is handed: whole packets.
    reference
        The undamaged speech on the clock of `given`, for forms that need it.
    """

    entry: Entry
    parameters: dict[str, Any]
    lossy: Signal
    cover: Cover
    given: Signal
    reference: Samples | None = None

    @classmethod
    def of(
        cls,
        entry: Entry | BrokenEntry,
        parameters: Mapping[str, Any],
        lossy: Signal,
        trace: LossTrace | None,
        reference: Signal | None = None,
    ) -> Request:
        """Check the parameters and zero what was lost; arguments as `Runner.submit` has them.

        Raises
        ------
        ConcealerFailed, ParameterRefused
            If the plugin is none, or is not to be run so.
        """
        if isinstance(entry, BrokenEntry):
            raise ConcealerFailed(entry.name, entry.message, f"fix {entry.path}", entry.details)
        checked = validate(entry, parameters)
        cover = Cover.of(_trace_for(trace, lossy), lossy.frames)
        zeroed = apply_loss(lossy, cover.lost)
        given = cover.given(zeroed)
        needed = _as_given(reference, given, cover.before, entry) if entry.needs_reference else None
        return cls(entry, checked, zeroed, cover, given, needed)

    @property
    def form(self) -> Form:
        """The plugin's form."""
        return forms()[self.entry.form]

    def material(self) -> Given:
        """Return what the form makes steps of."""
        packet = self.cover.trace.packet_frames
        return Given(self.given.samples, self.cover.trace.lost, self.lossy.rate, packet, self.reference)

    def header(self, do: str, limits: Limits) -> dict[str, Any]:
        """Return what a worker is told with each step."""
        paths = [name for name, value in self.parameters.items() if isinstance(value, Path)]
        plain = {name: str(value) if name in paths else value for name, value in self.parameters.items()}
        return {
            **address_of(self.entry),
            "do": do,
            "memory": limits.memory_bytes,
            "parameters": plain,
            "paths": paths,
            "rate": self.lossy.rate,
            "packet_frames": self.cover.trace.packet_frames,
        }

    def result(
        self, made: Answered, replies: Sequence[Reply], beside: Sequence[Reply | None] = ()
    ) -> Concealed:
        """Return what the steps came to, given the replies to them and those of a plugin asked beside."""
        samples, times = made.arrays
        if samples.shape != self.given.samples.shape or samples.dtype != np.float32:
            raise ConcealerFailed(self.entry.title, "answered with something that is not the sound asked for")
        lines = [line for reply in replies for line in reply.printed.splitlines()[-_MESSAGE_LINES:]]
        for left in dict.fromkeys(filter(None, (reply.header.get("left_behind") for reply in replies))):
            lines.append(f"left {left} behind, so its process was ended")
        concealed = self._made(samples, made.facts, (*self._dropped(), *lines), times, cached=False)
        return replace(
            concealed,
            spent=tuple(reply.spent for reply in replies),
            beside=tuple(None if reply is None else reply.spent for reply in beside),
            left_behind=any(reply.header.get("left_behind") for reply in replies),
            deeds=tuple(sorted({deed for reply in replies for deed in reply.header.get("deeds", ())})),
            offline=all(reply.header.get("offline", False) for reply in replies),
        )

    def _dropped(self) -> tuple[str, ...]:
        """Say what became of gaps that are no packets where the answer is taken as a whole."""
        if self.cover.exact or not self.form.takes_all:
            return ()
        packets, trace = int(self.cover.trace.lost.sum()), self.cover.trace
        length = f"{trace.packet_ms:.3g} ms"
        return (f"gaps lie off the packets: the {packets} packets of {length} that they touch were dropped",)

    def earlier(self, samples: Samples, facts: Mapping[str, Any]) -> Concealed:
        """Return a result that was kept."""
        return self._made(samples, facts, tuple(facts.get("messages", ())), np.zeros(0), cached=True)

    def _made(
        self,
        samples: Samples,
        facts: Mapping[str, Any],
        messages: tuple[str, ...],
        times: npt.NDArray[np.float64],
        *,
        cached: bool,
    ) -> Concealed:
        rate, work_rate = self.lossy.rate, int(facts["work_rate"])
        samples = (
            samples[self.cover.before :] if self.form.takes_all else self.cover.taken(self.lossy, samples)
        )
        coding = facts.get("coding")
        return Concealed(
            signal=Signal(samples, rate),
            delay_frames=round(int(facts["delay_frames"]) * rate / work_rate),
            seconds=float(facts["seconds"]),
            realtime_factor=float(facts["seconds"]) / max(self.lossy.seconds, 1e-9),
            altered_received=altered_share(self.lossy, samples, self.cover.lost),
            resampled=work_rate != rate,
            messages=messages,
            cached=cached,
            packet_seconds=times,
            work_rate=work_rate,
            files=tuple(facts.get("files", ())),
            coding=None if coding is None else Coding(**coding),
        )


def _trace_for(trace: LossTrace | None, lossy: Signal) -> LossTrace:
    if trace is None:
        size = max(lossy.rate // 50, 1)
        return LossTrace.of_packets(np.zeros(0, np.bool_), size, lossy.rate, Origin.DETECTED)
    return trace if trace.rate == lossy.rate else trace.at_rate(lossy.rate)


def _as_given(reference: Signal | None, given: Signal, before: int, entry: Entry) -> Samples:
    """Return the reference on the clock of what is given, in as many channels."""
    if reference is None:
        fact = "needs the undamaged speech, and this clip has none"
        raise ConcealerFailed(entry.title, fact, "give the clip its reference: a codec codes what was said")
    if reference.channels not in (1, given.channels):
        fact = f"the reference has {reference.channels} channels, the lossy sound {given.channels}"
        raise ConcealerFailed(entry.title, fact, "give both the same channels")
    if reference.rate != given.rate:
        from gaplisten.audio.resample import resample

        reference = resample(reference, given.rate)
    fitted = np.zeros_like(given.samples)
    samples = reference.samples[: given.frames - before]
    fitted[before : before + len(samples)] = samples
    return fitted


def address_of(entry: Entry) -> dict[str, Any]:
    """Return by what a worker knows a plugin."""
    allowed = held_for(entry.path)
    return {
        **({"checked": allowed} if allowed else {}),
        "path": str(entry.path),
        "digest": entry.digest,
        "target": entry.target if entry.origin != "entry point" else "",
        "entry_point": entry.target if entry.origin == "entry point" else "",
    }


def altered_share(lossy: Signal, samples: Samples, trace: LossTrace) -> float:
    """Return the share of received samples that differ from the input, 0..1 (0 when nothing was received)."""
    received = ~trace.mask(lossy.frames)
    count = int(received.sum()) * lossy.channels
    return float(np.count_nonzero((samples != lossy.samples) & received[:, None])) / count if count else 0.0
