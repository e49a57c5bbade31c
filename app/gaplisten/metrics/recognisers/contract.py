"""What a recogniser of speech is, and what it hears."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gaplisten.audio.signal import Samples


@dataclass(frozen=True)
class HeardWord:
    """A word as the recogniser writes it, and when it was said in seconds from the sound's beginning."""

    text: str
    start: float
    stop: float


Hear = Callable[[Samples], Sequence[HeardWord]]
"""Recognises samples of shape ``(frames,)``, float32 within ±1, at the recogniser's rate."""


@dataclass(frozen=True)
class Recogniser:
    """A program that writes down what it hears.

    Parameters
    ----------
    name
        Identifier; the metric is called ``wacc_<name>``, and the settings name its model by it.
    title
        Name shown to people.
    package
        Distribution whose version is named with each figure.
    module
        What is imported.
    load
        Returns what hears; gets the folder of the model, None where it brings its own. Called in worker
        processes only, once for many clips: it must hear a clip alike, whatever it heard before.
    rate
        Sampling rate in Hz that it works at.
    own_model
        What it calls the model that it brings; empty where the user names a folder.
    warning
        What everybody must know who reads its figures.
    """

    name: str
    title: str
    package: str
    module: str
    load: Callable[[Path | None], Hear]
    rate: int = 16000
    own_model: str = ""
    warning: str = ""
