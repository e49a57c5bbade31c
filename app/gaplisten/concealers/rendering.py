"""Plugins that turn lossy samples into concealed ones: rates, packets, channels; runs in a worker process.

What one call of a plugin is, its form says. Lost packets are zeroed by the host process before anything
reaches the process in which the plugin lives.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Samples, Signal
from gaplisten.concealers.errors import NotAPlugin
from gaplisten.concealers.form import Answered, Arrays, Form, Plugin, Progress
from gaplisten.loss.trace import Flags


@dataclass(frozen=True, eq=False)
class Rendered:
    """One concealed signal.

    Parameters
    ----------
    samples
        On the clip's clock: delay removed, same shape as the input.
    delay_frames
        Declared delay in frames of the rate at which the plugin worked.
    work_rate
        The rate at which the plugin worked.
    seconds
        Time spent inside the plugin, construction and flush included.
    packet_seconds
        Time of each call of ``packet`` (one value, the whole time, for a whole-file plugin).
    """

    samples: Samples
    delay_frames: int
    work_rate: int
    seconds: float
    packet_seconds: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ran:
    """What one plugin made of whole packets.

    Parameters
    ----------
    samples
        As long as what was given at least, the declared delay removed.
    delay
        In frames.
    seconds
        Time of each call.
    around
        Time of construction and flush, in s.
    """

    samples: Samples
    delay: int
    seconds: npt.NDArray[np.float64]
    around: float = 0.0


def nearest_rate(rates: tuple[int, ...], rate: int) -> int:
    """Return the supported rate nearest to `rate` by ratio; of two equally near the higher."""
    if not rates:
        return rate
    return min(rates, key=lambda known: (abs(np.log(known / rate)), -known))


def lost_at(lost: Flags, packet_frames: int, rate: int, work_rate: int, frames: int) -> tuple[Flags, int]:
    """Return the losses by time on a clock of another rate, and the packet length there.

    Where a packet is no whole number of frames at the other rate, the nearest whole number is taken, and each
    new packet that touches lost time counts as lost.

    Parameters
    ----------
    frames
        Length of the signal at `work_rate`.
    """
    size = max(round(packet_frames * work_rate / rate), 1)
    packets = -(-frames // size)
    if packet_frames * work_rate == size * rate:
        result = np.zeros(packets, np.bool_)
        result[: lost.size] = lost[:packets]
        return result, size
    old = packet_frames / rate
    starts = np.arange(packets) * size / work_rate
    first = np.floor(starts / old + 1e-9).astype(int)
    last = np.ceil((starts + size / work_rate) / old - 1e-9).astype(int) - 1
    counts = np.concatenate(([0], np.cumsum(lost)))
    end = lost.size
    return counts[np.clip(last + 1, 0, end)] > counts[np.clip(first, 0, end)], size


class SampleForm(Form):
    """A form that turns lossy samples into concealed ones, at one of the plugin's rates."""

    @abstractmethod
    def run(
        self,
        plugin: Plugin,
        parameters: dict[str, Any],
        padded: Samples,
        lost: Flags,
        rate: int,
        size: int,
        progress: Progress,
    ) -> Ran:
        """Run the plugin over whole packets at a rate that it knows."""

    def answer(
        self,
        plugin: Plugin,
        parameters: dict[str, Any],
        header: Mapping[str, Any],
        arrays: Arrays,
        progress: Progress,
    ) -> Answered:
        """Conceal a lossy signal."""
        samples, lost = arrays
        lossy = Signal(samples, header["rate"])
        made = render(self, plugin, parameters, lossy, lost, header["packet_frames"], progress)
        facts = {"delay_frames": made.delay_frames, "work_rate": made.work_rate, "seconds": made.seconds}
        timed = made.packet_seconds.size + 2 * lossy.channels  # construction and flush, too
        return Answered(facts, (made.samples, made.packet_seconds), timed)


def render(
    form: SampleForm,
    plugin: Plugin,
    parameters: dict[str, Any],
    lossy: Signal,
    lost: Flags,
    packet_frames: int,
    progress: Progress,
) -> Rendered:
    """Run the plugin over a lossy signal whose lost packets are zero.

    Parameters
    ----------
    lost
        One flag for each packet of the signal, the partial last one included.

    Raises
    ------
    BadOutput
        If the plugin returned something of wrong type, shape or length, or NaN or infinity.
    BaseException
        Whatever the plugin raises.
    """
    work_rate = nearest_rate(declared_rates(plugin, parameters), lossy.rate)
    if work_rate == lossy.rate:
        return _render_at_rate(form, plugin, parameters, lossy, lost, packet_frames, progress)
    from gaplisten.audio.resample import resample

    worked = resample(lossy, work_rate)
    work_lost, size = lost_at(lost, packet_frames, lossy.rate, work_rate, worked.frames)
    silenced = worked.samples.copy()
    silenced[np.repeat(work_lost, size)[: worked.frames]] = 0
    made = _render_at_rate(form, plugin, parameters, Signal(silenced, work_rate), work_lost, size, progress)
    back = resample(Signal(made.samples, work_rate), lossy.rate).samples
    samples = np.zeros_like(lossy.samples)
    samples[: len(back)] = back[: len(samples)]
    return Rendered(samples, made.delay_frames, work_rate, made.seconds, made.packet_seconds)


def _render_at_rate(
    form: SampleForm,
    plugin: Plugin,
    parameters: dict[str, Any],
    lossy: Signal,
    lost: Flags,
    packet_frames: int,
    progress: Progress,
) -> Rendered:
    groups = [slice(None)]
    if plugin.attribute("channels") == 1:
        groups = [slice(channel, channel + 1) for channel in range(lossy.channels)]
    parts, delay, times, around = [], 0, [], 0.0
    for index, group in enumerate(groups):

        def report(fraction: float, index: int = index) -> None:
            progress((index + fraction) / len(groups))

        padded = _padded(lossy.samples[:, group], lost.size * packet_frames)
        ran = form.run(plugin, parameters, padded, lost, lossy.rate, packet_frames, report)
        delay, around = ran.delay, around + ran.around
        parts.append(ran.samples[: lossy.frames])
        times.append(ran.seconds)
    spent_all = np.concatenate(times) if times else np.zeros(0)
    samples = np.ascontiguousarray(np.concatenate(parts, axis=1))
    return Rendered(samples, delay, lossy.rate, float(spent_all.sum()) + around, spent_all)


def _padded(samples: Samples, frames: int) -> Samples:
    result = np.zeros((frames, samples.shape[1]), np.float32)
    result[: len(samples)] = samples
    return result


def declared_rates(plugin: Plugin, parameters: dict[str, Any]) -> tuple[int, ...]:
    """Return the rates in Hz that the plugin knows: ``rates``, a tuple or a function of the parameters."""
    value = plugin.attribute("rates", ()) or ()
    if callable(value):
        value = value(**parameters)
    rates = tuple(value) if isinstance(value, list | tuple | set | frozenset) else (value,)
    if not all(isinstance(rate, int) and 1000 <= rate <= 768_000 for rate in rates):
        raise NotAPlugin(f"'rates' is {value!r}; it is a tuple of rates in Hz, such as (16000, 48000)")
    return tuple(sorted(rates))


def delay_in_frames(plugin: Plugin, value: Any, rate: int) -> int:
    """Return a declared delay as a number of frames; where `value` is None, ``delay_ms`` counts.

    Raises
    ------
    NotAPlugin
        If it is no number of frames.
    """
    if value is None:
        value = round(float(plugin.attribute("delay_ms", 0)) * rate / 1000)
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise NotAPlugin(f"'delay' is {value!r}; it is a whole number of frames, 0 or more")
    return int(value)
