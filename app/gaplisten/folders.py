"""Where bundled files and the user's own files lie."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parents[1]


def _bundled(name: str) -> Path:
    """Return the folder inside an installed wheel, or in the checkout that is being run."""
    inside = _PACKAGE / "_bundled" / name
    return inside if inside.is_dir() else _CHECKOUT / name


def bundled_plugins() -> Path:
    """Return the folder of the concealers that come with Gaplisten."""
    return _bundled("plugins")


def resources() -> Path:
    """Return the folder of icons, demo speech, wordings and the font of pictures."""
    return _bundled("resources")


def _user(variable: str, default: Path) -> Path:
    # An environment variable lets tests and portable installations keep out of the home folder.
    home = os.environ.get("GAPLISTEN_HOME")
    if home:
        return Path(home) / variable
    return default


def user_plugins() -> Path:
    """Return the folder in which the user keeps concealers (it may not exist yet)."""
    return _user("plugins", platformdirs.user_data_path("gaplisten", appauthor=False) / "plugins")


def user_config() -> Path:
    """Return the folder of the user's settings (it may not exist yet)."""
    return _user("config", platformdirs.user_config_path("gaplisten", appauthor=False))


def user_cache() -> Path:
    """Return the folder of things that can be made again (it may not exist yet)."""
    return _user("cache", platformdirs.user_cache_path("gaplisten", appauthor=False))


def user_state() -> Path:
    """Return the folder of unsaved work and logs (it may not exist yet)."""
    return _user("state", platformdirs.user_state_path("gaplisten", appauthor=False))
