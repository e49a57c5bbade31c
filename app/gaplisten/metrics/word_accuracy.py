"""Word accuracy: how many of the words that were said a recogniser still hears.

WAcc = 1 - (substitutions + deletions + insertions) / words. It falls below 0 where more is wrong than was
said; nothing is clipped. Of many clips it is that of all their words together: a mean weighted by words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import numpy as np

from gaplisten.audio.signal import Samples, Signal
from gaplisten.metrics.contract import Implementation, Material, Metric, Score, Unscorable
from gaplisten.metrics.material import prepare
from gaplisten.metrics.recognisers import described, ears_of, recognisers
from gaplisten.metrics.recognisers.contract import HeardWord, Recogniser
from gaplisten.metrics.words import NORMALISER, compare_words, normalised

_VERSION = "1"
TRANSCRIPT, RECOGNISED, HOW, TRUTH = "transcript", "recognised", "recogniser", "words_of"
WORDS = "words"
COUNTS = ("substitutions", "deletions", "insertions", WORDS)
OF_TRANSCRIPT, OF_REFERENCE = "a transcript", "what it hears in the reference"


@lru_cache(maxsize=16)
def _heard(recogniser: str, content: bytes) -> tuple[HeardWord, ...]:
    # A reference without a transcript is heard once for all versions of its clip.
    samples = np.frombuffer(content, np.float32)
    return tuple(ears_of(recognisers()[recogniser])(samples))


def hear(recogniser: str, samples: Samples) -> tuple[HeardWord, ...]:
    """Return the words heard in samples at the recogniser's rate; to be called in a worker.

    Raises
    ------
    LookupError
        If the recogniser needs a model that is not there.
    """
    return _heard(recogniser, np.ascontiguousarray(samples, np.float32).tobytes())


def words_in(recogniser: str, signal: Signal) -> tuple[HeardWord, ...]:
    """Return the words heard in a signal of any rate; to be called in a worker.

    Raises
    ------
    Unscorable
        If the sound cannot be listened to, or the recogniser is not there.
    """
    material, _ = prepare(_metric(recognisers()[recogniser]), signal, None, None, transcript="")
    return hear(recogniser, material.degraded)


def text_of(words: Sequence[HeardWord]) -> str:
    """Return what was heard as a line of text."""
    return " ".join(word.text for word in words)


def _said(recogniser: Recogniser, material: Material) -> tuple[str, str]:
    """Return the text that was said, and where it is known from."""
    if material.transcript is not None:
        return material.transcript, OF_TRANSCRIPT
    clean, _ = material.whole
    return text_of(hear(recogniser.name, clean)), OF_REFERENCE


def accuracy(said: str, known_from: str, hear_it: Callable[[], str], recognised_by: str) -> Score:
    """Return the score of what was heard against what was said, with its counts and both texts.

    Parameters
    ----------
    known_from
        Where `said` comes from: `OF_TRANSCRIPT` or `OF_REFERENCE`.
    hear_it
        Returns what is heard; not called where nothing was said.
    recognised_by
        Recogniser and model, for people.

    Raises
    ------
    Unscorable
        If no words were said.
    """
    words = normalised(said)
    if not words:
        raise Unscorable(f"no words were said, by {known_from}")
    heard = hear_it()
    errors = compare_words(words, normalised(heard))
    figures = (errors.substitutions, errors.deletions, errors.insertions, errors.words)
    how = f"{recognised_by}; normaliser {NORMALISER}"
    return Score(
        1.0 - errors.count / errors.words,
        beside=tuple((name, float(figure)) for name, figure in zip(COUNTS, figures, strict=True)),
        texts=((TRANSCRIPT, said), (RECOGNISED, heard), (HOW, how), (TRUTH, known_from)),
    )


def _score(recogniser: Recogniser, material: Material) -> Score:
    said, known_from = _said(recogniser, material)

    def hear_it() -> str:
        return text_of(hear(recogniser.name, material.degraded))

    return accuracy(said, known_from, hear_it, described(recogniser))


def _compute(material: Material, recogniser: Recogniser) -> float:
    return float(_score(recogniser, material))


def _beside(material: Material, recogniser: Recogniser) -> tuple[tuple[str, float], ...]:
    return _score(recogniser, material).beside


def _texts(material: Material, recogniser: Recogniser) -> tuple[tuple[str, str], ...]:
    return _score(recogniser, material).texts


def _metric(recogniser: Recogniser) -> Metric:
    return Metric(
        name=f"wacc_{recogniser.name}",
        title=f"Word accuracy ({recogniser.title})",
        short=f"WAcc {recogniser.title}"[:20],
        needs_words=True,
        hears_silence=True,
        rates=(recogniser.rate,),
        range=(-math.inf, 1.0),
        source="1 - errors / words; recogniser and normaliser are named with each figure"
        + (f"; {recogniser.warning}" if recogniser.warning else ""),
        seconds=(0.1, 300.0),
        requires=(recogniser.module,),
        weight=WORDS,
        recogniser=recogniser.name,
        version=f"{_VERSION} {NORMALISER}",
    )


def _implementation(recogniser: Recogniser) -> Implementation:
    return Implementation(
        _metric(recogniser),
        partial(_compute, recogniser=recogniser),
        partial(_beside, recogniser=recogniser),
        partial(_texts, recogniser=recogniser),
    )


PLACE = 30
IMPLEMENTATIONS = tuple(_implementation(each) for each in recognisers().values())
