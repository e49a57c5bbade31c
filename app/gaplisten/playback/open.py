"""Getting a player, whatever the machine has."""

from __future__ import annotations

import os

from gaplisten.errors import GaplistenError
from gaplisten.installed import is_installed
from gaplisten.playback.client import ProcessPlayer
from gaplisten.playback.devices import OutputDevice
from gaplisten.playback.player import Player
from gaplisten.playback.silent import SilentPlayer


def open_player(device: OutputDevice | None = None) -> Player:
    """Return a player at once; one that is silent, and says why, where there can be no sound.

    ``GAPLISTEN_SOUND=off`` asks for silence. A machine that merely has no device now gets a real player whose
    state says so: a device connected later is found by `Player.rescan`.
    """
    if os.environ.get("GAPLISTEN_SOUND", "").lower() == "off":
        return SilentPlayer("sound is switched off (GAPLISTEN_SOUND=off)")
    if not is_installed("sounddevice"):
        return SilentPlayer("sounddevice is not installed; 'pip install sounddevice' brings sound")
    try:
        return ProcessPlayer(device)
    except (GaplistenError, OSError) as error:
        return SilentPlayer(f"the sound process cannot be started: {error}")
