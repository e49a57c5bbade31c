"""Word accuracy: texts are made comparable on both sides, errors are counted, figures say what heard them."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gaplisten import folders
from gaplisten.audio.files import read_signal
from gaplisten.audio.signal import Samples, Signal
from gaplisten.metrics import recognisers as catalogue
from gaplisten.metrics.catalogue import built_in, score
from gaplisten.metrics.contract import Score
from gaplisten.metrics.recognisers.contract import HeardWord
from gaplisten.metrics.word_accuracy import hear
from gaplisten.metrics.words import compare_words, normalised, spelled

RATE = 16000
NAME = "wacc_pocketsphinx"
TALK = Signal.of(np.random.default_rng(1).normal(0, 0.1, RATE // 10), RATE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mr. Dashwood, then!", "mister dashwood then"),
        ("It’s o'clock", "it's o'clock"),
        ("23", "twenty-three"),
        ("1,204 men", "one thousand two hundred four men"),
        ("the 21st", "the twenty first"),
        ("the 30th", "the thirtieth"),
        ("3.14", "three point one four"),
        ("007", "zero zero seven"),
        ("12345678", "one two three four five six seven eight"),
        ("5% & more", "five percent and more"),
        ("OK, we cannot", "okay we can not"),
        ("neighbours' favourite colour", "neighbors favorite color"),
        ("grey theatre", "gray theater"),
        ("café", "CAFE"),
        ("[noise] he <sil> went", "he went"),
        ("ﬁne", "fine"),
    ],
)
def test_the_same_words_written_differently_are_the_same(one: str, other: str):
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("smith's", "smith is"), ("its", "it's"), ("four", "hour"), ("thirty", "thirteen"), ("our", "or")],
)
def test_words_that_differ_stay_apart(one: str, other: str):
    assert normalised(one) != normalised(other)


def test_normalising_twice_changes_nothing_and_never_fails():
    draw = random.Random(3)
    letters = "aé'’ -.,%&0123456789<>[]()\n\t漢ßŒ₂½Ⅷ٣"
    for _ in range(300):
        text = "".join(draw.choice(letters) for _ in range(draw.randrange(20)))
        words = normalised(text)
        assert normalised(" ".join(words)) == words, text


def test_numbers_are_spelled_up_to_999999():
    assert spelled(0) == ["zero"]
    assert " ".join(spelled(999_999)) == ("nine hundred ninety nine thousand nine hundred ninety nine")
    assert len({tuple(spelled(number)) for number in range(0, 1_000_000, 97)}) == len(range(0, 1_000_000, 97))


@cache
def fewest(said: tuple[str, ...], heard: tuple[str, ...]) -> int:
    if not said or not heard:
        return len(said) + len(heard)
    changed = fewest(said[1:], heard[1:]) + (said[0] != heard[0])
    return min(changed, fewest(said[1:], heard) + 1, fewest(said, heard[1:]) + 1)


def test_errors_are_the_fewest_and_their_pairs_account_for_them():
    draw = random.Random(5)
    for _ in range(200):
        said, heard = (tuple(draw.choices("abc", k=draw.randrange(7))) for _ in range(2))
        found = compare_words(said, heard)
        assert found.count == fewest(said, heard)
        both = [(i, j) for i, j in found.pairs if i is not None and j is not None]
        assert [i for i, _ in found.pairs if i is not None] == list(range(len(said)))
        assert [j for _, j in found.pairs if j is not None] == list(range(len(heard)))
        assert found.substitutions == sum(said[i] != heard[j] for i, j in both)
        assert (found.deletions, found.insertions) == (len(said) - len(both), len(heard) - len(both))


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> dict[float, str]:
    """A recogniser that hears, by the level of the sound, what a test says."""
    texts: dict[float, str] = {0.0: ""}

    def heard(samples: Samples) -> Sequence[HeardWord]:
        level = round(float(np.abs(samples).max()), 2)
        return [HeardWord(word, i / 10, (i + 1) / 10) for i, word in enumerate(texts[level].split())]

    monkeypatch.setattr(
        "gaplisten.metrics.word_accuracy._heard",
        lambda _, content: tuple(heard(np.frombuffer(content, np.float32))),
    )
    return texts


def sound(level: float) -> Signal:
    return Signal.of(np.full(RATE, level, np.float32), RATE)


def test_a_score_names_counts_texts_and_what_heard_them(listening: dict[float, str]):
    pytest.importorskip("pocketsphinx")
    listening[0.5] = "he was knot ill an ill"
    found = score(NAME, sound(0.5), transcript="He was not ill.")
    assert found.value == pytest.approx(1 - 3 / 4)
    assert dict(found.beside) == {"substitutions": 1, "deletions": 0, "insertions": 2, "words": 4}
    texts = dict(found.texts)
    assert (texts["transcript"], texts["recognised"]) == ("He was not ill.", "he was knot ill an ill")
    assert texts["words_of"] == "a transcript"
    for part in ("PocketSphinx", "5.", "en-us", "normaliser Gaplisten 1"):
        assert part in texts["recogniser"]


def test_without_a_transcript_the_reference_is_listened_to_and_that_is_said(listening: dict[float, str]):
    pytest.importorskip("pocketsphinx")
    listening |= {0.5: "one three", 0.9: "one two three"}
    found = score(NAME, sound(0.5), sound(0.9))
    assert found.value == pytest.approx(2 / 3)
    assert dict(found.texts)["words_of"] == "what it hears in the reference"


def test_accuracy_falls_below_zero_and_silence_is_an_answer(listening: dict[float, str]):
    pytest.importorskip("pocketsphinx")
    listening[0.5] = "a b c"
    assert score(NAME, sound(0.5), transcript="x").value == -2.0
    assert score(NAME, sound(0.0), transcript="two words").value == 0.0


@pytest.mark.parametrize(
    ("reference", "transcript", "reason"),
    [
        (None, None, "needs a transcript or a reference"),
        (None, " ... ", "no words were said, by a transcript"),
        (sound(0.0), None, "no words were said, by what it hears in the reference"),
    ],
)
def test_where_nothing_is_known_to_be_said_there_is_no_score(
    listening: dict[float, str], reference: Signal | None, transcript: str | None, reason: str
):
    pytest.importorskip("pocketsphinx")
    listening[0.5] = "a"
    assert score(NAME, sound(0.5), reference, transcript=transcript) == Score(None, reason)


def test_it_hears_the_same_whatever_it_heard_before(real_clips: Path):
    pytest.importorskip("pocketsphinx")
    clip = read_signal(real_clips / "plc_challenge_examples" / "clean.wav").samples[: 3 * RATE // 2, 0]
    ears = catalogue.recognisers()["pocketsphinx"].load(None)
    first = ears(clip)
    ears(TALK.samples[:, 0])
    assert ears(clip) == first
    assert hear("pocketsphinx", clip) == tuple(first)
    assert len(first) >= 1
    assert all(0 <= word.start < word.stop <= 2.1 for word in first)
    assert all(word.text.replace("'", "").replace(".", "").isalpha() for word in first)


def test_a_recogniser_without_a_model_tells_where_to_name_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    own = replace(catalogue.recognisers()["pocketsphinx"], name="other", own_model="", module="json")
    monkeypatch.setenv("GAPLISTEN_HOME", str(tmp_path))
    assert "needs a model" in catalogue.trouble_of(own)
    settings = folders.user_config() / "recognisers.toml"
    settings.parent.mkdir()
    for text, said in {
        "other = 3": "not the whole path",
        'other = "model"': "not the whole path",
        f'other = "{tmp_path}/none"': "is not there",
        "other = ": "cannot be read",
        "#" * 1_000_001: "are allowed",
    }.items():
        settings.write_text(text)
        assert said in catalogue.trouble_of(own), text
    settings.unlink()
    os.mkfifo(settings)  # nobody writes into it: whoever waited would wait for ever
    assert "cannot be read" in catalogue.trouble_of(own)
    settings.unlink()
    (tmp_path / "vosk-en").mkdir()
    settings.write_text(f'other = "{tmp_path}/vosk-en"')
    assert catalogue.trouble_of(own) == ""
    assert "model vosk-en" in catalogue.described(own)
    assert str(tmp_path) not in catalogue.described(own)


def test_another_model_is_another_score(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    own = replace(catalogue.recognisers()["pocketsphinx"], name="other", own_model="")
    monkeypatch.setenv("GAPLISTEN_HOME", str(tmp_path))
    model = tmp_path / "model"
    model.mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "recognisers.toml").write_text(f'other = "{model}"')
    (model / "am").write_bytes(b"1")
    first = catalogue.model_hash(own)
    (model / "am").write_bytes(b"22")
    second = catalogue.model_hash(own)
    (model / "lm").write_bytes(b"")
    assert len({first, second, catalogue.model_hash(own)}) == 3


def test_each_recogniser_is_a_metric_that_says_what_it_needs():
    for name in catalogue.recognisers():
        metric = built_in()[f"wacc_{name}"].metric
        assert metric.needs_words
        assert metric.weight == "words"
        assert metric.range[1] == 1.0


# -- recognisers whose model the user has --------------------------------------------------------------------


def hearing(name: str, library: Any, monkeypatch: pytest.MonkeyPatch, model: Path) -> Sequence[HeardWord]:
    """Load a recogniser with a library that stands in for its own, and let it hear a second."""
    monkeypatch.setitem(sys.modules, name, library)
    ears = catalogue.recognisers()[name].load(model)
    return ears(np.full(RATE, 0.5, np.float32))


class KaldiRecognizer:
    """Ends an utterance after half of a second, as the real one does at a pause."""

    def __init__(self, model: object, rate: int) -> None:
        assert (model, rate) == ("loaded", RATE)
        self.frames, self.words = 0, False

    def SetWords(self, on: bool) -> None:
        self.words = on

    def AcceptWaveform(self, part: bytes) -> bool:
        assert set(np.frombuffer(part, "<i2")) == {16384}
        self.frames += len(part) // 2
        return self.frames == RATE // 2

    def Result(self) -> str:
        assert self.words
        return '{"result": [{"word": "hello", "start": 0.1, "end": 0.4, "conf": 1.0}], "text": "hello"}'

    def FinalResult(self) -> str:
        assert self.frames == RATE
        return '{"text": ""}'


def test_vosk_is_given_all_sound_and_tells_of_all_utterances(monkeypatch, tmp_path):
    library = SimpleNamespace(
        SetLogLevel=lambda level: None, Model=lambda path: "loaded", KaldiRecognizer=KaldiRecognizer
    )
    assert hearing("vosk", library, monkeypatch, tmp_path) == (HeardWord("hello", 0.1, 0.4),)

    def fails(path: str) -> None:
        raise Exception("Failed to create a model")

    library.Model = fails
    with pytest.raises(LookupError, match="holds no model of Vosk"):
        hearing("vosk", library, monkeypatch, tmp_path)


def test_whisper_fetches_nothing_and_draws_nothing_by_chance(monkeypatch, tmp_path):
    asked: dict[str, Any] = {}

    class WhisperModel:
        def __init__(self, path: str, **options: Any) -> None:
            asked.update(options, path=path)

        def transcribe(self, samples: Samples, **options: Any) -> tuple[Any, None]:
            asked.update(options)
            words = [SimpleNamespace(word=" Hello,", start=0.0, end=0.5)]
            return iter([SimpleNamespace(words=words), SimpleNamespace(words=None)]), None

    library = SimpleNamespace(WhisperModel=WhisperModel)
    with pytest.raises(LookupError, match=r"lacks model.bin, config.json, tokenizer.json"):
        hearing("faster_whisper", library, monkeypatch, tmp_path)
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).touch()
    assert hearing("faster_whisper", library, monkeypatch, tmp_path) == (HeardWord("Hello,", 0.0, 0.5),)
    assert (asked["path"], asked["local_files_only"], asked["temperature"]) == (str(tmp_path), True, 0.0)
    assert asked["language"] == "en"  # found out by itself, it would change with what was lost


def test_sherpa_joins_tokens_to_words_and_refuses_models_without_times(monkeypatch, tmp_path):
    made: list[tuple[str, dict[str, Any]]] = []

    class Stream:
        def accept_waveform(self, rate: int, samples: Samples) -> None:
            assert (rate, samples.size) == (RATE, RATE)
            tokens, times = ["▁he", "llo", "▁", "you"], [0.1, 0.2, 0.5, 0.6]
            self.result = SimpleNamespace(tokens=tokens, timestamps=times)

    def made_by(kind: str) -> Any:
        def make(**options: Any) -> Any:
            made.append((kind, options))
            return SimpleNamespace(create_stream=Stream, decode_stream=lambda stream: None)

        return make

    kinds = {kind: made_by(kind) for kind in ("from_transducer", "from_nemo_ctc")}
    library = SimpleNamespace(OfflineRecognizer=SimpleNamespace(**kinds))
    (tmp_path / "tokens.txt").touch()
    with pytest.raises(LookupError, match="tell no times"):
        hearing("sherpa_onnx", library, monkeypatch, tmp_path)
    (tmp_path / "model.int8.onnx").touch()
    heard = hearing("sherpa_onnx", library, monkeypatch, tmp_path)
    assert [(word.text, word.start, round(word.stop, 3)) for word in heard] == [
        ("hello", 0.1, 0.5),
        ("you", 0.5, 0.8),
    ]
    for part in ("encoder", "decoder", "joiner"):
        (tmp_path / f"{part}-epoch-99.int8.onnx").touch()
        (tmp_path / f"{part}-epoch-99.onnx").touch()
    hearing("sherpa_onnx", library, monkeypatch, tmp_path)
    assert [kind for kind, _ in made] == ["from_nemo_ctc", "from_transducer"]
    assert made[1][1]["joiner"] == str(tmp_path / "joiner-epoch-99.onnx")  # the one that is not quantised
