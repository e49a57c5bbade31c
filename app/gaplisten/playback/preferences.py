"""Which output device the user chose, remembered by name and host API."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from gaplisten import folders
from gaplisten.playback.player import OutputDevice


def _file() -> Path:
    return folders.user_config() / "sound.json"


def remembered() -> tuple[str | None, str | None]:
    """Return name and host API of the chosen device, or Nones for the system's default."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        saved = json.loads(_file().read_text(encoding="utf-8"))
        return str(saved["name"]), str(saved["host_api"])
    return None, None


def remember(device: OutputDevice | None) -> None:
    """Keep the choice; None forgets it. Not being able to is no reason to stop."""
    with suppress(OSError):
        if device is None:
            _file().unlink(missing_ok=True)
            return
        _file().parent.mkdir(parents=True, exist_ok=True)
        part = _file().with_name(_file().name + ".part")
        part.write_text(json.dumps({"name": device.name, "host_api": device.host_api}), encoding="utf-8")
        part.replace(_file())
