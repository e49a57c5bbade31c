"""What a stranger's workbench file wants to run stays off in the window until it is allowed."""

from __future__ import annotations

import shutil

import pytest
from PySide6.QtCore import Qt

from gaplisten.bench.lanes import Role
from gaplisten.bench.state import Choice, Sources, Work
from gaplisten.bench.store import read_work, write_work
from gaplisten.concealers.catalogue import Catalogue
from gaplisten.concealers.runner import Runner
from gaplisten.ui.workbench.consent_dialog import ConsentDialog


def dialog_of(window):
    shown = [each for each in window.findChildren(ConsentDialog) if each.isVisible()]
    return shown[0] if shown else None


def made(window):
    lanes = window.controller.lanes
    return any(lane.role is Role.CONCEALER and lane.signal is not None for lane in lanes)


@pytest.fixture
def sent(tmp_path, clips_folder):
    """A stranger's file, and whether what it names has been run."""
    mark = tmp_path / "PWNED"
    shutil.copytree(clips_folder, tmp_path / "clips")

    def send(*choices, name="talk"):
        path = tmp_path / f"{name}.gaplisten.toml"
        write_work(path, Work(Sources((tmp_path / "clips",), packet_ms=20.0), choices=choices))
        return path

    send.mark = mark
    send.command = Choice("external_command", (("command", f"sh -c 'id > {mark}; exit 1' {{out_wav}}"),))
    send.code = tmp_path / "evil_plc.py"
    send.code.write_text(
        f"open({str(mark)!r}, 'w')\ndef conceal(lossy, lost, rate, packet_frames):\n    return lossy\n"
    )
    return send


@pytest.fixture(scope="module")
def bundled():
    return Catalogue.scan()


@pytest.fixture
def real(window, bundled):
    """The window with the bundled plugins, run in processes as ever."""
    window.controller.use_catalogue(bundled, Runner(workers=1))
    return window


@pytest.mark.parametrize("kind", ["command", "code by path", "code in the current folder"])
def test_opening_a_file_runs_nothing_and_its_lane_says_what_it_wants(real, sent, qtbot, kind, monkeypatch):
    monkeypatch.chdir(sent.code.parent)
    choice = {
        "command": sent.command,
        "code by path": Choice(str(sent.code)),
        "code in the current folder": Choice(sent.code.name),
    }[kind]
    real.open_paths([sent(choice, Choice("zero_fill"))])
    qtbot.waitUntil(lambda: dialog_of(real) is not None and len(real.controller.lanes) == 5)
    dialog = dialog_of(real)
    told = f"run the program: sh -c 'id > {sent.mark}; exit 1' {{out_wav}}"
    if kind != "command":
        told = f"run the code in {sent.code}"
    assert told in dialog.wanted.toPlainText()
    assert dialog.leave.isDefault()
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not real.controller.busy)
    lane = next(lane for lane in real.controller.lanes if lane.name == choice.concealer)
    assert (lane.signal, lane.failed) == (None, True)
    assert told in lane.state
    assert next(lane for lane in real.controller.lanes if lane.name == "Zero fill").signal is not None
    assert not sent.mark.exists()
    assert not real.controller.document.unsaved


def test_what_is_allowed_runs_now_and_when_the_file_is_opened_again(real, sent, qtbot):
    path = sent(Choice(str(sent.code)))
    real.open_paths([path])
    qtbot.waitUntil(lambda: dialog_of(real) is not None)
    dialog_of(real).allow.click()
    qtbot.waitUntil(lambda: made(real))
    assert sent.mark.exists()
    real.controller.open_work(Work(), None)
    real.open_paths([path])
    qtbot.waitUntil(lambda: made(real))
    assert dialog_of(real) is None
    sent.code.write_text(sent.code.read_text() + "# changed\n")
    real.controller.open_work(Work(), None)
    real.open_paths([path])
    qtbot.waitUntil(lambda: dialog_of(real) is not None)


def allowed_and_heard(window, qtbot):
    qtbot.waitUntil(lambda: dialog_of(window) is not None)
    dialog_of(window).allow.click()
    qtbot.waitUntil(lambda: made(window))


def test_code_that_is_changed_after_it_was_allowed_asks_again_before_it_runs(real, sent, qtbot):
    controller = real.controller
    real.open_paths([sent(Choice(str(sent.code)))])
    allowed_and_heard(real, qtbot)
    sent.mark.unlink()
    sent.code.write_text(sent.code.read_text() + "# changed\n")
    controller.document.switch_on("zero_fill")  # whatever makes lanes anew
    qtbot.waitUntil(lambda: dialog_of(real) is not None)
    assert [each.concealer for each in controller.document.work.choices] == ["zero_fill"]
    controller.document.undo()
    controller.document.undo()
    qtbot.waitUntil(lambda: not controller.busy)
    assert controller.document.work.choices == ()
    assert not sent.mark.exists()
    allowed_and_heard(real, qtbot)
    assert sent.mark.exists()
    assert not controller.document.unsaved
    controller.document.switch_on("repeat_fade")
    qtbot.waitUntil(lambda: not controller.busy)
    assert len(controller.document.work.choices) == 2  # not asked a third time
    assert dialog_of(real) is None


def test_code_that_is_changed_while_the_question_stands_is_asked_about_anew(real, sent, qtbot):
    real.open_paths([sent(Choice(str(sent.code)))])
    qtbot.waitUntil(lambda: dialog_of(real) is not None)
    first = dialog_of(real)
    sent.code.write_text(sent.code.read_text() + "# changed\n")
    first.allow.click()
    qtbot.waitUntil(lambda: dialog_of(real) not in (None, first))
    qtbot.waitUntil(lambda: not real.controller.busy)
    assert not sent.mark.exists()
    allowed_and_heard(real, qtbot)
    assert sent.mark.exists()


def test_the_question_can_be_asked_again_by_the_menu(real, sent, qtbot):
    real.open_paths([sent(sent.command)])
    qtbot.waitUntil(lambda: dialog_of(real) is not None)
    dialog_of(real).reject()
    real.controller.use_catalogue(real.controller.catalogue, Runner(workers=1))  # plugins are read again
    qtbot.waitUntil(lambda: not real.controller.working)
    assert dialog_of(real) is None
    real.actions_table["conceal.allow"].trigger()
    qtbot.waitUntil(lambda: dialog_of(real) is not None)
    dialog_of(real).reject()


def test_a_file_saved_here_asks_nothing_about_the_users_own_command(real, sent, tmp_path, qtbot):
    controller = real.controller
    real.open_paths([tmp_path / "clips"])
    qtbot.waitUntil(lambda: controller.opened is not None)
    controller.document.switch_on("external_command", {"command": "cp {in_wav} {out_wav}"})
    qtbot.waitUntil(lambda: not controller.busy)
    path = tmp_path / "mine.gaplisten.toml"
    assert real.panes["file"].save_to(path)
    assert read_work(path).withheld  # whoever else gets it is asked
    controller.open_work(Work(), None)
    real.open_paths([path])
    qtbot.waitUntil(lambda: controller.document.work.choices != ())
    assert dialog_of(real) is None
    assert controller.document.work.choices[0].concealer == "external_command"


def test_turning_a_knob_elsewhere_and_undoing_lets_nothing_loose(real, sent, qtbot):
    real.open_paths([sent(Choice("repeat_fade"), sent.command)])
    qtbot.waitUntil(lambda: dialog_of(real) is not None)
    dialog_of(real).reject()
    document = real.controller.document
    document.switch_on("zero_fill")
    document.switch_off(0)
    document.undo()
    document.undo()
    document.redo()
    qtbot.waitUntil(lambda: not real.controller.busy)
    assert len(document.work.withheld) == 1
    assert not sent.mark.exists()
