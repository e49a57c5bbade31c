"""Word accuracy: texts are made comparable on both sides, errors are counted, figures say what heard them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

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
    }.items():
        settings.write_text(text)
        assert said in catalogue.trouble_of(own), text
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
