"""`gaplisten play` and `gaplisten doctor`, on machines that have everything or nothing."""

import csv
import importlib.metadata
import subprocess

import numpy as np
import pytest
import soundfile

from gaplisten.cli import main
from gaplisten.commands.doctor import examine

pytestmark = pytest.mark.usefixtures("plugins_known")


def rows() -> dict[str, tuple]:
    return {str(row[1]): row for row in examine().rows}


def test_the_doctor_finds_what_is_installed():
    found = rows()
    assert found["numpy"][2] == "ok"
    assert str(found["numpy"][3]).startswith(np.__version__)
    assert found["Qt platform"][2] == "ok"
    assert found["bundled plugins"][2] == "ok"
    assert found["zero_fill"][0] == "concealer"


def test_the_doctor_says_whether_a_library_may_phone_home(monkeypatch):
    assert rows()["telemetry"][2] == "ok"
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY")
    assert rows()["telemetry"][2] == "note"


def test_the_doctor_says_what_is_wrong_with_a_plugin(home):
    from gaplisten.folders import user_plugins

    user_plugins().mkdir(parents=True)
    (user_plugins() / "mine.py").write_text("def conceal(")
    assert rows()["mine"][2] == "missing"
    assert "line 1" in str(rows()["mine"][3])


def test_the_doctor_writes_csv(tmp_path):
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--csv", str(tmp_path / "machine.csv")])
    assert ended.value.code == 0
    with open(tmp_path / "machine.csv", encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert {"part", "name", "state", "found"} == set(table[0])
    assert any(row["name"] == "scipy" and row["state"] == "ok" for row in table)


def test_the_doctor_works_with_anything_missing(monkeypatch):
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    monkeypatch.setattr("ctypes.util.find_library", lambda _: None)
    monkeypatch.setitem(__import__("sys").modules, "sounddevice", None)
    monkeypatch.setitem(__import__("sys").modules, "gaplisten.concealers.catalogue", None)
    monkeypatch.delenv("QT_QPA_PLATFORM")
    for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    found = rows()
    assert found["onnxruntime"][2:] == ("missing", "for extra metrics: pip install 'gaplisten[metrics]'")
    assert found["libopus"][2] == "missing"
    assert "sounddevice" in str(found["sound"][3])
    assert found["concealer"][2] == "missing"


def test_playing_without_a_device_says_why_and_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GAPLISTEN_SOUND", "off")
    soundfile.write(tmp_path / "a.wav", np.zeros(1600), 16000)
    assert main(["play", str(tmp_path / "a.wav")]) == 2
    said = capsys.readouterr().err
    assert "switched off" in said
    assert "gaplisten doctor" in said


@pytest.mark.parametrize("arguments", [["no-such.wav"], ["{file}", "--level", "loud"]])
def test_bad_input_to_play_is_a_sentence_and_status_two(tmp_path, capsys, arguments):
    soundfile.write(tmp_path / "a.wav", np.zeros(1600), 16000)
    words = [word.format(file=tmp_path / "a.wav") for word in arguments]
    assert main(["play", *words]) == 2
    assert capsys.readouterr().err.startswith("gaplisten: ")


def test_the_doctor_needs_no_window(python):
    code = (
        "import sys; from gaplisten.commands.doctor import examine; examine();"
        "sys.exit('PySide6.QtGui' in sys.modules)"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
