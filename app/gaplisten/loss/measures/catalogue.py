"""Which measures there are: those of the files of `kinds`.

A measure is a module of that folder that has ``MEASURES``: a new one is one more file. Whatever is to be said
of it (its names, unit, threshold, how many digits, where its column stands) and done for it (its values, its
curve over time, what it tells of the clip as a whole) stands in there.
"""

from __future__ import annotations

import importlib
import pkgutil

from gaplisten.loss.measures import kinds
from gaplisten.loss.measures.contract import Measure


def discover() -> tuple[Measure, ...]:
    """Return the measures of all files of the folder, in the order of their columns."""
    names = sorted(each.name for each in pkgutil.iter_modules(kinds.__path__))
    modules = [importlib.import_module(f"{kinds.__name__}.{name}") for name in names]
    found = [measure for module in modules for measure in module.MEASURES]
    return tuple(sorted(found, key=lambda measure: measure.place))


MEASURES: tuple[Measure, ...] = discover()


def measure_named(key: str) -> Measure:
    """Return a measure by its key; `KeyError` if there is none."""
    for measure in MEASURES:
        if measure.key == key:
            return measure
    raise KeyError(key)
