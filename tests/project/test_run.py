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


METRICS = ["onnxruntime>=1.19", "pesq>=0.0.4", "pystoi"]
NO_COMPILER = """
  error: subprocess-exited-with-error
  × Building wheel for pesq (pyproject.toml) did not run successfully.
      building 'cypesq' extension
      error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory
      [end of output]
ERROR: Failed building wheel for pesq
error: legacy-install-failure
"""
NO_NETWORK = """
  WARNING: Retrying (Retry(total=0)) after connection broken by 'SSLError(...)': /simple/hatchling/
  Could not fetch URL https://index.example/simple/hatchling/: There was a problem confirming the certificate
  ERROR: Could not find a version that satisfies the requirement hatchling>=1.25 (from versions: none)
"""


@pytest.fixture
def asked(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What pip was asked for; pesq has no wheel, and nothing can be built."""
    asked: list[tuple[str, ...]] = []

    def pip(*words: str) -> str | None:
        asked.append(words)
        builds = any("pesq" in word or "metrics" in word for word in words)
        return script.why(NO_COMPILER) if builds else None

    monkeypatch.setattr(script, "pip", pip)
    monkeypatch.setattr(script, "PIP_SAID", script.ROOT / "pip-said.txt")
    monkeypatch.setattr(script, "requirements", lambda extra: METRICS if extra == "metrics" else ["av>=14"])
    return asked


def test_one_package_that_cannot_be_built_is_left_out_alone_with_the_reason(
    script: ModuleType, asked: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    script.install(("metrics", "codecs"))
    assert ("onnxruntime>=1.19", "pystoi", "av>=14") in asked  # what needs no building, in one go
    said = capsys.readouterr().err
    assert [line for line in said.splitlines() if "left out" in line] == [
        "run.py: left out: pesq>=0.0.4 "
        "(error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory)"
    ]


def test_what_fits_nothing_else_is_found_among_those_with_wheels(
    script: ModuleType,
    asked: list[tuple[str, ...]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    honest = script.pip

    def pip(*words: str) -> str | None:
        several = len([word for word in words if word in (*METRICS, "av>=14")]) > 1
        alone = words == ("av>=14",)
        return "ERROR: no matching distribution" if several or alone else honest(*words)

    monkeypatch.setattr(script, "pip", pip)
    script.install(("metrics", "codecs"))
    left_out = [line.split()[3] for line in capsys.readouterr().err.splitlines() if "left out" in line]
    assert left_out == ["pesq>=0.0.4", "av>=14"]


def test_without_a_network_the_installation_ends_with_the_reason(
    script: ModuleType, asked: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_more: list[tuple[str, ...]] = []
    monkeypatch.setattr(script, "pip", lambda *words: asked_more.append(words) or script.why(NO_NETWORK))
    ended: list[str] = []
    monkeypatch.setattr(script, "say", ended.append)
    with pytest.raises(SystemExit):
        script.install(("metrics", "codecs"))
    assert "confirming the certificate" in ended[-1]
    assert len(asked_more) == 2  # each attempt waits long for an answer


def test_development_tools_that_are_missing_end_the_set_up(
    script: ModuleType, asked: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "requirements", lambda extra: METRICS)
    with pytest.raises(SystemExit):
        script.install(("metrics", "dev"))


def test_what_pip_says_is_kept_and_its_reason_told(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(script, "PIP_SAID", script.ROOT / "pip-said.txt")
    reason = script.pip("--no-index", "--no-such-option")
    assert reason is not None
    assert "--no-such-option" in script.PIP_SAID.read_text()
    assert script.pip("--no-index", "--dry-run", "pip") is None  # it is there


def test_where_nothing_can_be_installed_one_list_is_asked_for_once(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script.sys, "platform", "linux")
    monkeypatch.setattr(script.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(script, "loads", lambda library: False)
    monkeypatch.setattr(script, "apt_install", lambda packages: False)
    monkeypatch.setattr(
        script.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None
    )
    with pytest.raises(SystemExit):
        script.check_system(testing=False)
    said = capsys.readouterr().err
    assert said.count("apt-get install") == 1
    assert said.count(script.venv_package()) == 1


def test_all_system_packages_are_asked_for_at_once_and_the_one_for_venv_too(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(script, "loads", lambda library: False)
    monkeypatch.setattr(script, "debian_has", lambda package: False)
    wanted = script.missing_packages(testing=False)
    assert wanted[0] == f"python3.{sys.version_info[1]}-venv"
    assert set(script.USE_LIBRARIES) <= set(wanted)


@pytest.mark.parametrize("name", ["liblc3-1", "liblc3-0"])
def test_a_codec_is_installed_by_the_name_that_the_release_gives_it(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    known, installed = {name, "libspeex1", "libspandsp2"}, set()

    def apt_install(packages: list[str]) -> bool:
        fits = set(packages) <= known
        installed.update(packages if fits else ())
        return fits

    monkeypatch.setattr(script, "loads", lambda library: False)
    monkeypatch.setattr(script, "apt_install", apt_install)
    monkeypatch.setattr(script.shutil, "which", lambda program: f"/usr/bin/{program}")
    script.install_codecs()
    assert installed == known
    said = capsys.readouterr().err
    assert "libvo-amrwbenc0 cannot be installed" in said
    assert "liblc3" not in said


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
