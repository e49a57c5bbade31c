"""`gaplisten play` and `gaplisten doctor`, on machines that have everything or nothing."""

import importlib.metadata
import subprocess

import numpy as np
import pytest
import soundfile

from gaplisten.bench.controller import Controller
from gaplisten.bench.hearing import Hearing
from gaplisten.bench.settings import Settings
from gaplisten.cli import main
from gaplisten.commands import doctor
from gaplisten.commands.doctor import examine
from gaplisten.commands.play import Listening, _open, _sources, gap_words
from gaplisten.loss.trace import LossTrace
from gaplisten.playback.player import Player
from gaplisten.tables import Table
from kit.tables import rows_of
from kit.timing import PATIENCE

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
    table = rows_of(tmp_path / "machine.csv")
    assert {"part", "name", "state", "found"} == set(table[0])
    assert any(row["name"] == "scipy" and row["state"] == "ok" for row in table)


def test_the_doctor_works_with_anything_missing(monkeypatch):
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    monkeypatch.setitem(__import__("sys").modules, "sounddevice", None)
    monkeypatch.setitem(__import__("sys").modules, "gaplisten.concealers.catalogue", None)
    monkeypatch.delenv("QT_QPA_PLATFORM")
    for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    found = rows()
    assert found["onnxruntime"][2:] == ("missing", "for extra metrics: pip install 'gaplisten[metrics]'")
    assert found["pesq"][3].endswith(
        ", with a C compiler at hand (Debian: apt install gcc libc6-dev python3-dev)"
    )
    assert found["lc3py"][2:] == ("missing", "for extra codecs: pip install 'gaplisten[codecs]'")
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


@pytest.fixture
def listening(tmp_path, capsys):
    """Return a clip of three versions and a trace, opened as the command opens it, without sound."""
    rate, packet = 16000, 320
    noise = 0.1 * np.random.default_rng(1).standard_normal(50 * packet)
    names = ("sent.wav", "old.wav", "new.wav")
    for name in names:
        soundfile.write(tmp_path / name, noise, rate, "FLOAT")
    (tmp_path / "loss.txt").write_text("".join(f"{int(10 <= n < 13 or n == 40)}\n" for n in range(50)))
    controller = Controller(Hearing(Player(silent="a test")), Settings())
    paths = [tmp_path / "sent.wav", tmp_path / "loss.txt", *(tmp_path / name for name in names[1:])]
    _open(controller, _sources(paths), None)
    yield Listening(controller)
    controller.close()


def test_the_first_file_is_the_reference_and_a_trace_among_the_files_tells_the_gaps(listening):
    controller = listening._controller
    names = [(lane.key, listening.title(lane)) for lane in controller.lanes]
    assert names == [(0, "sent.wav"), (1, "Lossy"), (2, "old.wav"), (3, "new.wav")]
    assert [(gap.start, gap.stop) for gap in controller.gaps] == [(3200, 4160), (12800, 13120)]


def test_digits_switch_versions_at_the_same_position_and_unknown_ones_do_nothing(listening, capsys):
    hearing = listening._controller.hearing
    hearing.seek(5000)
    assert listening.obey("3")
    assert (hearing.heard, hearing.state.position) == (3, 5000)
    assert listening.obey("7")
    assert listening.obey("x")
    assert hearing.heard == 3
    assert listening.obey("0")
    assert capsys.readouterr().err.endswith("   0.312 s  new.wav\n   0.312 s  sent.wav\n")
    assert not listening.obey("q")


@pytest.mark.parametrize(
    ("position", "words"),
    [
        (0, "gap 1 of 2 in 0.20 s"),
        (3200, "in gap 1 of 2"),
        (4159, "in gap 1 of 2"),
        (4160, "gap 2 of 2 in 0.54 s"),
        (15000, "after the last of 2 gaps"),
    ],
)
def test_the_terminal_tells_where_a_position_lies_among_the_gaps(position, words):
    lost = np.array([10 <= n < 13 or n == 40 for n in range(50)])
    gaps = LossTrace.of_packets(lost, 320, 16000).gaps(16000)
    assert gap_words(gaps, [gap.stop for gap in gaps], position, 16000) == words
    assert gap_words((), [], position, 16000) == ""


def test_a_clip_of_a_folder_is_asked_for_by_name(tmp_path, capsys):
    for name in ("one", "two"):
        (tmp_path / "clean").mkdir(exist_ok=True)
        soundfile.write(tmp_path / "clean" / f"{name}.wav", np.full(1600, 0.1), 16000)
    controller = Controller(Hearing(Player(silent="a test")), Settings())
    try:
        _open(controller, _sources([tmp_path]), "two")
        assert controller.clip_name == "two"
    finally:
        controller.close()
    assert main(["play", str(tmp_path), "--clip", "three"]) == 2
    said = capsys.readouterr().err
    assert "there is no such clip" in said
    assert "one, two" in said


def test_a_folder_without_sound_is_a_sentence(tmp_path, capsys):
    assert main(["play", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("gaplisten: ")


def test_the_level_may_be_left_as_it_is_without_another_reading_of_the_files(tmp_path):
    soundfile.write(tmp_path / "a.wav", 0.01 * np.random.default_rng(1).standard_normal(16000), 16000)
    gains = []
    for as_is in (False, True):
        hearing = Hearing(Player(silent="a test"), as_is=as_is)
        controller = Controller(hearing, Settings())
        _open(controller, _sources([tmp_path / "a.wav"]), None)
        gains.append(hearing.player._desired.gain)
        controller.close()
    assert gains[0] > 2.0
    assert gains[1] == 1.0


def test_the_doctor_needs_no_window(python):
    code = (
        "import sys; from gaplisten.commands.doctor import examine; examine();"
        "sys.exit('PySide6.QtGui' in sys.modules)"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr


def test_the_report_for_an_issue_names_nobody_and_no_place(monkeypatch, capsys):
    monkeypatch.setattr(doctor.platform, "node", lambda: "annas-laptop")
    monkeypatch.setattr(doctor.getpass, "getuser", lambda: "anna")
    rows = (
        ("program", "Python", "ok", "3.11.7 (/home/anna/x y/.venv/bin/python)"),
        ("machine", "system", "ok", "Linux-6.1 on annas-laptop, 2 cores"),
        ("sound", "PortAudio", "ok", "V19.6.0"),
        ("sound", "Anna's AirPods", "ok", "ALSA, 2 channels, 48000 Hz, chosen"),
        ("concealer", "zero_fill", "ok", "/srv/plugins/zero_fill.py"),
        ("concealer", "secret_codec", "missing", "secret_codec: C:\\Users\\anna b\\codec.dll is missing"),
        ("library", "av", "missing", "for extra codecs: pip install 'gaplisten[codecs]'"),
        ("folder", "settings", "ok", "/home/anna/.config/gaplisten (made when needed)"),
        ("network", "x", "note", "```"),
    )
    monkeypatch.setattr(doctor, "examine", lambda: Table(("part", "name", "state", "found"), rows))
    with pytest.raises(SystemExit):
        main(["doctor", "--report"])
    said = capsys.readouterr().out
    for secret in ("anna", "Anna", "secret", "home", "Users", "srv", "codec.dll"):
        assert secret not in said
    assert said.startswith("```text\n")
    assert said.count("```") == 2
    kept = ("V19.6.0", "48000 Hz", "zero_fill | ok", "own plugin 1 | missing", "output device 1 | ok")
    for each in (*kept, "gaplisten[codecs]", "(path) (made when needed)"):
        assert each in said
