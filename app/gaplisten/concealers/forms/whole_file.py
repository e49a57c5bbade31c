"""Plugins that get a whole clip at once: a function ``conceal``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from gaplisten.audio.signal import Samples
from gaplisten.concealers.form import Plugin, Progress, checked
from gaplisten.concealers.rendering import Ran, SampleForm, delay_in_frames
from gaplisten.concealers.stopwatch import Stopwatch
from gaplisten.loss.trace import Flags

_STARTER = '''"""{title}: what it does, in a sentence. This text is shown as the concealer's help."""

from typing import Annotated

import numpy as np

name = "{title}"  # what people read
source = "unpublished"  # standard or paper
causal = True  # does it use only what was received before (and at most `delay` after)?
# delay = 80  # algorithmic delay in frames, or: delay_ms = 5.0; the host removes it
# rates = (16000,)  # rates it can work at, in Hz; without this line: any
# channels = 1  # called once per channel; without this line it gets all channels at once
# deterministic = False  # never show an earlier result again


def conceal(
    lossy,  # float32, shape (frames, channels), full scale -1..1; lost packets are zero
    lost,  # bool, one per packet, True = lost; frames is a whole number of packets
    rate,  # Hz
    packet_frames,  # frames in one packet
    *,
    # Each keyword parameter becomes a field in the window and can be given with --set. Type: float, int,
    # bool, str, pathlib.Path or Literal["a", "b"]; range: ge/gt (from/above), le/lt (to/below).
    gain: Annotated[float, {{"ge": 0, "le": 1, "help": "of each repetition"}}] = 0.5,
):
    """Return the whole signal, float32, same shape as `lossy`."""
    result = lossy.copy()
    for packet in np.flatnonzero(lost[1:]) + 1:
        start = packet * packet_frames
        result[start : start + packet_frames] = gain * result[start - packet_frames : start]
    return result
'''


class WholeFile(SampleForm):
    """A function of the whole lossy signal."""

    name, title, place = "whole_file", "whole file", 2
    fixed = ("lossy", "lost", "rate", "packet_frames")
    choice, starter, lacks = "file", _STARTER, "a function 'conceal'"

    def targets(self, module: ModuleType) -> list[Callable[..., Any]]:
        """Return the module's ``conceal``, if there is one."""
        function = getattr(module, "conceal", None)
        return [function] if callable(function) else []

    def fits(self, target: Callable[..., Any]) -> bool:
        """Tell whether it is no class."""
        return not inspect.isclass(target)

    def declared_delay(
        self, plugin: Plugin, parameters: dict[str, Any], rate: int, packet_frames: int
    ) -> int:
        """Return ``delay``, a number or a function of rate, packet and parameters, or ``delay_ms``."""
        value = plugin.attribute("delay")
        if callable(value):
            value = value(rate, packet_frames, **parameters)
        return delay_in_frames(plugin, value, rate)

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
        """Hand over the whole signal."""
        delay = self.declared_delay(plugin, parameters, rate, size)
        extra = -(-delay // size)  # silent received packets, so that the end comes out in spite of the delay
        given = np.concatenate([padded, np.zeros((extra * size, padded.shape[1]), np.float32)])
        flags = np.concatenate([lost, np.zeros(extra, np.bool_)])
        wanted = given.shape
        watch = Stopwatch()
        began = watch.now()
        returned = plugin.target(given, flags, rate, size, **parameters)
        spent = watch.since(began)
        progress(1.0)
        return Ran(checked(returned, wanted, "the file")[delay:], delay, np.array([spent]))


FORM = WholeFile()
