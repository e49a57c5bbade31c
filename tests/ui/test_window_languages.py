"""The window speaks the language that is set; each language is one file, and none lacks a text."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from gaplisten import folders, languages
from gaplisten.bench.lanes import Lane, Role
from gaplisten.bench.settings import Settings, read_settings, write_settings
from gaplisten.concealers.entries import Parameter
from gaplisten.errors import GaplistenError
from gaplisten.exchange.service_settings import PLCMOS
from gaplisten.loss.models import MODELS
from gaplisten.metrics.catalogue import built_in
from gaplisten.metrics.contract import Score
from gaplisten.sentences import Sentences
from gaplisten.ui import translation
from gaplisten.ui.batch.service_dialog import where_token_is
from gaplisten.ui.lanes.drawers.click_residual import ClickResidual
from gaplisten.ui.lanes.drawers.level_difference import LevelDifference
from gaplisten.ui.lanes.drawers.pitch import Pitch
from gaplisten.ui.panes.scores import explained
from gaplisten.ui.workbench.concealer_card import progress_text
from gaplisten.ui.workbench.parameter_form import ParameterForm
from kit.window_texts import parameter_keys, raised_texts, row_texts, untranslated, window_forms, window_texts

OTHERS = languages.window_codes()[1:]
# What is written into documents and panels: translated where it is shown.
DATA = (
    "same clips",
    "different clips",
    "click, metallic, robotic, mute",
    "damage found in {name}",
    "default parameters",
    "trace file {path_name}",
)
# What is no words: style sheets and file patterns; and why there is no sound where nobody looks.
SIGNS = ("QFrame#", "QLabel {", "background:", "*.pcap", "there is no display")


def places(text: str) -> Counter[str]:
    return Counter(re.findall(r"{[^{}]*}", text))


def told_by_engines(code: str) -> dict[str, str]:
    path = folders.resources() / f"languages/window/{code}.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))["engines"])


def entries(code: str) -> Iterator[tuple[str, str]]:
    words = languages.window_words(code)
    yield from words.texts.items()
    yield from ((many, form) for many, forms in words.forms.items() for form in forms)
    yield from told_by_engines(code).items()


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_each_text_of_the_window_and_no_other(code: str) -> None:
    words = languages.window_words(code)
    with_places = {row for row in row_texts() if "{" in row}
    assert set(words.texts) == window_texts() | (row_texts() - with_places)
    assert set(words.forms) == set(window_forms())
    assert with_places | raised_texts() <= set(told_by_engines(code))


@pytest.mark.parametrize("code", OTHERS)
def test_places_for_values_are_the_same_in_each_language(code: str) -> None:
    for english, own in entries(code):
        if "{n" in english and english in window_forms():
            assert places(own) <= places(english), english
        else:
            assert places(own) == places(english), english
        assert own.strip(), english


@pytest.mark.parametrize("code", OTHERS)
def test_no_two_menus_share_a_letter(code: str) -> None:
    texts = languages.window_words(code).texts
    bar = [own[own.index("&") + 1].casefold() for english, own in texts.items() if english in MENUS]
    assert len(bar) == len(MENUS)
    assert len(set(bar)) == len(bar)


MENUS = {
    f"&{name}" for name in ("File", "Edit", "View", "Listen", "Gap", "Conceal", "Scores", "Panel", "Help")
}


def test_whatever_the_window_shows_stands_in_tr() -> None:
    found = [each for each in untranslated() if not each.partition(" ")[2].startswith((*SIGNS, *DATA))]
    assert found == []


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the window's language be chosen anew before and after."""
    monkeypatch.delenv(translation.VARIABLE)
    translation.words.cache_clear()
    yield
    monkeypatch.undo()
    translation.words.cache_clear()


def test_the_language_is_that_of_the_environment_then_of_the_settings_then_of_the_system(
    spoken: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translation, "_system_codes", lambda: ["tlh", "de"])
    assert translation.language() == "de"
    write_settings(Settings(language="en"))
    assert translation.language() == "en"
    monkeypatch.setenv(translation.VARIABLE, "de")
    assert translation.tr("Next Gap") == "Nächste Lücke"
    write_settings(Settings(language="none of them"))
    assert read_settings().language == "system"
    monkeypatch.setattr(translation, "_system_codes", lambda: ["tlh"])
    monkeypatch.delenv(translation.VARIABLE)
    assert translation.language() == "en"


def test_numbers_take_the_form_that_the_language_has_for_them(
    spoken: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    polish = {
        "name": "Polski",
        "plural": "n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2",
        "texts": {"{said} is late": "{said} – za późno"},
        "forms": {"{n} gaps": ["{n} luka", "{n} luki", "{n} luk"]},
        "engines": {"the file {what} holds {n_rows} rows": "plik {what}: {n_rows}", "good": "dobry"},
    }
    (tmp_path / "languages/window").mkdir(parents=True)
    (tmp_path / "languages/window/pl.json").write_text(json.dumps(polish), encoding="utf-8")
    monkeypatch.setattr(folders, "resources", lambda: tmp_path)
    monkeypatch.setenv(translation.VARIABLE, "pl")
    said = [translation.tr_n("{n} gap", "{n} gaps", n) for n in (1, 2, 5, 22)]
    assert said == ["1 luka", "2 luki", "5 luk", "22 luki"]
    error = GaplistenError("a.wav", "the file good holds 3 rows", "nobody knows this sentence")
    assert translation.tr_said(error) == "a.wav: plik dobry: 3; nobody knows this sentence"
    assert translation.tr("{said} is late", said=error).endswith("this sentence – za późno")
    assert (
        str(error) == "a.wav: the file good holds 3 rows; nobody knows this sentence"
    )  # in logs and commands


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_names_every_parameter_of_what_comes_with_the_program(code: str) -> None:
    words = languages.window_words(code)
    assert set(words.parameters) == parameter_keys()
    own_names = {"Gilbert-Elliott"}
    assert {each.title for each in MODELS if words.told(each.title) == each.title} <= own_names
    assert all(words.parameters.values())


def test_parameters_of_bundled_plugins_are_named_and_those_of_a_stranger_keep_their_words(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translation, "words", lambda: languages.window_words("de"))
    parameter = Parameter("mute_after", "int", 3, unit="packets", help="silent from here on")

    def shown(of: str) -> tuple[str, str, str]:
        form = ParameterForm((parameter,), None, of)
        qtbot.addWidget(form)
        label = form.findChild(QLabel)
        return label.text(), form.fields["mute_after"].suffix(), label.toolTip().splitlines()[0]

    assert shown("repeat_fade") == ("Stumm nach", " Pakete", "mute_after")
    assert shown("") == ("mute after", " Pakete", "still ab hier")


def test_of_two_sentences_that_fit_the_one_with_more_words_of_its_own_is_taken() -> None:
    said = Sentences(
        {"{a}: {b}": "{b} ({a})", "lane {n_lane}: {what}": "Spur {n_lane}: {what}", "off": "aus"}
    ).said
    assert said("lane 3: off") == "Spur 3: aus"
    assert said("lane x: off") == "aus (lane x)"
    assert said("off") == "aus"
    assert said("on") == "on"


def test_what_people_name_is_not_translated() -> None:
    table = {"low": "tief", "{name} is {how}": "{name} ist {how}"}
    assert Sentences(table, names=False).said("low is low") == "low ist tief"
    assert Sentences(table).said("low is low") == "tief ist tief"
    assert translation.tr_lane("low") == "low"


def test_why_scores_renderings_and_tokens_are_missing_is_translated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(translation, "words", lambda: languages.window_words("de"))
    monkeypatch.delenv(PLCMOS.token_variable, raising=False)
    monkeypatch.setattr("gaplisten.exchange.service_settings._from_keyring", lambda user, _kind: "")
    assert where_token_is("team").startswith("es gibt kein Token für team: setzen Sie ")
    metric = next(iter(built_in().values())).metric
    assert ": angehalten\n" in explained(metric, Score(None, "stopped by the user"))
    marked = explained(metric, Score(1.0, marks=("outside the model's validation",)))
    assert ", außerhalb der Validierung des Modells\n" in marked
    off = Lane("c", "C", Role.CONCEALER, None, state="off: it is being looked at", failed=True)
    assert progress_text(off, None) == "aus: es wird gerade angesehen"
    made = SimpleNamespace(realtime_factor=0.5, remarks=("altered 3 %",), coding=None)
    assert progress_text(replace(off, failed=False), made).endswith(" · verändert 3 %")
    assert translation.tr_state("altered 3 %, resampled") == "verändert 3 %, umgetastet"
    assert translation.tr_state("off: it is being looked at") == "aus: es wird gerade angesehen"
    assert translation.tr_state("a, b that nobody knows") == "a, b that nobody knows"


def test_curves_are_called_within_a_sentence_as_the_language_writes_it() -> None:
    german = languages.window_words("de").text
    for kind in (Pitch, ClickResidual, LevelDifference):
        assert kind.called == kind.title.lower()
        assert german(kind.called) == german(kind.title)  # nouns have a large letter everywhere


# Words that German does not have, and every English sentence needs one of.
ENGLISH = frozenset(
    (
        "the",
        "and",
        "with",
        "from",
        "that",
        "this",
        "which",
        "what",
        "are",
        "is",
        "of",
        "or",
        "by",
        "as",
        "not",
        "be",
        "where",
        "its",
        "into",
        "there",
        "at",
        "for",
        "how",
    )
)
LISTING = """
import json, sys
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QWidget
from gaplisten.ui.start import application
app = application()
from gaplisten.ui.shell.window import WorkbenchWindow
window = WorkbenchWindow()
texts = [a.text() for a in window.actions_table._actions.values()]
texts += [a.statusTip() for a in window.actions_table._actions.values()]
for widget in [window, *window.findChildren(QWidget)]:
    texts += [widget.windowTitle(), widget.toolTip(), widget.statusTip(), widget.accessibleName()]
    if isinstance(widget, (QLabel, QAbstractButton)):
        texts.append(widget.text())
    if isinstance(widget, QLineEdit):
        texts.append(widget.placeholderText())
    if isinstance(widget, QComboBox):
        texts += [widget.itemText(at) for at in range(widget.count())]
print(json.dumps(sorted(set(texts))))
window.close_all()
"""


def test_a_window_that_speaks_german_shows_no_english(tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-c", LISTING],
        env={**os.environ, translation.VARIABLE: "de", "GAPLISTEN_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    texts = json.loads(found.stdout.splitlines()[-1])
    assert "Nächste Lücke" in texts
    assert [text for text in texts if set(re.findall(r"[a-zäöü]+", text.casefold())) & ENGLISH] == []
