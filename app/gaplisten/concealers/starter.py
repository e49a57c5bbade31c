"""A commented plugin file to begin with."""

from __future__ import annotations

import keyword
from pathlib import Path

from gaplisten.errors import GaplistenError
from gaplisten.folders import bundled_plugins, user_plugins


class StarterRefused(GaplistenError):  # noqa: N818 - named after what happened
    """A starter file that cannot be written."""


_STREAMING = '''"""{title}: what it does, in a sentence. This text is shown as the concealer's help."""

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

_WHOLE_FILE = '''"""{title}: what it does, in a sentence. This text is shown as the concealer's help."""

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

_TEMPLATES = {"streaming": _STREAMING, "file": _WHOLE_FILE}


def write_starter(name: str, form: str = "streaming", folder: Path | None = None) -> Path:
    """Write a plugin file that works as it is, into the user's plugin folder.

    Parameters
    ----------
    name
        A Python identifier; becomes the file's name. Not a bundled concealer's, which it would hide.
    form
        ``streaming`` or ``file``.

    Raises
    ------
    StarterRefused
        If the name cannot be used or the file exists: nothing is ever overwritten.
    """
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
        raise StarterRefused(
            name, "cannot be a plugin's name", "use letters, digits and _, such as my_concealer"
        )
    if (bundled_plugins() / f"{name}.py").exists():
        raise StarterRefused(
            name, "is a bundled concealer, which your file would hide", "choose another name"
        )
    if form not in _TEMPLATES:
        raise StarterRefused(f"--form {form}", "is no form of plugin", f"use {' or '.join(_TEMPLATES)}")
    path = (folder or user_plugins()) / f"{name}.py"
    title = name.replace("_", " ").capitalize()
    classname = "".join(part.capitalize() for part in name.split("_"))
    text = _TEMPLATES[form].format(title=title, classname=classname)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise StarterRefused(
            str(path), "is there already", "choose another name, or edit that file"
        ) from None
    except OSError as error:
        raise StarterRefused(
            str(path), f"cannot be written ({error.strerror})", "check the folder"
        ) from error
    return path
