"""The script that sets everything up, with set-up and start replaced by notes of what would be done."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from kit.modules import module_at

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = module_at(ROOT / "run.py", "run_script")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    for name in ("ROOT", "VENV"):
        monkeypatch.setattr(module, name, tmp_path if name == "ROOT" else tmp_path / ".venv")
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv" / "python")
    return module


def mark_as_set_up(script: ModuleType) -> None:
    script.VENV.mkdir()
    script.PYTHON.touch()
    script.stamp_file(script.USE_EXTRAS).write_text(script.wanted_stamp())


def test_nothing_is_set_up_in_a_fresh_clone(script: ModuleType) -> None:
    assert not script.is_set_up(script.USE_EXTRAS)


def test_a_second_start_sets_nothing_up(script: ModuleType) -> None:
    mark_as_set_up(script)
    assert script.is_set_up(script.USE_EXTRAS)
    assert not script.is_set_up(script.TEST_EXTRAS)


def test_a_changed_project_file_asks_for_set_up(script: ModuleType) -> None:
    mark_as_set_up(script)
    (script.ROOT / "pyproject.toml").write_text("[project]\nname = 'changed'\n")
    assert not script.is_set_up(script.USE_EXTRAS)


def test_what_the_tests_need_holds_what_a_start_needs(script: ModuleType) -> None:
    script.VENV.mkdir()
    script.PYTHON.touch()
    script.stamp_file(script.TEST_EXTRAS).write_text(script.wanted_stamp())
    assert script.is_set_up(script.USE_EXTRAS)
    assert script.is_set_up(script.TEST_EXTRAS)
    assert not script.is_set_up(("cluster",))


def test_a_checkout_that_was_moved_is_set_up_afresh(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "PYTHON", Path(sys.executable))
    script.VENV.mkdir()
    script.stamp_file(script.USE_EXTRAS).write_text(script.wanted_stamp())
    assert script.venv_works()
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("pyproject.toml", ".venv"):
        (tmp_path / name).rename(moved / name)
    monkeypatch.setattr(script, "ROOT", moved)
    monkeypatch.setattr(script, "VENV", moved / ".venv")
    assert not script.is_set_up(script.USE_EXTRAS)
    assert not script.venv_works()


def test_without_rights_the_exact_command_is_printed(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script.sys, "platform", "linux")
    monkeypatch.setattr(script, "missing_packages", lambda testing: ["libportaudio2", "libegl1"])
    monkeypatch.setattr(
        script.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None
    )
    monkeypatch.setattr(script.os, "geteuid", lambda: 1000, raising=False)
    script.check_system(testing=False)
    assert "sudo apt-get install libportaudio2 libegl1" in capsys.readouterr().err


def test_one_extra_that_cannot_be_built_does_not_stop_the_rest(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, ...]] = []

    def pip(extras: tuple[str, ...]) -> bool:
        asked.append(extras)
        return "metrics" not in extras

    monkeypatch.setattr(script, "pip_install", pip)
    monkeypatch.setattr(script, "requirements", lambda extra: ["onnxruntime", "pesq>=0.0.4", "pystoi"])
    monkeypatch.setattr(script, "pip", lambda requirement: "pesq" not in requirement)
    script.install(("metrics", "codecs"))
    assert asked == [("metrics", "codecs"), (), ("metrics",), ("codecs",)]
    assert "left out: pesq>=0.0.4;" in capsys.readouterr().err


def test_all_system_packages_are_asked_for_at_once_and_the_one_for_venv_too(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(script, "loads", lambda library: False)
    monkeypatch.setattr(script, "debian_has", lambda package: False)
    wanted = script.missing_packages(testing=False)
    assert wanted[0] == f"python3.{sys.version_info[1]}-venv"
    assert set(script.USE_LIBRARIES) <= set(wanted)


def test_no_words_start_the_demo(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(script, "set_up", lambda extras: None)
    monkeypatch.setattr(script.os, "execv", lambda program, words: started.append(words))
    monkeypatch.setattr(script.subprocess, "run", lambda words, check: type("Done", (), {"returncode": 0}))
    script.start([])
    script.start(["a.wav"])
    assert [words[1:] for words in started] == [["-P", "-m", "gaplisten", each] for each in ("demo", "a.wav")]


def test_the_script_uses_the_standard_library_only() -> None:
    import ast

    tree = ast.parse((ROOT / "run.py").read_text(encoding="utf-8"))
    names = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert names <= set(sys.stdlib_module_names)


def steps_of(script: ModuleType, monkeypatch: pytest.MonkeyPatch, *words: str) -> list[list[str]]:
    """What is run for these words, as words."""
    ran: list[list[str]] = []
    monkeypatch.setattr(script, "set_up", lambda *_, **__: None)
    monkeypatch.setattr(script, "call", lambda *command: ran.append([str(word) for word in command]) or 1)
    assert script.main(list(words)) == 1
    return ran


def test_the_test_command_runs_every_check_whatever_fails(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = steps_of(script, monkeypatch, "test", "-k", "gap", "-n", "0")
    programs = [Path(command[0]).stem for command in ran]
    assert programs == ["ruff", "ruff", "mypy", "lint-imports", "vulture", "python"]
    tests = ran[-1]
    assert tests[-4:] == ["-k", "gap", "-n", "0"]  # what somebody asks for counts, not what is usual
    assert 1 <= int(tests[tests.index("-n") + 1]) <= script.MOST_WORKERS
    assert "long" not in tests


def test_the_long_command_runs_what_the_test_command_leaves_out(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    *types, tests, mutants = steps_of(script, monkeypatch, "long")
    assert [command[command.index("--platform") + 1] for command in types] == ["win32", "darwin"]
    assert tests[tests.index("-m", 3) + 1] == "long"
    assert (ROOT / Path(mutants[1]).relative_to(script.ROOT)).is_file()
    assert "not long" in pytestconfig.getini("addopts")


@pytest.fixture
def tests_of(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were run. The first run of the tests fails; how they end alone is up to a test."""
    run: list[list[str]] = []
    monkeypatch.setattr(script, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(script, "LAST_FAILED", tmp_path / "lastfailed")
    monkeypatch.setattr(script, "alone_status", 0, raising=False)

    def call(*words: str | Path) -> int:
        run.append([str(word) for word in words])
        return script.alone_status if "0" in run[-1] else script.SOME_FAILED

    monkeypatch.setattr(script, "call", call)
    return run


def run_tests(script: ModuleType, failed: list[str]) -> int:
    script.LAST_FAILED.write_text(json.dumps(dict.fromkeys(failed, True)))
    return script.run_all({"tests": ("pytest", "-n", "2")}, alone="tests")


def test_a_few_failed_tests_are_run_once_more_alone_and_named(
    script: ModuleType, tests_of: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_tests(script, ["tests/test_a.py::test_one", "tests/test_b.py::test_two"]) == 0
    assert tests_of[1][-4:] == ["-n", "0", "tests/test_a.py::test_one", "tests/test_b.py::test_two"]
    assert "passed alone: tests/test_a.py::test_one, tests/test_b.py::test_two" in capsys.readouterr().err


def test_what_fails_alone_too_is_a_failure(script: ModuleType, tests_of: list[list[str]]) -> None:
    script.alone_status = 1
    assert run_tests(script, ["tests/test_a.py::test_one"]) == 1
    assert len(tests_of) == 2


@pytest.mark.parametrize("failed", [0, 4])
def test_many_failed_tests_are_not_run_again(
    script: ModuleType, tests_of: list[list[str]], failed: int
) -> None:
    assert run_tests(script, [f"tests/test_a.py::test_{number}" for number in range(failed)]) == 1
    assert len(tests_of) == 1
