"""Nothing is imported from the folder in which somebody works, by whichever process of ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from gaplisten.audio.signal import Signal
from gaplisten.audio.writing import write_signal
from kit.modules import module_at
from kit.timing import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "app" / "gaplisten"

# Modules of Python, of libraries and of ours; none that `python -m` itself needs before it comes to our code.
HOSTILE = (
    "typing", "dataclasses", "json", "signal", "tempfile", "random", "numpy", "scipy", "pandas", "soundfile",
    "sounddevice", "multiprocessing", "pebble", "pydantic", "typer", "onnxruntime", "PySide6", "gaplisten",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder such as a stranger's data set: sound, and modules that leave a mark when they are run."""
    where = tmp_path / "data set"
    where.mkdir()
    for name in HOSTILE:
        code = f"open({str(tmp_path / 'marks')!r}, 'a').write('{name}\\n')\nraise ImportError('{name}')\n"
        (where / f"{name}.py").write_text(code)
    return where


def marks(folder: Path) -> list[str]:
    """Which of the folder's modules were run."""
    file = folder.parent / "marks"
    return file.read_text().split() if file.exists() else []


def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)


def add_sound(folder: Path) -> None:
    import numpy as np

    for name, seed in (("one", 1), ("two", 2)):
        noise = np.random.default_rng(seed).normal(0, 0.1, (16_000, 1)).astype(np.float32)
        write_signal(folder / f"{name}.wav", Signal(noise, 16_000))


def test_the_marks_would_be_left(folder: Path) -> None:
    assert run(folder, sys.executable, "-c", "import typing").returncode
    assert marks(folder) == ["typing"]


def test_run_py_starts_the_program_without_the_current_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = module_at(ROOT / "run.py", "run_script")
    started: list[list[str]] = []
    monkeypatch.setattr(script, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(script, "set_up", lambda _extras: None)
    monkeypatch.setattr(script.os, "execv", lambda _program, words: started.append(words) or sys.exit())
    with pytest.raises(SystemExit):
        script.start(["doctor"])
    assert run(folder, *started[0]).returncode == 0
    assert marks(folder) == []


@pytest.mark.parametrize("python_words", [["-m", "gaplisten"], ["-P", "-m", "gaplisten"]])
def test_the_module_and_its_doctor_import_nothing_from_the_current_folder(
    folder: Path, python_words: list[str]
) -> None:
    if "-P" not in python_words:  # Python looks for the module itself before any of our code is run
        (folder / "gaplisten.py").unlink()
    done = run(folder, sys.executable, *python_words, "doctor")
    assert done.returncode == 0, done.stderr
    assert marks(folder) == []


def test_the_console_script_and_its_scoring_processes_import_nothing_from_the_current_folder(
    folder: Path,
) -> None:
    add_sound(folder)
    script = Path(sys.executable).with_name("gaplisten")
    done = run(folder, script, "score", "one.wav", "--reference", "two.wav", "--metric", "lsd", "--accept")
    assert done.returncode == 0, done.stderr
    assert "one" in done.stdout
    assert marks(folder) == []


def test_scoring_processes_of_a_script_import_nothing_from_the_current_folder(folder: Path) -> None:
    # As in a notebook whose own path was cleaned: Python itself was not told to be careful.
    code = """
        import sys
        sys.path[:] = [each for each in sys.path if each]
        import os
        import numpy as np
        from gaplisten.audio.signal import Signal
        from gaplisten.metrics.pool import ScorePool

        if __name__ == "__main__":
            noise = Signal(np.random.default_rng(1).normal(0, 0.1, (8000, 1)).astype(np.float32), 8000)
            pool = ScorePool(1)
            print(pool.submit("sdr", noise, noise).result())
            pool.close()
            assert "PYTHONSAFEPATH" not in os.environ
    """
    script = folder.parent / "script.py"
    script.write_text(textwrap.dedent(code))
    done = run(folder, sys.executable, "-c", f"import sys; sys.path.remove(''); exec({script.read_text()!r})")
    assert done.returncode == 0, done.stderr
    assert "Score(" in done.stdout
    assert marks(folder) == []


def test_concealers_and_sound_import_nothing_from_the_current_folder(folder: Path) -> None:
    code = """
        import numpy as np
        from gaplisten.concealers.process import WorkerProcess
        from gaplisten.playback.host import Link
        from gaplisten.playback.shared import Block

        worker = WorkerProcess()
        worker.ask({"do": "describe", "path": PLUGIN, "digest": "", "entry_point": "", "memory": 2**31},
                   seconds=60)
        worker.kill()
        Block(64).remove()
        heard = []
        link = Link({}, heard.append)
        link._process.wait(240)
        link.close()
        print(heard)
    """
    plugin = ROOT / "plugins" / "zero_fill.py"
    text = textwrap.dedent(code).replace("PLUGIN", repr(str(plugin)))
    done = run(folder, sys.executable, "-P", "-c", text)
    assert done.returncode == 0, done.stderr
    done = run(folder, sys.executable, "-c", f"import sys; sys.path.remove('')\n{text}")
    assert done.returncode == 0, done.stderr
    assert marks(folder) == []


def test_programs_of_the_user_get_the_environment_of_the_user(folder: Path) -> None:
    # A Python program of his may well import what lies beside it.
    code = """
        import os
        from gaplisten.processes import spawning

        def told(answers):
            answers.put(os.environ.get("PYTHONSAFEPATH"))

        if __name__ == "__main__":
            answers = spawning().SimpleQueue()
            process = spawning().Process(target=told, args=(answers,))
            process.start()
            print(answers.get(), os.environ.get("PYTHONSAFEPATH"))
            process.join()
    """
    script = folder.parent / "script.py"
    script.write_text(textwrap.dedent(code))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    for given in (environment, {**environment, "PYTHONSAFEPATH": "1"}):
        done = subprocess.run(
            [sys.executable, script], env=given, capture_output=True, text=True, timeout=PATIENCE, check=True
        )
        assert done.stdout.split() == [given.get("PYTHONSAFEPATH") or "None"] * 2


def test_python_is_started_in_one_way_only() -> None:
    starts = re.compile(r"\[\s*sys\.executable|get_context\(|ProcessPoolExecutor\(|set_start_method\(")
    found = [
        str(path.relative_to(PROGRAM))
        for path in sorted(PROGRAM.rglob("*.py"))
        if starts.search(path.read_text(encoding="utf-8")) and path.name != "processes.py"
    ]
    assert found == [], "use gaplisten.processes: python(...), spawning()"
