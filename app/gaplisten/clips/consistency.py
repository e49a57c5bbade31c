"""Whether a clip's reference, lossy file, trace and versions belong together; if not, what would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from gaplisten.audio.signal import Signal
from gaplisten.clips.belonging import about_channels, about_reference
from gaplisten.clips.clip import OpenClip
from gaplisten.clips.doubts import Change, Doubt
from gaplisten.clips.trace_evidence import about_trace

__all__ = ["Change", "Doubt", "doubts_about"]

MOST_SECONDS = 120.0
"""So much of a clip is checked, from its beginning on."""


def doubts_about(opened: OpenClip, others: Mapping[str, Path] = MappingProxyType({})) -> tuple[Doubt, ...]:
    """Check a clip.

    Parameters
    ----------
    others
        References of other clips by their names, among which the right one may be.
    """
    opened = _beginning(opened)
    return (*about_channels(opened), *about_reference(opened, others), *about_trace(opened))


def _beginning(opened: OpenClip) -> OpenClip:
    """Return a clip with no more sound than is checked: an hour takes no longer than a minute or two."""

    def cut(signal: Signal | None) -> Signal | None:
        most = 0 if signal is None else round(MOST_SECONDS * signal.rate)
        return (
            signal if signal is None or signal.frames <= most else Signal(signal.samples[:most], signal.rate)
        )

    versions = {name: part for name, each in opened.conditions.items() if (part := cut(each)) is not None}
    return replace(opened, reference=cut(opened.reference), lossy=cut(opened.lossy), conditions=versions)
