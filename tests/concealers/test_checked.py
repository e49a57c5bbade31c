"""Code that was allowed is run as it was allowed, and nothing that was put in its place meanwhile."""

from __future__ import annotations

import py_compile
from pathlib import Path

import numpy as np
import pytest

from gaplisten.bench.consenting import Consenting
from gaplisten.bench.document import Document
from gaplisten.bench.state import Choice, Work
from gaplisten.bench.store import read_work, write_work
from gaplisten.bench.tasks import Tasks
from gaplisten.concealers import checked
from gaplisten.concealers.catalogue import Catalogue
from gaplisten.concealers.consent import wish_of
from gaplisten.concealers.entries import Entry
from gaplisten.concealers.errors import ConcealerFailed, UnknownConcealer
from gaplisten.concealers.runner import Runner
from kit.plugin_folder import QUICK, losses, noise
from kit.pulse import wait_for

NOTHING = Catalogue((), (), (), True, QUICK)
RUNS = "from pathlib import Path\nPath({mark!r}).touch()\n"
PLUGIN = """
import os, sys
import numpy as np
sys.path.insert(0, os.path.dirname(__file__))

class Sent:
    def __init__(self, rate, packet_frames, channels):
        self.size = (packet_frames, channels)
    def packet(self, samples):
        import helper
        try:
            import extra
        except ModuleNotFoundError:
            pass
        return np.full(self.size, helper.VALUE, np.float32)
"""


class Owner:
    """Somebody who was asked."""


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    folder = tmp_path / "sent"
    folder.mkdir()
    (folder / "plc.py").write_text(PLUGIN)
    (folder / "helper.py").write_text("VALUE = 0.25\n")
    return folder


def allow(owner: Owner, path: Path) -> None:
    wish = wish_of(str(path), {}, NOTHING)
    assert wish is not None
    checked.hold(owner, [(wish.concealer, wish.contents)])


def conceal(entry: Entry) -> np.ndarray:
    lossy = noise(0.2)
    with Runner(1, QUICK) as runner:
        return runner.submit(entry, {}, lossy, losses(lossy, (1,))).result().signal.samples


def test_code_that_is_as_it_was_allowed_runs_and_brings_its_helpers(sent: Path) -> None:
    owner = Owner()
    allow(owner, sent / "plc.py")
    assert conceal(NOTHING.get(str(sent / "plc.py")))[400, 0] == 0.25


def test_a_file_of_code_that_was_replaced_after_the_question_is_not_run(sent: Path, tmp_path: Path) -> None:
    owner, mark = Owner(), tmp_path / "it ran"
    allow(owner, sent / "plc.py")
    (sent / "plc.py").write_text(RUNS.format(mark=str(mark)) + PLUGIN)
    with pytest.raises(UnknownConcealer, match=r"plc\.py is not as it was allowed"):
        NOTHING.get(str(sent / "plc.py"))
    assert not mark.exists()
    allow(owner, sent / "plc.py")  # asked anew
    NOTHING.get(str(sent / "plc.py"))
    assert mark.exists()


@pytest.mark.parametrize("put", ["helper.py", "extra.py", "extra.pyc", "extra.so", "sub/__init__.py"])
def test_helpers_that_came_or_changed_after_the_question_are_not_run(
    sent: Path, tmp_path: Path, put: str
) -> None:
    owner, mark = Owner(), tmp_path / "it ran"
    entry = NOTHING.get(str(sent / "plc.py"))
    assert isinstance(entry, Entry)
    allow(owner, sent / "plc.py")
    source = tmp_path / "source.py"
    source.write_text(RUNS.format(mark=str(mark)) + "VALUE = 0.5\n")
    if put.startswith("sub/"):
        put = "extra/__init__.py"
        (sent / "extra").mkdir()
    if put.endswith(".pyc"):
        py_compile.compile(str(source), str(sent / put), doraise=True)
    else:
        (sent / put).write_bytes(source.read_bytes())
    with pytest.raises(ConcealerFailed, match=r"is not as it was allowed"):
        conceal(entry)
    assert not mark.exists()


def test_other_code_than_a_document_named_is_as_free_as_ever(sent: Path) -> None:
    owner = Owner()
    (sent / "other.py").write_text("")
    allow(owner, sent / "other.py")
    (sent / "helper.py").write_text("VALUE = 0.75\n")  # the user's own, edited at will
    assert conceal(NOTHING.get(str(sent / "plc.py")))[400, 0] == 0.75
    allow(owner, sent / "plc.py")
    del owner
    (sent / "helper.py").write_text("VALUE = 0.5\n")
    assert conceal(NOTHING.get(str(sent / "plc.py")))[400, 0] == 0.5


def test_the_workbench_holds_what_was_allowed_in_a_file_and_lets_it_go_with_the_file(
    sent: Path, tmp_path: Path
) -> None:
    path, code = tmp_path / "w.gaplisten.toml", sent / "plc.py"
    write_work(path, Work(choices=(Choice(str(code)),)))
    document, tasks = Document(), Tasks()
    try:
        consent = Consenting(document, tasks, lambda: NOTHING)
        document.renew(read_work(path), path)
        consent.look()
        wait_for(lambda: tasks.poll() or consent.review.wishes)
        assert checked.held_for(code) == {}
        consent.allow(consent.review)
        wait_for(lambda: tasks.poll() or document.work.choices)
        assert set(checked.held_for(code)) == {str(sent / name) for name in ("plc.py", "helper.py")}
        consent.start_over()
        assert checked.held_for(code) == {}
    finally:
        tasks.close()
