"""Vosk: Kaldi's decoder, with a model of any of its languages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gaplisten.audio.signal import Samples
from gaplisten.metrics.recognisers.contract import Hear, HeardWord, Recogniser

_PART = 4000  # frames: what its own examples give it at a time; utterances may end in between


def load(model: Path | None) -> Hear:
    """Return what hears with the model in a folder, such as vosk-model-small-en-us.

    Raises
    ------
    LookupError
        If the folder holds no model of its kind.
    """
    assert model is not None
    import vosk

    vosk.SetLogLevel(-1)
    try:
        loaded = vosk.Model(str(model))
    except Exception as error:
        raise LookupError(f"its model's folder {model.name} holds no model of Vosk ({error})") from error

    def hear(samples: Samples) -> Sequence[HeardWord]:
        ear = vosk.KaldiRecognizer(loaded, RECOGNISER.rate)  # one for each clip: it adapts to what it hears
        ear.SetWords(True)
        heard = list[dict[str, Any]]()
        for at in range(0, samples.size, _PART):
            part = np.round(samples[at : at + _PART] * 32767.0).astype("<i2").tobytes()
            if ear.AcceptWaveform(part):
                heard += json.loads(ear.Result()).get("result", ())
        heard += json.loads(ear.FinalResult()).get("result", ())
        return tuple(HeardWord(each["word"], each["start"], each["end"]) for each in heard)

    return hear


RECOGNISER = Recogniser("vosk", "Vosk", "vosk", "vosk", load)
