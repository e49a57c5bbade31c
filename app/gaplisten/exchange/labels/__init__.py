"""Labels as other tools read and write them: one file of this folder for each form, known by its suffix."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from gaplisten.durable.files import not_written, write_whole
from gaplisten.exchange.labels.contract import BadLabels, Label, LabelError, LabelFormat, Track, one_line
from gaplisten.untrusted import read_regular

MOST_BYTES = 16 << 20


@cache
def formats() -> tuple[LabelFormat, ...]:
    """Return every form that labels can have, in the order in which dialogs offer them."""
    names = [one.name for one in pkgutil.iter_modules(__path__) if one.name != "contract"]
    found: list[LabelFormat] = [importlib.import_module(f"{__name__}.{name}").FORMAT for name in names]
    return tuple(sorted(found, key=lambda one: one.place))


def _format_of(path: Path) -> LabelFormat:
    for one in formats():
        if one.suffix.lower() == path.suffix.lower():
            return one
    fact = f"{path.suffix or 'no suffix'} is no format of labels"
    raise LabelError(str(path), fact, f"use {', '.join(one.suffix for one in formats())}")


def write_labels(path: Path, tracks: Sequence[Track], seconds: float, rate: int) -> None:
    """Write tracks in the form of the suffix.

    Parameters
    ----------
    seconds, rate
        Length of the sound, and its rate in Hz: some forms count frames.

    Raises
    ------
    LabelError
        If the suffix names no form, or the disk refuses.
    """
    form = _format_of(path)
    try:
        write_whole(path, form.encode(_tidy(tracks), seconds, rate))
    except OSError as error:
        raise LabelError(*not_written(path, error)) from error


def read_labels(path: Path) -> tuple[Track, ...]:
    """Return the tracks in a file of labels; tracks of forms that have none are told by a prefix.

    Raises
    ------
    LabelError
        If it cannot be read, or is damaged.
    """
    form = _format_of(path)
    try:
        return form.decode(read_regular(path, MOST_BYTES))
    except OSError as error:
        raise LabelError(str(path), f"cannot be read ({error.strerror})", "check the path") from error
    except BadLabels as bad:
        raise LabelError(str(path), str(bad), bad.way_out) from bad


def _tidy(tracks: Iterable[Track]) -> list[Track]:
    """Return tracks in order of time, their texts in one line each, without characters that tools refuse."""
    return [
        Track(
            one_line(track.name),
            tuple(sorted(Label(each.start, each.stop, one_line(each.text)) for each in track.labels)),
        )
        for track in tracks
    ]
