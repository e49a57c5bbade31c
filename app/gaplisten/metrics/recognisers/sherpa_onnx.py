"""sherpa-onnx: transducers and CTC models of its zoo, whose letters have a time each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gaplisten.audio.signal import Samples
from gaplisten.metrics.recognisers.contract import Hear, HeardWord, Recogniser

_BEGINS = ("▁", " ")  # a token that begins a word
_LAST_SECONDS = 0.2  # how long the last token is taken to last, of which only the beginning is known
_PARTS = ("encoder", "decoder", "joiner")


def load(model: Path | None) -> Hear:
    """Return what hears with the model in a folder: ``tokens.txt``, and a transducer's parts or one model.

    Raises
    ------
    LookupError
        If it holds another kind of model.
    """
    assert model is not None
    loaded = _recogniser(model)

    def hear(samples: Samples) -> Sequence[HeardWord]:
        stream = loaded.create_stream()
        stream.accept_waveform(RECOGNISER.rate, samples)
        loaded.decode_stream(stream)
        return _words(stream.result.tokens, stream.result.timestamps)

    return hear


def _recogniser(model: Path) -> Any:
    import sherpa_onnx

    tokens = model / "tokens.txt"
    parts = {part: _best(model, f"*{part}*.onnx") for part in _PARTS}
    alone = _best(model, "model*.onnx")
    if not tokens.is_file() or not (alone or all(parts.values())):
        fact = f"its model's folder {model.name} holds no tokens.txt beside encoder, decoder and joiner"
        raise LookupError(f"{fact}, or beside a model.onnx of CTC; other kinds tell no times of words")
    common = {"tokens": str(tokens), "num_threads": 1, "sample_rate": RECOGNISER.rate}
    if all(parts.values()):
        files = {part: str(path) for part, path in parts.items()}
        return sherpa_onnx.OfflineRecognizer.from_transducer(**files, **common)
    return sherpa_onnx.OfflineRecognizer.from_nemo_ctc(model=str(alone), **common)


def _best(model: Path, pattern: str) -> Path | None:
    """Return the file of a pattern that is not quantised; only where there is none, one that is."""
    found = sorted(model.glob(pattern), key=lambda path: ("int8" in path.name, path.name))
    return found[0] if found else None


def _words(tokens: Sequence[str], times: Sequence[float]) -> tuple[HeardWord, ...]:
    """Join tokens to words: each lasts until the next begins."""
    words: list[HeardWord] = []
    ends = [*times[1:], *(time + _LAST_SECONDS for time in times[-1:])]
    for token, start, stop in zip(tokens, times, ends, strict=True):
        if token.startswith(_BEGINS) or not words:
            words.append(HeardWord(token.lstrip("▁ "), start, stop))
        else:
            words[-1] = HeardWord(words[-1].text + token, words[-1].start, stop)
    return tuple(word for word in words if word.text)


RECOGNISER = Recogniser("sherpa_onnx", "sherpa-onnx", "sherpa-onnx", "sherpa_onnx", load)
