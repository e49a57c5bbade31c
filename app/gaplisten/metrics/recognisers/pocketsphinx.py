"""PocketSphinx: small, offline, with an English model in its package, the same text each time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gaplisten.audio.signal import Samples
from gaplisten.metrics.recognisers.contract import Hear, HeardWord, Recogniser

_FRAMES_PER_SECOND = 100  # of its front end
_NOISE = ("<", "[", "+")  # silence, speech of no word, noises


def load(_model: Path | None) -> Hear:
    """Return what hears English, for sound at 16 kHz."""
    from pocketsphinx import Decoder

    decoder = Decoder(samprate=RECOGNISER.rate, loglevel="FATAL")

    def hear(samples: Samples) -> Sequence[HeardWord]:
        # What it adapts to is kept from one utterance to the next: each clip begins as the first one did.
        decoder.reinit_feat()
        decoder.start_utt()
        decoder.process_raw(np.round(samples * 32767.0).astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        if decoder.hyp() is None:
            return ()
        return tuple(_word(each) for each in decoder.seg() if not each.word.startswith(_NOISE))

    return hear


def _word(segment: object) -> HeardWord:
    text, first, last = (getattr(segment, name) for name in ("word", "start_frame", "end_frame"))
    spelling = str(text).partition("(")[0]  # "to(2)" is another way of saying "to"
    return HeardWord(spelling, first / _FRAMES_PER_SECOND, (last + 1) / _FRAMES_PER_SECOND)


RECOGNISER = Recogniser(
    "pocketsphinx",
    "PocketSphinx",
    "pocketsphinx",
    "pocketsphinx",
    load,
    own_model="its en-us model",
    warning="weak recogniser: compares systems, is no measure of accuracy by itself",
)
