"""Sound devices: which one the user chose, and PortAudio, imported here only and only when asked."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np

from gaplisten import folders
from gaplisten.errors import GaplistenError
from gaplisten.untrusted import MOST_SETTINGS, read_regular

LATENCY = 0.015
"""Seconds asked for: below, a busy machine runs dry; above, a switch is felt to lag."""
_ALSA_BLOCKS_PER_SECOND = 100
_SERVER_MILLISECONDS = "18"

Callback = Callable[[Any, int, Any, Any], None]
Side = Literal["left", "right", "both"]


@dataclass(frozen=True, slots=True)
class OutputDevice:
    """A way out for sound; remembered by `name` and `host_api`, since indices change.

    Parameters
    ----------
    channels
        How many output channels it offers.
    rate
        The rate in Hz that it prefers.
    default
        Whether the system would choose it.
    """

    name: str
    host_api: str
    channels: int
    rate: int
    default: bool = False

    @property
    def title(self) -> str:
        """What to show to people."""
        return f"{self.name} ({self.host_api})"


class NoSoundError(GaplistenError):
    """Sound cannot be had, for a reason that the user can do something about."""


# -- which one the user chose ----------------------------------------------------------------------------


def _preference() -> Path:
    return folders.user_config() / "sound.json"


def remembered() -> tuple[str | None, str | None]:
    """Return name and host API of the chosen device, or Nones for the system's default."""
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        saved = json.loads(read_regular(_preference(), MOST_SETTINGS))
        return str(saved["name"]), str(saved["host_api"])
    return None, None


def remember(device: OutputDevice | None) -> None:
    """Keep the choice; None forgets it. Not being able to is no reason to stop."""
    # Here, because the audio process imports this module too, and writes nothing.
    from gaplisten.durable.files import write_whole

    with suppress(OSError):
        if device is None:
            _preference().unlink(missing_ok=True)
            return
        _preference().parent.mkdir(parents=True, exist_ok=True)
        write_whole(_preference(), json.dumps({"name": device.name, "host_api": device.host_api}))


# -- PortAudio ---------------------------------------------------------------------------------------------


def ask_servers_for_low_latency() -> None:
    """Tell PulseAudio and PipeWire how much sound shall wait there, unless the user has told them.

    By default ALSA's plugin has them hold one block more than is asked for, and two blocks back, so that
    only tiny blocks would be quick; but each block costs processor time, whatever its length.
    """
    os.environ.setdefault("PULSE_LATENCY_MSEC", _SERVER_MILLISECONDS)


def sound() -> ModuleType:
    """Return the sounddevice module, or raise `NoSoundError` with the way to get it."""
    try:
        import sounddevice
    except ImportError as error:
        raise NoSoundError("sounddevice", f"is not installed ({error})", "pip install sounddevice") from error
    except OSError as error:  # the wheel for Linux carries no PortAudio
        way = "install it: 'apt install libportaudio2', 'dnf install portaudio' or 'pacman -S portaudio'"
        raise NoSoundError("PortAudio", str(error), way) from error
    module: ModuleType = sounddevice
    return module


def portaudio_version() -> str:
    """Return PortAudio's description of itself."""
    return str(sound().get_portaudio_version()[1])


def _default_index(module: ModuleType) -> int:
    try:
        return int(module.query_devices(kind="output")["index"])
    except (module.PortAudioError, ValueError):
        return -1


def outputs() -> tuple[OutputDevice, ...]:
    """Return every device that can play, as PortAudio found them when it started."""
    module = sound()
    apis = [api["name"] for api in module.query_hostapis()]
    default = _default_index(module)
    return tuple(
        OutputDevice(
            str(found["name"]),
            str(apis[found["hostapi"]]),
            int(found["max_output_channels"]),
            round(found["default_samplerate"]),
            int(found["index"]) == default,
        )
        for found in module.query_devices()
        if found["max_output_channels"] > 0
    )


def _index(device: OutputDevice) -> int:
    module = sound()
    apis = [api["name"] for api in module.query_hostapis()]
    for found in module.query_devices():
        if found["name"] == device.name and apis[found["hostapi"]] == device.host_api:
            return int(found["index"])
    raise NoSoundError(device.title, "is not there any more", "choose another device or look again")


def pick(name: str | None, host_api: str | None) -> OutputDevice:
    """Return the device of that name and host API, or else the system's default."""
    found = outputs()
    if not found:
        raise NoSoundError("this machine", "no output device", "connect one, then look again")
    for device in found:
        if (device.name, device.host_api) == (name, host_api):
            return device
    return next((device for device in found if device.default), found[0])


def runs_at(device: OutputDevice, rate: int, channels: int) -> bool:
    """Tell whether the device takes float samples at that rate."""
    module = sound()
    try:
        module.check_output_settings(_index(device), channels, "float32", samplerate=rate)
    except module.PortAudioError:
        return False
    return True


def _block_frames(device: OutputDevice, rate: int) -> int:
    # ALSA would cut the buffer into four, which costs more than twice the processor time. Elsewhere the
    # system's own blocks are the best ones; 0 asks for them.
    return rate // _ALSA_BLOCKS_PER_SECOND if device.host_api == "ALSA" else 0


def open_output(
    device: OutputDevice,
    rate: int,
    channels: int,
    latency: float | Literal["low", "high"] | None,
    callback: Callback,
) -> Any:
    """Open and start a float32 output stream that asks `callback` for every block.

    `latency` is what is asked of PortAudio; without it, `LATENCY`, or what the device
    claims to need if that is more.
    """
    module = sound()
    index = _index(device)
    if latency is None:
        latency = max(LATENCY, float(module.query_devices(index)["default_low_output_latency"]))
    frombuffer, float32 = np.frombuffer, np.float32

    def raw(out: Any, frames: int, times: Any, flags: Any) -> None:
        # What sounddevice does itself to make an array takes twice as long.
        callback(frombuffer(out, float32).reshape(frames, channels), frames, times, flags)

    try:
        stream = module.RawOutputStream(
            samplerate=rate,
            device=index,
            channels=channels,
            dtype="float32",
            latency=latency,
            blocksize=_block_frames(device, rate),
            callback=raw,
            dither_off=True,
            clip_off=False,
        )
    except module.PortAudioError as error:
        raise _refused(device, rate, error) from error
    start(device, stream)
    return stream


def _refused(device: OutputDevice, rate: float, error: Exception) -> NoSoundError:
    return NoSoundError(device.title, f"cannot be opened at {rate:.0f} Hz ({error})", "choose another device")


def start(device: OutputDevice, stream: Any) -> None:
    """Start a stream, for the first time or after `stop`."""
    try:
        stream.start()
    except sound().PortAudioError as error:
        raise _refused(device, stream.samplerate, error) from error


def is_running(stream: Any) -> bool:
    """Tell whether a started stream goes on: not when its device was pulled out or its server died."""
    try:
        return bool(stream.active)
    except sound().PortAudioError:
        return False


def leave(stream: Any) -> None:
    """Close a stream that does not go on any more; for a device that is gone this may take for ever."""
    with suppress(sound().PortAudioError):
        stream.abort()
    with suppress(sound().PortAudioError):
        stream.close()


def stop(stream: Any) -> None:
    """Stop a stream that puts out nothing but silence, without waiting for what is left of that."""
    with suppress(sound().PortAudioError):  # a device that is gone is noticed when it is wanted again
        stream.abort()
