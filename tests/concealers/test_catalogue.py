"""Finding plugins: without running them here, quickly, and again when they change."""

# ruff: noqa: E501 - plugin sources stand in one line

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from gaplisten.concealers import catalogue as catalogue_module
from gaplisten.concealers.catalogue import Catalogue
from gaplisten.concealers.entries import BrokenEntry, Entry, Parameter, from_json, to_json
from gaplisten.concealers.errors import UnknownConcealer
from gaplisten.concealers.kinds import Kind, kind_of
from gaplisten.folders import bundled_plugins
from gaplisten.jobs import Job, JobCancelled
from kit.plugin_folder import QUICK, write
from kit.timing import PATIENCE

PLAIN = "def conceal(lossy, lost, rate, packet_frames): return lossy"
RICH = '''
"""What it does."""
from pathlib import Path
from typing import Annotated, Literal
name = "Rich one"
source = "a paper"
causal = True
class Rich:
    rates = (48000, 16000)
    channels = 1
    def __init__(self, rate, packet_frames, channels, *,
                 order: Annotated[int, {"ge": 2, "lt": 64, "help": "of the predictor"}] = 16,
                 fade: Annotated[float, {"gt": 0, "le": 200, "unit": "ms"}] = 60,
                 kind: Literal["a", "b"] = "b", on: bool = True, model: Path | None = None, needed: str):
        self.delay = rate // 100
    def packet(self, samples): return samples
'''


def scan(folder: Path) -> Catalogue:
    return Catalogue.scan([folder], others=False, limits=QUICK)


def test_a_plugin_is_described_from_its_own_words(tmp_path: Path) -> None:
    write(tmp_path, "rich", RICH)
    entry = scan(tmp_path).get("rich")
    assert (entry.title, entry.form, entry.source, entry.causal) == ("Rich one", "streaming", "a paper", True)
    assert (entry.rates, entry.channels, entry.help) == ((16000, 48000), 1, "What it does.")
    assert entry.delay_ms is None  # cannot be made without the needed parameter
    assert entry.parameters == (
        Parameter("order", "int", 16, 2, 64, below=True, help="of the predictor"),
        Parameter("fade", "float", 60, 0, 200, above=True, unit="ms"),
        Parameter("kind", "choice", "b", choices=("a", "b")),
        Parameter("on", "bool", True),
        Parameter("model", "path", None, optional=True),
        Parameter("needed", "str", None, required=True),
    )
    assert from_json(to_json(entry)) == entry


def test_the_declared_delay_is_told_in_milliseconds(tmp_path: Path) -> None:
    write(tmp_path, "rich", RICH.replace(", needed: str", ""))
    write(tmp_path, "late", "delay_ms = 7.5\n" + PLAIN)
    assert [entry.delay_ms for entry in scan(tmp_path).usable] == [7.5, 10.0]


def test_bundled_user_and_named_folders_are_searched_and_the_more_personal_wins(
    tmp_path: Path, home: Path
) -> None:
    write(home / "plugins", "mine", PLAIN)
    write(home / "plugins", "zero_fill", "source = 'user'\n" + PLAIN)
    write(tmp_path / "named", "mine", "source = 'named'\n" + PLAIN)
    write(tmp_path / "named", "_helper", "raise RuntimeError")
    found = Catalogue.scan([tmp_path / "named"])
    assert (found.get("zero_fill").source, found.get("zero_fill").origin) == ("user", "user")
    assert (found.get("mine").source, found.get("mine").origin) == ("named", "named")
    assert found.get("repeat_fade").origin == "bundled"
    assert "_helper" not in [entry.name for entry in found.entries]


def test_every_bundled_plugin_keeps_the_contract() -> None:
    found = Catalogue.scan()
    assert not found.broken
    assert {path.stem for path in bundled_plugins().glob("[!_]*.py")} == {
        entry.name for entry in found.usable
    }
    assert all(entry.source and entry.help for entry in found.usable)


def test_plugins_never_run_in_this_process(tmp_path: Path) -> None:
    write(
        tmp_path,
        "marked",
        f"import os\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n" + PLAIN,
    )
    scan(tmp_path)
    assert int((tmp_path / "pid").read_text()) != os.getpid()
    assert not [name for name in sys.modules if "marked" in name]


def test_a_second_scan_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        write(tmp_path, f"p{number}", PLAIN)
    first = scan(tmp_path)
    monkeypatch.setattr(catalogue_module, "Pool", None)
    second = scan(tmp_path)
    assert second.entries == first.entries


def test_a_damaged_memory_of_plugins_is_made_again(tmp_path: Path, home: Path) -> None:
    write(tmp_path, "one", PLAIN)
    first = scan(tmp_path)
    for text in ("", "[]", '{"format": 1}', (home / "cache" / "concealers.json").read_text()[:-40]):
        (home / "cache" / "concealers.json").write_text(text)
        assert scan(tmp_path).entries == first.entries


def test_changed_added_and_removed_files_are_noticed(tmp_path: Path) -> None:
    for name in ("kept", "touched", "edited", "removed"):
        write(tmp_path, name, PLAIN)
    found = scan(tmp_path)
    assert found.changed() == ()
    os.utime(tmp_path / "touched.py", (1, 1))
    write(tmp_path, "edited", "causal = True\n" + PLAIN)
    write(tmp_path, "added", PLAIN)
    (tmp_path / "removed.py").unlink()
    assert found.changed() == ("added", "edited", "removed")
    again = found.again()
    assert again.get("edited").causal is True
    assert again.get("edited").digest != found.get("edited").digest
    assert again.changed() == ()


def test_a_mended_plugin_works_again(tmp_path: Path) -> None:
    write(tmp_path, "bad", "x = 1 / 0")
    found = scan(tmp_path)
    assert isinstance(found.entries[0], BrokenEntry)
    assert "ZeroDivisionError" in found.broken[0].details
    write(tmp_path, "bad", PLAIN)
    assert isinstance(found.again().get("bad"), Entry)


def test_a_missing_library_is_tried_again_once_something_was_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "site"
    write(
        tmp_path / "p",
        "needy",
        f"import sys\nsys.path.insert(0, {str(library)!r})\nimport rare_library_of_tests\n" + PLAIN,
    )
    assert scan(tmp_path / "p").broken
    write(library, "rare_library_of_tests", "")
    assert scan(tmp_path / "p").broken  # nothing known to have changed
    monkeypatch.setattr("gaplisten.concealers.catalogue._environment", lambda: ["another"])
    assert scan(tmp_path / "p").get("needy")


def test_an_unknown_name_is_answered_with_near_ones(tmp_path: Path) -> None:
    write(tmp_path, "repeat_fade", PLAIN)
    with pytest.raises(UnknownConcealer, match="near names: repeat_fade"):
        scan(tmp_path).get("repeatfade")
    with pytest.raises(UnknownConcealer, match="none were found"):
        scan(tmp_path / "empty").get("anything")


def test_of_new_plugins_only_the_one_that_is_asked_for_is_described(tmp_path: Path) -> None:
    for name in ("mine", "other"):
        write(tmp_path, name, RICH)
    found = Catalogue.scan([tmp_path], others=False, only="mine", limits=QUICK)
    assert [entry.name for entry in found.entries] == ["mine"]
    with pytest.raises(UnknownConcealer, match="near names: mine"):
        Catalogue.scan([tmp_path], others=False, only="min", limits=QUICK).get("min")
    assert {entry.name for entry in scan(tmp_path).entries} == {"mine", "other"}


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert "nowhere" in scan(tmp_path / "nowhere").problems[0]


def test_a_file_given_by_its_path_is_a_plugin_too(tmp_path: Path) -> None:
    path = write(tmp_path / "elsewhere", "lone", PLAIN)
    assert scan(tmp_path).get(str(path)).name == "lone"
    with pytest.raises(UnknownConcealer, match="not a file"):
        scan(tmp_path).get(str(tmp_path / "gone.py"))


def test_a_file_given_by_its_path_is_run_once_to_be_described_and_again_when_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "elsewhere", "lone", PLAIN)
    found = scan(tmp_path)
    first = found.get(str(path))
    with monkeypatch.context() as patched:
        patched.setattr(catalogue_module, "Pool", None)
        assert found.get(str(path)) == first
    write(tmp_path / "elsewhere", "lone", f"source = 'another'\n{PLAIN}")
    assert found.get(str(path)).source == "another"


def test_that_a_bundled_plugin_failed_is_not_remembered_that_another_one_did_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundled, own = tmp_path / "bundled", tmp_path / "own"
    flag = tmp_path / "busy"
    flag.touch()
    source = f"import os\nassert not os.path.exists({str(flag)!r})\n{PLAIN}"
    write(bundled, "ours", source)
    write(own, "theirs", source)
    monkeypatch.setattr(catalogue_module, "bundled_plugins", lambda: bundled)
    assert {entry.name for entry in Catalogue.scan([own], limits=QUICK).broken} == {"ours", "theirs"}
    flag.unlink()
    assert {entry.name for entry in Catalogue.scan([own], limits=QUICK).broken} == {"theirs"}


def test_installed_packages_offer_plugins_by_entry_point(tmp_path: Path) -> None:
    """In a process of its own: entry points are looked up on its path, and its workers must find them too."""
    site = tmp_path / "site"
    write(
        site / "plc_package",
        "__init__",
        "import os\n" + PLAIN + "\nclass Other:\n    def packet(self, s): pass",
    )
    write(site / "plc_package", "broken", "raise RuntimeError('not installed well')")
    points = "[gaplisten.concealers]\nfrom_package = plc_package:conceal\nbroken_one = plc_package.broken\n"
    info = site / "plc_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plc-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(points)
    code = (
        "from gaplisten.concealers.catalogue import Catalogue\nfrom gaplisten.concealers.runner import Runner\n"
        "from kit.plugin_folder import losses, noise\nimport sys\n"
        "c = Catalogue.scan(); e = c.get('from_package'); s = noise()\n"
        "print(e.origin, e.path.name, c.broken[0].name, c.broken[0].message, 'plc_package' in sys.modules)\n"
        "with Runner() as r: print(r.submit(e, {}, s, losses(s)).result().signal.frames)\n"
        "print(Catalogue.scan().get('from_package') == e)\n"
    )
    path = os.pathsep.join([str(site), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        timeout=PATIENCE,
    )
    assert done.stdout.splitlines() == [
        "entry point __init__.py broken_one raised RuntimeError: not installed well False",
        "8000",
        "True",
    ], done.stderr


@pytest.mark.skipif(os.name != "posix", reason="has no named pipes")
def test_folders_and_pipes_named_like_plugins_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "plain", PLAIN)
    (tmp_path / "folder.py").mkdir()
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "gone.py").symlink_to("nowhere.py")
    found = Catalogue.scan([tmp_path], others=False)
    assert [entry.name for entry in found.entries] == ["gone", "plain"]
    assert [entry.name for entry in found.broken] == ["gone"]
    assert found.changed() == ()


def test_a_scan_that_is_stopped_waits_for_no_plugin_and_remembers_those_it_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a_plain", PLAIN)
    begun = tmp_path / "begun"
    write(tmp_path, "b_slow", f"import pathlib, time; pathlib.Path({str(begun)!r}).touch(); time.sleep(600)")
    job, stopped = Job(), threading.Event()

    def described() -> None:
        with pytest.raises(JobCancelled):
            Catalogue.scan([tmp_path], others=False, job=job)  # by its limits it would take 10 s
        stopped.set()

    thread = threading.Thread(target=described, daemon=True)
    thread.start()
    while not (begun.exists() and job.fraction > 0):
        assert thread.is_alive()
        stopped.wait(0.02)
    job.cancel()
    assert stopped.wait(PATIENCE)
    (tmp_path / "b_slow.py").unlink()
    monkeypatch.setattr(catalogue_module, "Pool", None)  # nothing can be described anew
    assert [entry.name for entry in Catalogue.scan([tmp_path], others=False).usable] == ["a_plain"]


def test_what_is_bundled_is_listed_by_kind_and_what_others_wrote_as_theirs(plugins_known: None) -> None:
    found = Catalogue.scan()
    kinds = {entry.name: kind_of(entry) for entry in found.entries}
    assert kinds["zero_fill"] is kinds["gaplisten_hybrid"] is Kind.FILL
    assert kinds["opus"] in (Kind.CODEC, Kind.NEEDS)  # with its library, or without
    for pointing in ("external_command", "external_codec", "onnx_frames", "nsnet2_baseline", "tplcnet"):
        assert kinds[pointing] is Kind.NEEDS
    assert kind_of(replace(found.get("zero_fill"), origin="user")) is Kind.MINE
    assert kind_of(BrokenEntry("opus", Path("opus.py"), "wrong", origin="bundled")) is Kind.NEEDS
