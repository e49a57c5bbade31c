"""The user's settings and recent places: what makes no sense falls back to its default."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import tomlkit

from gaplisten import folders, languages
from gaplisten.audio.palettes import PALETTES
from gaplisten.audio.spectrum_look import SCALES, SpectrumLook
from gaplisten.bench.loop_edges import LOOP_EDGES
from gaplisten.durable.files import write_whole
from gaplisten.untrusted import read_regular

MOST_BYTES = 1_000_000
THEMES = ("system", "light", "dark")
SWITCHING = ("standard", "crossfade")


@dataclass(frozen=True)
class Settings:
    """What the user set, apart from window geometry.

    Parameters
    ----------
    theme
        "system", "light" or "dark".
    switching
        "standard" (fade out, then in, BS.1534-3) or "crossfade".
    switching_ms
        Length of the fade, 1 to 50 ms.
    context_ms
        How much is played before and after a gap, 0 to 5000 ms.
    level_dbov
        Active speech level to which a clip is played, -60 to 0 dBov.
    loop_edges
        Where the edges of loops may lie, one of `gaplisten.bench.loop_edges.LOOP_EDGES`.
    plugin_folders
        Folders of concealers beside the user's own plugin folder; whole paths.
    spectrum_window_ms, spectrum_range_db, spectrum_gain_db, spectrum_low_hz, spectrum_high_hz
        See `gaplisten.audio.spectrum_look.SpectrumLook`; 2 to 128 ms, 20 to 120 dB,
        -40 to 60 dB, 0 to 96000 Hz.
    spectrum_scale, spectrum_palette, spectrum_hatched
        Likewise.
    language
        Code of the window's language, from the next start on; "system" is what the desktop speaks.
    """

    theme: str = "system"
    switching: str = "standard"
    switching_ms: float = 5.0
    context_ms: float = 250.0
    level_dbov: float = -26.0
    loop_edges: str = "anywhere"
    plugin_folders: tuple[str, ...] = ()
    spectrum_window_ms: float = 16.0
    spectrum_range_db: float = 80.0
    spectrum_gain_db: float = 0.0
    spectrum_low_hz: float = 0.0
    spectrum_high_hz: float = 0.0
    spectrum_scale: str = "linear"
    spectrum_palette: str = "heat"
    spectrum_hatched: bool = False
    language: str = "system"

    @property
    def spectrum(self) -> SpectrumLook:
        """How spectrograms are looked at."""
        return SpectrumLook(
            self.spectrum_window_ms,
            self.spectrum_range_db,
            self.spectrum_gain_db,
            self.spectrum_low_hz,
            self.spectrum_high_hz,
            self.spectrum_scale,
            self.spectrum_palette,
            self.spectrum_hatched,
        )

    def with_spectrum(self, look: SpectrumLook) -> Settings:
        """Return the settings with spectrograms looked at like this."""
        return replace(self, **{f"spectrum_{each.name}": getattr(look, each.name) for each in fields(look)})


_ALLOWED: dict[str, Callable[[Any], bool]] = {
    "theme": lambda v: v in THEMES,
    "language": lambda v: v == "system" or v in languages.window_codes(),
    "switching": lambda v: v in SWITCHING,
    "switching_ms": lambda v: 1.0 <= v <= 50.0,
    "context_ms": lambda v: 0.0 <= v <= 5000.0,
    "level_dbov": lambda v: -60.0 <= v <= 0.0,
    "loop_edges": lambda v: v in LOOP_EDGES,
    "plugin_folders": lambda v: all(isinstance(each, str) and os.path.isabs(each) for each in v),
    "spectrum_window_ms": lambda v: 2.0 <= v <= 128.0,
    "spectrum_range_db": lambda v: 20.0 <= v <= 120.0,
    "spectrum_gain_db": lambda v: -40.0 <= v <= 60.0,
    "spectrum_low_hz": lambda v: 0.0 <= v <= 96_000.0,
    "spectrum_high_hz": lambda v: 0.0 <= v <= 96_000.0,
    "spectrum_scale": lambda v: v in SCALES,
    "spectrum_palette": lambda v: v in PALETTES,
    "spectrum_hatched": lambda _v: True,
}


def _place(path: Path | None) -> Path:
    return path or folders.user_config() / "settings.toml"


def read_settings(path: Path | None = None) -> Settings:
    """Return the kept settings; the defaults where there are none or where they make no sense."""
    try:
        found = tomllib.loads(read_regular(_place(path), MOST_BYTES).decode("utf-8"))
    except (OSError, ValueError, RecursionError):  # also numbers of 5,000 digits, and tables nested deeply
        return Settings()
    good = {
        each.name: _value(found[each.name], each.default) for each in fields(Settings) if each.name in found
    }
    return replace(Settings(), **{k: v for k, v in good.items() if v is not None and _ALLOWED[k](v)})


def _value(value: Any, default: Any) -> Any:
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(value)
    if isinstance(default, float) and type(value) is int:
        return float(value) if abs(value) < 2**53 else None
    return value if type(value) is type(default) else None


def write_settings(settings: Settings, path: Path | None = None) -> None:
    """Keep the settings."""
    place = _place(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    values = {each.name: getattr(settings, each.name) for each in fields(Settings)}
    write_whole(place, tomlkit.dumps(values))


MOST = 10


def with_newest(recent: Iterable[str], path: Path) -> list[str]:
    """Return the list with `path` at its head, each place once, at most ten of them."""
    newest = os.path.normpath(path.absolute())
    return [newest, *(each for each in recent if each != newest)][:MOST]


def is_there(path: str) -> bool:
    """Return whether a place can still be opened (missing ones are shown grey, not dropped)."""
    try:
        return Path(path).exists()
    except OSError:
        return False
