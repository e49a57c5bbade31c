"""What a hostile folder, name, pipe or terminal may do to the commands: a message, never a traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gaplisten.audio.files import SoundFileError, read_signal
from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from gaplisten.commands.folder_options import say_doubts
from gaplisten.loss.formats import TraceFileError, read_trace
from kit.command import run
from kit.panels import make_panel
from kit.timing import PATIENCE

posix_only = pytest.mark.skipif(os.name != "posix", reason="has no named pipes nor names of any bytes")


pytestmark = pytest.mark.usefixtures("plugins_known")


def program(words: list[str], **options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "gaplisten", *words], **options)  # type: ignore[call-overload, no-any-return]


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    noise = np.random.default_rng(3).integers(1, 9000, 16_000).astype(np.int16)
    noise[1600:2240] = 0
    soundfile.write(path, noise, 16_000)
    return path


@posix_only
def test_a_pipe_named_like_a_file_is_refused_and_never_waited_for(tmp_path: Path, speech: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(speech, folder / "good.wav")
    os.mkfifo(folder / "pipe.wav")
    os.mkfifo(folder / "good_is_lost.txt")
    with pytest.raises(SoundFileError, match="pipe"):
        read_signal(folder / "pipe.wav")
    with pytest.raises(TraceFileError, match="pipe"):
        read_trace(folder / "good_is_lost.txt")
    (folder / "good_is_lost.txt").unlink()
    assert run("conceal", folder, "--concealer", "zero_fill", "--out", tmp_path / "out") == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.wav"]


@posix_only
def test_names_that_are_no_text_are_read_written_and_shown(
    tmp_path: Path, speech: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    strange = os.fsdecode(b"bad\xff.wav")
    shutil.copy(speech, folder / strange)
    words = ["conceal", str(folder), "--concealer", "zero_fill", "--out", str(tmp_path / "out")]
    assert program(words).wait(PATIENCE) == 0
    assert rb"bad\udcff.wav" in capfdbinary.readouterr().out
    assert (tmp_path / "out" / strange).read_bytes() == speech.read_bytes()
    assert run(*words, "--csv", tmp_path / "table.csv") == 0
    assert rb"bad\udcff.wav" in (tmp_path / "table.csv").read_bytes()
    assert run("lose", folder, "--model", "random", "--out", tmp_path / "lost") == 0
    assert (tmp_path / "lost" / "lossy_signals" / strange).exists()


def test_a_table_that_cannot_be_written_is_said_without_a_traceback(
    tmp_path: Path, speech: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("trace", speech, "--csv", tmp_path / "nowhere" / "table.csv") == 2
    assert "table.csv: cannot be written" in capsys.readouterr().err
    (tmp_path / "folder").mkdir()
    assert run("trace", speech, "--csv", tmp_path / "folder") == 2
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("words", [["--help"], ["lose", "--help"], ["trace", "--formats"]])
def test_a_full_disk_behind_stdout_is_one_line_and_a_closed_one_none(words: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        stopped = program(words, stdout=full, stderr=subprocess.PIPE)
        said = stopped.communicate(timeout=PATIENCE)[1]
    assert stopped.returncode == 2
    assert said.count(b"\n") == 1
    assert b"space" in said

    reader, writer = os.pipe()
    os.close(reader)
    stopped = program(words, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert stopped.communicate(timeout=PATIENCE)[1] == b""
    assert stopped.returncode == 128 + 13  # 1 would mean that items failed


INTERRUPTED = """
import runpy, sys
class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "gaplisten.cli":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupts())
sys.argv = ["gaplisten", "--version"]
runpy.run_module("gaplisten", run_name="__main__", alter_sys=True)
"""


def test_an_interrupt_before_the_program_is_there_leaves_no_traceback() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, timeout=PATIENCE, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, b"", b"")


@posix_only
@pytest.mark.parametrize("words", [["--help"], ["lose", "--help"], ["doctor"]])
def test_without_any_output_a_command_does_its_work(words: list[str]) -> None:
    command = [sys.executable, "-m", "gaplisten", *words]
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" "$@" >&-', *command], stderr=subprocess.PIPE, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    done = subprocess.run(["sh", "-c", 'exec "$0" "$@" >&- 2>&-', *command], timeout=PATIENCE, check=False)
    assert done.returncode == 0


@posix_only
def test_names_that_would_draw_on_a_terminal_are_written_out(
    tmp_path: Path, speech: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(speech, folder / "good\x1b]0;owned\x07\u202e.wav")
    (folder / "bad\x1b[2J.wav").write_bytes(b"junk")
    words = ["conceal", folder, "--concealer", "zero_fill", "--out", tmp_path / "out"]
    assert run(*words) == 1
    assert run("trace", folder / "bad\x1b[2J.wav") == 2
    assert run("trace", folder / "good\x1b]0;owned\x07\u202e.wav", "--packet-ms", 20) in (0, 2)
    said = b"".join(capfdbinary.readouterr())
    assert b"\x1b" not in said
    assert b"\x07" not in said
    assert "\u202e".encode() not in said
    assert rb"bad\x1b[2J.wav" in said
    assert rb"good\x1b]0;owned\x07\u202e.wav" in said


@posix_only
def test_a_name_with_line_ends_writes_no_line_of_its_own(
    tmp_path: Path, speech: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = tmp_path / "a\nall passed\x1b[2J.wav"
    shutil.copy(speech, odd)
    trace = tmp_path / "t.txt"
    trace.write_text("0\n1\n" * 25)
    assert run("trace", odd) == 0
    assert run("gaps", speech, odd, "--trace", trace) == 0
    assert run("gaps", speech, odd, "--trace", trace, "--bundle", tmp_path / "b.zip") == 0
    assert run("trace", f"{odd}x") == 2
    say_doubts([f"{odd.stem}: it is another sound"], accepted=True)
    votes = tmp_path / "v\nall passed\x1b[2J.csv"
    votes.write_text("session_id,test_type,system,item,rating\ns,mos,A,u1,4\ns,mos,A,u2\n")
    assert run("panel", "import", votes, "--out", tmp_path / "votes", "--title", "Votes") == 0
    said = "".join(capsys.readouterr())
    assert said.count("1 line of another length cannot be read") == 1
    assert not [line for line in said.splitlines() if line.strip().startswith("all passed")]
    assert "\x1b" not in said


NO_TEXT = os.fsdecode(b"caf\xe9")


@posix_only
def test_names_of_listeners_and_titles_that_are_no_text_are_nobodys_or_written_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    panel = make_panel(tmp_path, "acr")
    for words in (
        ["forget", panel.folder, NO_TEXT, "--yes"],
        ["withdraw", panel.folder, NO_TEXT, "--why", "x"],
    ):
        assert run("panel", *words) == 2
        assert r"caf\udce9" in capsys.readouterr().err
    assert run("panel", "links", panel.folder, "--listener", NO_TEXT) == 2
    votes = tmp_path / f"{NO_TEXT}.csv"
    votes.write_text("session_id,test_type,system,item,rating\ns,mos,A,u1,4\n")
    assert run("panel", "import", votes, "--out", tmp_path / "by_file") == 0
    assert (
        run("panel", "import", votes, "--out", tmp_path / "named", "--title", f"{NO_TEXT}{'x' * 2000}") == 0
    )
    assert run("panel", "results", tmp_path / "named") == 0
    assert r"caf\udce9" in capsys.readouterr().out


@posix_only
@pytest.mark.parametrize("kind", ["a file", "a link that leads nowhere", "no place for folders"])
def test_a_home_that_cannot_be_used_is_named_with_the_way_out_and_not_needed_by_what_needs_none(
    tmp_path: Path,
    speech: Path,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = tmp_path / "home"
    if kind == "a file":
        home.write_text("mine")
    elif kind == "a link that leads nowhere":
        home.symlink_to(tmp_path / "gone" / "home")
    else:
        home = Path("/dev/null")
    monkeypatch.setenv("GAPLISTEN_HOME", str(home))
    assert run("lose", speech, "--model", "random", "--out", tmp_path / "lost") == 0
    assert (
        run("gaps", speech, tmp_path / "lost" / "lossy_signals" / "speech.wav", "--csv", tmp_path / "g.csv")
        == 0
    )
    assert (tmp_path / "g.csv").exists()
    capsys.readouterr()
    assert run("score", speech, "--reference", speech, "-m", "lsd") == 0
    told = capsys.readouterr()
    assert "set GAPLISTEN_HOME to another folder" in told.err
    assert "lsd" in told.out
    assert run("concealers", "--new", "mine") == 2
    assert "mine.py: cannot be written" in capsys.readouterr().err


def test_sounds_that_are_of_no_clip_are_named_and_a_folder_with_nothing_to_do_is_no_success(
    tmp_path: Path, speech: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("x.__class__", "<img src=x onerror=alert(1)>", "[x]", "a&b", "-rf"):
        shutil.copy(speech, folder / f"{name}.wav")
    words = ["conceal", folder, "--concealer", "zero_fill", "--out"]
    assert run(*words, tmp_path / "out") == 0
    assert run("lose", folder, "--model", "random", "--out", tmp_path / "lost") == 0
    assert capsys.readouterr().err.count("note: not used: 2 sounds") == 2
    layout = tmp_path / "l.toml"
    layout.write_text('gaplisten = "layout"\nversion = 1\n[[parts]]\nfiles = "{clip}"\nrole = "condition"\n')
    assert run(*words, tmp_path / "none", "--layout", layout) == 2
    assert "in: holds no lossy file and no reference" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_another_format_takes_the_nearest_samples_and_says_what_was_clipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loud = np.full((16_000, 1), 0.5, np.float32)
    loud[100:107] = 1.5
    write_signal(tmp_path / "loud.wav", Signal(loud, 16_000), "FLOAT")
    out = tmp_path / "loud.flac"
    assert run("conceal", tmp_path / "loud.wav", "--concealer", "zero_fill", "--out", out) == 0
    said = capsys.readouterr().err
    assert "written as PCM_24" in said
    assert "7 samples were beyond full scale and are clipped" in said
    assert soundfile.info(out).subtype == "PCM_24"
    assert np.array_equal(read_signal(out).samples[:100], loud[:100])


def test_making_lossy_files_never_replaces_its_own_input(tmp_path: Path, speech: Path) -> None:
    source = tmp_path / "set" / "lossy_signals"
    source.mkdir(parents=True)
    shutil.copy(speech, source / "a.wav")
    words = ["lose", source, "--model", "random", "--out", tmp_path / "set", "--overwrite"]
    assert run(*words) == 2
    assert (source / "a.wav").read_bytes() == speech.read_bytes()
    assert run("lose", source, "--model", "random", "--out", speech / "below") == 2


def test_an_audit_on_next_to_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soundfile.write(tmp_path / "short.wav", np.full(100, 0.1), 16_000)
    soundfile.write(tmp_path / "silent.wav", np.zeros(48_000), 16_000)
    for name, fact in (("short.wav", "has 0.006"), ("silent.wav", "is silent")):
        assert run("concealers", "zero_fill", "--audit", "--on", tmp_path / name) == 2
        assert fact in capsys.readouterr().err


def test_a_place_for_the_table_that_is_not_there_is_told_before_the_work(
    tmp_path: Path, speech: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--concealer", "zero_fill", "--out", tmp_path / "out.wav", "--csv", tmp_path / "gone" / "a.csv"]
    assert run("conceal", speech, *words) == 2
    assert "its folder is not there" in capsys.readouterr().err
    assert not (tmp_path / "out.wav").exists()


BLOCK = """
import sys
BLOCKED = {"PySide6", "shiboken6", "pyqtgraph", "onnxruntime", "speechmos", "pesq", "pystoi"}
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError("blocked: " + name, name=name)
sys.meta_path.insert(0, Blocker())
"""


def test_without_qt_and_models_the_commands_say_what_is_missing_and_do_the_rest(
    tmp_path: Path, speech: Path
) -> None:
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "sitecustomize.py").write_text(BLOCK)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "blocked")}

    def said(*words: object) -> tuple[int, str]:
        command = [sys.executable, "-m", "gaplisten", *map(str, words)]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
        assert "Traceback" not in ended.stderr
        return ended.returncode, ended.stdout + ended.stderr

    status, text = said("score", speech, "-m", "plcmos", "-m", "lsd", "--reference", speech, "-j", 1)
    assert status == 1
    assert "needs the package speechmos and onnxruntime" in text
    assert "lsd     0.0000" in text
    status, text = said("panel", "run", tmp_path)
    assert status == 2
    assert "taking a panel needs a window: blocked: PySide6" in text
    status, text = said("doctor")
    assert status == 0
    assert "blocked: PySide6" in text


def test_an_address_that_is_no_schedulers_is_refused_at_once(
    tmp_path: Path, speech: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("distributed")
    for address in ("rubbish", "http://localhost:80", "tcp://localhost"):
        words = ["conceal", speech, "--concealer", "zero_fill", "--out", tmp_path / "out.wav"]
        assert run(*words, "--cluster", address) == 2
        assert "is no scheduler's address" in capsys.readouterr().err
