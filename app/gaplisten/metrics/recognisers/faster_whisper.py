"""faster-whisper: Whisper's models in CTranslate2's form, on the processor, without guessing by chance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gaplisten.audio.signal import Samples
from gaplisten.languages import ENGLISH
from gaplisten.metrics.recognisers.contract import Hear, HeardWord, Recogniser

# Without a tokenizer in the folder the library would fetch one from a hub.
_NEEDED = ("model.bin", "config.json", "tokenizer.json")


def load(model: Path | None) -> Hear:
    """Return what hears with the model in a folder, as ct2-transformers-converter makes it.

    Raises
    ------
    LookupError
        If a file is missing that would have to be fetched.
    """
    assert model is not None
    missing = [name for name in _NEEDED if not (model / name).is_file()]
    if missing:
        raise LookupError(f"its model's folder {model.name} lacks {', '.join(missing)}")
    from faster_whisper import WhisperModel

    loaded = WhisperModel(str(model), device="cpu", cpu_threads=1, local_files_only=True)

    def hear(samples: Samples) -> Sequence[HeardWord]:
        # One temperature: with several, a text that looks wrong is drawn anew by chance. Nothing is carried
        # over from one stretch to the next, where a gap would spoil what follows. The language is that of the
        # rules by which words are compared: found out clip by clip, it would change with what was lost.
        segments, _ = loaded.transcribe(
            samples,
            language=ENGLISH,
            beam_size=5,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
        )
        words = (word for segment in segments for word in segment.words or ())
        return tuple(HeardWord(each.word.strip(), each.start, each.end) for each in words)

    return hear


RECOGNISER = Recogniser(
    "faster_whisper",
    "faster-whisper",
    "faster-whisper",
    "faster_whisper",
    load,
    warning="a language model fills in words that nobody could hear: gaps cost less than listeners lose",
)
