"""`gaplisten concealers`: list, describe, audit, start."""

from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path

import pytest

from gaplisten.audio.writing import write_signal
from gaplisten.concealers.catalogue import Catalogue
from kit import command
from kit.plugin_folder import noise, write

run = functools.partial(command.run, "concealers")


pytestmark = pytest.mark.usefixtures("plugins_known", "short_audits")


@pytest.fixture
def short_audits(monkeypatch: pytest.MonkeyPatch) -> None:
    from gaplisten.concealers import audit

    monkeypatch.setattr(audit, "SECONDS", 1.5)
    monkeypatch.setattr(audit, "PLACES", 8)


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    write_signal(path, noise(1.0))
    return path


def test_the_list_names_form_delay_and_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line}
    assert "streaming" in lines["g711_appendix1"]
    assert "3.75" in lines["g711_appendix1"]
    assert "ITU-T G.711 Appendix I" in lines["g711_appendix1"]
    assert "no " in lines["janssen_oracle"]


def test_a_broken_plugin_is_listed_as_such(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write(tmp_path / "p", "bad", "import nothing_like_this")
    assert run("--plugins", tmp_path / "p") == 0
    assert "ModuleNotFoundError" in next(
        x for x in capsys.readouterr().out.splitlines() if x.startswith("bad")
    )
    assert run("bad", "--plugins", tmp_path / "p") == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_description_lists_parameters_with_range_and_unit(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("repeat_fade") == 0
    said = capsys.readouterr().out
    row = next(line for line in said.splitlines() if line.startswith("mute_after"))
    assert row.split()[:4] == ["mute_after", "float", "60.0", ">="]
    assert "ms" in row
    assert "plugins" in said


def test_the_audit_prints_its_table_and_an_honest_plugin_is_no_failure(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, speech: Path
) -> None:
    assert run("repeat_fade", "--audit", "--on", speech, "--csv", tmp_path / "audit.csv") == 0
    rows = (tmp_path / "audit.csv").read_text().splitlines()
    assert rows[0] == "measure,declared,measured,limit,unit,verdict,note"
    assert rows[1].startswith("look-ahead,0.0,0.0,,ms,ok")
    assert "speech.wav" in capsys.readouterr().out


def test_a_plugin_that_lies_is_marked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, speech: Path
) -> None:
    name = r'name = "Sly\x1b[1A\x1b[2K\nSly is certified"'
    text = "causal = True\ndef conceal(lossy, lost, rate, n): return __import__('numpy').roll(lossy, -64, 0)"
    path = write(tmp_path / "p", "liar", f"{name}\n{text}")
    assert run(path, "--audit", "--on", speech) == 1
    said = capsys.readouterr().out
    assert "LIES about its look-ahead: 0.0 declared, 4.0 measured" in said
    assert "LIES about its delay: 0.0 declared, -4.0 measured" in said
    assert "\x1b" not in said
    assert not [line for line in said.splitlines() if line.startswith("Sly is certified")]


def test_what_fails_in_an_audit_is_named_and_makes_it_a_failure(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, speech: Path
) -> None:
    head = "causal = True\nchannels = 1\ndef conceal(lossy, lost, rate, n):\n"
    path = write(tmp_path / "p", "picky", head + "    assert not lost.all()\n    return lossy")
    assert run(path, "--audit", "--on", speech) == 1
    assert "fails: odd cases passed: all lost: raised AssertionError" in capsys.readouterr().out


def test_an_audit_of_a_plugin_that_fails_shows_its_traceback(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, speech: Path
) -> None:
    text = r"def conceal(lossy, lost, rate, packet_frames): print('\x1b[2J'); return 1 / 0"
    path = write(tmp_path / "p", "bad", text)
    assert run(path, "--audit", "--on", speech) == 1
    said = capsys.readouterr().err
    assert "ZeroDivisionError" in said
    assert "\x1b" not in said


@pytest.mark.parametrize("form", ["streaming", "file"])
def test_a_starter_file_works_as_it_is_and_is_never_overwritten(
    capsys: pytest.CaptureFixture[str], home: Path, speech: Path, form: str
) -> None:
    assert run("--new", "my_plc", "--form", form) == 0
    path = home / "plugins" / "my_plc.py"
    entry = Catalogue.scan().get("my_plc")
    assert entry.form == {"streaming": "streaming", "file": "whole_file"}[form]
    assert entry.title == "My plc"
    assert entry.parameters[0].name == "gain"
    assert run("my_plc", "--audit", "--on", speech) == 0
    path.write_text("mine")
    capsys.readouterr()
    assert run("--new", "my_plc", "--form", form) == 2
    assert "is there already" in capsys.readouterr().err
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", ["../evil", "class", "my-plc", "_hidden", "", "a b", "zero_fill"])
def test_names_that_make_no_plugin_are_refused(home: Path, name: str) -> None:
    assert run("--new", name) == 2
    assert not list(home.rglob("*.py"))


def test_wrong_usage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--audit") == 2
    assert run("repeat_fad") == 2
    assert "near names: repeat_fade" in capsys.readouterr().err
    assert run("--new", "x", "--form", "poem") == 2


def test_neither_qt_nor_portaudio_nor_scipy_is_loaded_to_list() -> None:
    code = (
        "import sys; from gaplisten.cli import main\n"
        "try: main(['concealers'])\nexcept SystemExit: pass\n"
        "sys.exit(any(m.split('.')[0] in ('PySide6', 'sounddevice', 'scipy', 'pandas') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
