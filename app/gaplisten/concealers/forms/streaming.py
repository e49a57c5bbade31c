"""Plugins that are called packet by packet: a class with a method ``packet``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from gaplisten.audio.signal import Samples
from gaplisten.concealers.form import Answered, Arrays, Given, Plugin, Progress, Step, checked
from gaplisten.concealers.rendering import Ran, SampleForm, delay_in_frames
from gaplisten.concealers.stopwatch import Stopwatch
from gaplisten.loss.trace import Flags

_STARTER = '''"""{title}: what it does, in a sentence. This text is shown as the concealer's help."""

from typing import Annotated

import numpy as np

name = "{title}"  # what people read
source = "unpublished"  # standard or paper
causal = True  # does it use only what was received before (and at most `delay` after)?
# rates = (16000,)  # rates it can work at, in Hz; without this line: any
# channels = 1  # called once per channel; without this line it gets all channels at once
# deterministic = False  # never show an earlier result again


class {classname}:
    """Called once per packet, in order."""

    # Algorithmic delay in frames: what packet() returns is this much late. The host removes it. It may be set
    # in __init__, where the rate is known.
    delay = 0

    def __init__(
        self,
        rate,  # Hz
        packet_frames,  # frames in one packet
        channels,
        *,
        # Each keyword parameter becomes a field in the window and can be given with --set. Type: float, int,
        # bool, str, pathlib.Path or Literal["a", "b"]; range: ge/gt (from/above), le/lt (to/below); also
        # "unit": "ms".
        gain: Annotated[float, {{"ge": 0, "le": 1, "help": "of each repetition"}}] = 0.5,
    ):
        self.gain = gain
        self.last = np.zeros((packet_frames, channels), np.float32)

    def packet(self, samples):
        """Return one packet, float32, shape (packet_frames, channels), full scale -1..1.

        `samples` is one received packet of that shape, or None when it was lost.
        """
        if samples is None:
            self.last = self.last * np.float32(self.gain)
        else:
            self.last = samples
        return self.last

    # def flush(self):
    #     """Return the last `delay` frames, shape (delay, channels). Without it the host pushes them out with
    #     packets of silence."""
'''


class Streaming(SampleForm):
    """A class that is made once for a clip and called for each packet, in order."""

    name, title, place = "streaming", "packet by packet", 1
    fixed = ("rate", "packet_frames", "channels")
    choice, starter, lacks = "streaming", _STARTER, "a class with a method 'packet'"
    _underway: _Underway

    def targets(self, module: ModuleType) -> list[Callable[..., Any]]:
        """Return the module's own classes that have ``packet`` and no name of a helper."""
        found = [
            value
            for name, value in vars(module).items()
            if inspect.isclass(value)
            and not name.startswith("_")
            and value.__module__ == module.__name__
            and callable(getattr(value, "packet", None))
        ]
        return list(dict.fromkeys(found))

    def fits(self, target: Callable[..., Any]) -> bool:
        """Tell whether it is a class that is called packet by packet."""
        return inspect.isclass(target) and callable(getattr(target, "packet", None))

    def annotated(self, target: Callable[..., Any]) -> Callable[..., Any]:
        """Return the class's ``__init__``."""
        found: Callable[..., Any] = target.__init__
        return found

    def attribute(self, plugin: Plugin, name: str, default: Any) -> Any:
        """Return what the class says, else the module."""
        found = inspect.getattr_static(plugin.target, name, None)
        if found is not None and not isinstance(found, property):
            return getattr(plugin.target, name)
        return super().attribute(plugin, name, default)

    def declared_delay(
        self, plugin: Plugin, parameters: dict[str, Any], rate: int, packet_frames: int
    ) -> int:
        """Return the ``delay`` of an object of the class, or ``delay_ms``."""
        return _delay(plugin, plugin.target(rate, packet_frames, 1, **parameters), rate)

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
        """Hand over packet after packet."""
        channels = padded.shape[1]
        watch = Stopwatch()
        moment = watch.now()
        made = plugin.target(rate, size, channels, **parameters)
        around = watch.since(moment)
        delay = _delay(plugin, made, rate)
        output = np.empty((len(padded) + delay, channels), np.float32)
        times = np.empty(lost.size)
        for index, flag in enumerate(lost.tolist()):
            start = index * size
            # A copy: a view's `.base` would show the plugin the packets that are still to come.
            given = None if flag else padded[start : start + size].copy()
            moment = watch.now()
            returned = made.packet(given)
            times[index] = watch.since(moment)
            output[start : start + size] = checked(returned, (size, channels), f"packet {index}")
            progress((index + 1) / lost.size)
        if delay:
            moment = watch.now()
            output[len(padded) :] = _rest(made, delay, size, channels)
            around += watch.since(moment)
        return Ran(output[delay:], delay, times, around)

    def steps_one_by_one(
        self, given: Given, parameters: Mapping[str, Any]
    ) -> Generator[Step, Answered, Answered]:
        """Yield the making of the plugin's objects, each packet, and the flush."""
        size, channels = given.packet_frames, given.lossy.shape[1]
        padded = np.zeros((given.lost.size * size, channels), np.float32)
        padded[: len(given.lossy)] = given.lossy
        begun = yield Step("begin", (), facts={"channels": channels, "goes_on": True})
        delay, parts, times = int(begun.facts["delay_frames"]), [], []
        for index, flag in enumerate(given.lost.tolist()):
            packet = () if flag else (padded[index * size : (index + 1) * size],)
            answered = yield Step("packet", packet, facts={"index": index, "goes_on": True})
            parts.append(answered.arrays[0])
            times.append(float(answered.facts["seconds"]))
        ended = yield Step("end", ())
        samples = np.concatenate([*parts, ended.arrays[0]])[delay:][: len(given.lossy)]
        facts = {"delay_frames": delay, "work_rate": given.rate, "seconds": sum(times)}
        return Answered(facts, (samples, np.array(times)))

    def answer(
        self,
        plugin: Plugin,
        parameters: dict[str, Any],
        header: Mapping[str, Any],
        arrays: Arrays,
        progress: Progress,
    ) -> Answered:
        """Conceal a lossy signal, or do one step of that."""
        if header["do"] == "begin":
            self._underway = _Underway(plugin, parameters, header)
            return Answered({"delay_frames": self._underway.delay}, ())
        if header["do"] == "packet":
            return self._underway.packet(int(header["index"]), arrays[0] if arrays else None)
        if header["do"] == "end":
            return Answered({}, (self._underway.rest(),))
        return super().answer(plugin, parameters, header, arrays, progress)


class _Underway:
    """Objects of a plugin that are handed packet after packet by the host."""

    def __init__(self, plugin: Plugin, parameters: dict[str, Any], header: Mapping[str, Any]) -> None:
        self._size, channels = int(header["packet_frames"]), int(header["channels"])
        self._groups = [1] * channels if plugin.attribute("channels") == 1 else [channels]
        self._made = [
            plugin.target(header["rate"], self._size, group, **parameters) for group in self._groups
        ]
        self.delay = _delay(plugin, self._made[0], header["rate"])
        self._watch = Stopwatch()

    def packet(self, index: int, samples: Samples | None) -> Answered:
        parts, spent, start = [], 0.0, 0
        for made, group in zip(self._made, self._groups, strict=True):
            given = None if samples is None else samples[:, start : start + group].copy()
            began = self._watch.now()
            returned = made.packet(given)
            spent += self._watch.since(began)
            parts.append(checked(returned, (self._size, group), f"packet {index}"))
            start += group
        return Answered({"seconds": spent}, (np.concatenate(parts, axis=1),), timed=len(parts))

    def rest(self) -> Samples:
        if not self.delay:
            return np.zeros((0, sum(self._groups)), np.float32)
        each = zip(self._made, self._groups, strict=True)
        return np.concatenate([_rest(made, self.delay, self._size, group) for made, group in each], axis=1)


def _delay(plugin: Plugin, made: Any, rate: int) -> int:
    return delay_in_frames(plugin, getattr(made, "delay", None), rate)


def _rest(made: Any, delay: int, size: int, channels: int) -> Samples:
    """Return the last `delay` frames: what ``flush`` gives, or what silence pushes out."""
    if callable(getattr(made, "flush", None)):
        returned = made.flush()
        frames = returned.shape[0] if isinstance(returned, np.ndarray) and returned.ndim == 2 else 0
        return checked(returned, (max(frames, delay), channels), "flush")[:delay]
    pushes = -(-delay // size)
    silence = [np.zeros((size, channels), np.float32) for _ in range(pushes)]
    parts = [checked(made.packet(part), (size, channels), "the packets after the end") for part in silence]
    return np.concatenate(parts)[:delay]


FORM = Streaming()
