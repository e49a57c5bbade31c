"""Adding a language is one file: nothing in the code lists them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gaplisten import folders, languages
from gaplisten.audio.files import read_signal
from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.panel import check_sounds
from gaplisten.panel.definition import DefinitionError, parse_definition
from gaplisten.panel.methods import method
from gaplisten.panel.scales import ScaleError, texts
from gaplisten.panel.session import Session
from kit.panels import NO_STEPS, make_panel, take, toml

APP = Path(languages.__file__).resolve().parent


@pytest.fixture
def resources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the resources' words and digits, which the program then uses."""
    copy = tmp_path / "resources"
    for name in ("languages", "digits"):
        shutil.copytree(folders.resources() / name, copy / name)
    monkeypatch.setattr(folders, "resources", lambda: copy)
    return copy


def add_french(resources: Path) -> None:
    text = (resources / "languages/en.toml").read_text(encoding="utf-8")
    text = text.replace('name = "English"', 'name = "Français"').replace('"Excellent"', '"Excellente"')
    (resources / "languages/fr.toml").write_text(text, encoding="utf-8")


def test_a_third_language_is_one_file_and_a_trial_is_taken_in_it(resources: Path, tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"line 3, language: .*choose one of en, de"):
        parse_definition(toml("acr", top='language = "fr"'))
    add_french(resources)
    assert languages.codes() == ("en", "de", "fr")
    assert languages.name("fr") == "Français"
    panel = make_panel(tmp_path, "acr", NO_STEPS, top='language = "fr"')
    with Session.open(panel.folder, "Ann") as session:
        assert session.scale.labels[0] == (5, "Excellente")
        take(session, choose=lambda trial, slot: 5)
    (path,) = panel.ratings.glob("*.csv")
    rows = pd.read_csv(path)
    assert set(rows["label"]) == {"Excellente"}
    assert set(rows["language"]) == {"fr"}


def test_a_text_that_a_language_lacks_is_english_and_a_scale_that_it_lacks_is_told(resources: Path) -> None:
    (resources / "languages/eo.toml").write_text('name = "Esperanto"\n[panel]\nnext = "Sekva"\n')
    assert texts("eo")["next"] == "Sekva"
    assert texts("eo")["finished"] == texts("en")["finished"]
    with pytest.raises(ScaleError, match=r"no wording in Esperanto .*; add it to languages/eo\.toml"):
        method("acr").wording("eo")


def test_recorded_digits_of_a_language_are_used_where_there_are_some(resources: Path) -> None:
    def loudest(language: str) -> float:
        (first, _, _), *_ = check_sounds.digits(8000, 1, language)
        return float(np.abs(np.fft.rfft(first.mono)).argmax() / len(first.mono) * 8000)

    (resources / "languages/eo.toml").write_text('name = "Esperanto"\n')
    assert loudest("eo") == loudest("en")  # none are recorded in Esperanto
    assert loudest("de") != loudest("en")
    (resources / "digits/eo").mkdir()
    for digit in range(10):
        rate = read_signal(resources / f"digits/en/{digit}.flac").rate
        tone = 0.1 * np.sin(2 * np.pi * 1234 * np.arange(rate // 2) / rate)
        write_signal(resources / f"digits/eo/{digit}.flac", Signal.of(tone, rate))
    assert loudest("eo") == pytest.approx(1234, abs=20)
    assert loudest("en") < 1000


def test_no_language_is_named_anywhere_in_the_code() -> None:
    found = [
        f"{path.relative_to(APP)}: {line.strip()}"
        for path in sorted(APP.rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"""["'](de|Deutsch|German|English)["']""", line)
    ]
    assert found == []
    coded = re.compile(r"""(?<!lang=)"en\"""")  # a page that is written in English says so
    english = [path.name for path in APP.rglob("*.py") if coded.search(path.read_text(encoding="utf-8"))]
    assert english == ["languages.py"]


def test_every_language_has_the_same_words() -> None:
    def keys(table: dict[str, object], at: str = "") -> set[str]:
        found = set()
        for name, value in table.items():
            inner = keys(value, f"{at}{name}.") if isinstance(value, dict) else set()
            found |= inner or {at + name}
        return found

    english = keys(languages.words("en"))
    for code in languages.codes():
        own = {key for key in keys(languages.words(code)) if not key.endswith(".translation")}
        assert {key for key in own if key in english or not key.startswith("panel.error_")} == english
