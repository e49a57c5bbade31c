import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QPushButton

from gaplisten.bench.autosave import Autosave, rescued
from gaplisten.bench.hearing import Hearing
from gaplisten.bench.state import ClipWork, Loop, Note, RoleChoice, Work
from gaplisten.clips.clip import Clip, ClipSet
from gaplisten.ui.fields import NumberDialog
from gaplisten.ui.shell.window import WorkbenchWindow
from gaplisten.ui.workbench.roles_dialog import RolesDialog, wrong_with
from kit.player import FakePlayer
from kit.timing import cost


@pytest.fixture
def answer(monkeypatch):
    """Answer questions with a standard button; return what was asked."""
    asked = []

    def give(button):
        def question(parent, title, text, *rest):
            asked.append(text)
            return button

        monkeypatch.setattr(QMessageBox, "question", question)
        return asked

    return give


def dialog_of(window):
    return window.findChild(RolesDialog)


def drop(window, paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(QPointF(QPoint(300, 300)), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
                       Qt.KeyboardModifier.NoModifier)  # fmt: skip
    window.dropEvent(event)


def test_the_empty_window_invites_and_offers_recent_places(window):
    assert window.shell.stack.currentWidget() is window.shell.empty
    assert "Drop reference" in " ".join(
        label.text() for label in window.shell.empty.findChildren(type(window.status.place))
    )


def test_with_nothing_open_there_are_three_doors_and_no_empty_tables(window, clips_folder, qtbot):
    seen = {name for name, dock in window.docks.items() if dock.isVisible()}
    assert {"clips", "gaps", "concealers"} <= seen
    window.show_doors()
    assert not any(dock.isVisible() for dock in window.docks.values())
    titles = [button.text() for button in window.shell.empty.findChildren(QPushButton)]
    assert titles == ["Open Demo", "Open Folder…", "Open Files…", "Take a Panel…", "Build from TOML…"]
    window.open_paths([clips_folder])
    qtbot.waitUntil(lambda: window.controller.clip_name == "first")
    assert {name for name, dock in window.docks.items() if dock.isVisible()} == seen


def test_panes_come_with_the_clips_though_lanes_alone_were_wanted_at_the_doors(window, clips_folder, qtbot):
    seen = {name for name, dock in window.docks.items() if dock.isVisible()}
    window.show_doors()
    only = window.actions_table["view.only_lanes"]
    only.trigger()
    window.open_paths([clips_folder])
    qtbot.waitUntil(lambda: window.controller.clip_name == "first")
    assert {name for name, dock in window.docks.items() if dock.isVisible()} == seen
    only.trigger()
    only.trigger()
    assert {name for name, dock in window.docks.items() if dock.isVisible()} == seen


def test_a_window_closed_at_its_doors_keeps_its_panes(window):
    window.docks["notes"].close()
    window.show_doors()
    window.controller.document.mark_saved()
    window.close()
    again = WorkbenchWindow(Hearing(FakePlayer()))
    again.show()
    try:
        assert again.docks["gaps"].isVisible()
        assert again.docks["notes"].isHidden()
    finally:
        again.close()


def test_a_folder_lists_its_clips_with_their_losses(opened, qtbot):
    model = opened.panes["clips"].dock.model
    qtbot.waitUntil(lambda: model.index(1, 1).data() == "12.0 %")
    rows = [[model.index(row, column).data() for column in range(5)] for row in range(2)]
    assert rows == [
        ["first", "4.0 %", "2", "60 ms", "short"],
        ["second", "12.0 %", "3", "200 ms", "medium"],
    ]
    assert opened.windowTitle().startswith("first")


def test_going_down_the_list_shows_the_next_clip(opened, qtbot):
    opened.panes["clips"].dock.table.setFocus()
    qtbot.keyClick(opened.panes["clips"].dock.table, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: opened.controller.clip_name == "second")
    assert opened.panes["gaps"].dock.model.rowCount() == 3


def test_dropped_files_are_looked_at_before_anything_is_opened(window, clips_folder, qtbot):
    files = [clips_folder / part / "first.wav" for part in ("clean", "lossy_signals", "mild")]
    files.append(clips_folder / "lossy_signals" / "first_is_lost.txt")
    drop(window, files)
    qtbot.waitUntil(lambda: dialog_of(window) is not None and dialog_of(window).table.rowCount() == 4)
    assert window.controller.clipset is None
    dialog = dialog_of(window)
    roles = [dialog.role_box(row).currentText() for row in range(4)]
    assert roles == ["reference", "lossy", "condition", "trace"]
    assert all(dialog.table.item(row, 3).text() for row in range(4))
    dialog.condition_field(2).setText("My PLC")
    dialog.open_button.click()
    qtbot.waitUntil(lambda: window.controller.opened is not None)
    assert [lane.name for lane in window.controller.lanes] == ["Reference", "Lossy", "My PLC"]
    assert len(window.controller.gaps) == 2


def test_a_wrong_guess_can_be_corrected(window, clips_folder, qtbot):
    files = [clips_folder / part / "first.wav" for part in ("clean", "mild")]
    window.open_paths(files)
    qtbot.waitUntil(lambda: dialog_of(window) is not None and dialog_of(window).table.rowCount() == 2)
    dialog = dialog_of(window)
    dialog.role_box(0).setCurrentText("reference")
    dialog.role_box(1).setCurrentText("reference")
    assert not dialog.open_button.isEnabled()
    assert dialog.note.text() == "There can be only one reference."
    dialog.role_box(1).setCurrentText("ignore")
    dialog.open_button.click()
    qtbot.waitUntil(lambda: window.controller.opened is not None)
    assert [lane.name for lane in window.controller.lanes] == ["Reference"]


def test_a_trace_that_could_mean_either_is_asked_about_and_the_answer_is_kept(
    window, clips_folder, tmp_path, qtbot, answer
):
    answer(QMessageBox.StandardButton.Yes)
    mask = tmp_path / "mask.txt"  # 1 = received
    mask.write_text("\n".join("0" if packet in (10, 11, 12, 40) else "1" for packet in range(100)))
    window.open_paths([clips_folder / "clean" / "first.wav", mask])
    qtbot.waitUntil(lambda: dialog_of(window) is not None and dialog_of(window).table.rowCount() == 2)
    dialog = dialog_of(window)
    assert not dialog.open_button.isEnabled()
    assert "mask.txt can be read in several ways" in dialog.note.text()
    meaning = dialog.meaning_field(1)
    assert [meaning.itemData(place) for place in range(3)] == ["", "challenge", "frn"]
    meaning.setCurrentIndex(2)
    dialog.open_button.click()
    qtbot.waitUntil(lambda: window.controller.trace is not None)
    assert [(gap.start, gap.stop) for gap in window.controller.gaps] == [(3200, 4160), (12800, 13120)]
    save(window, tmp_path / "w.gaplisten.toml")
    window.controller.open_work(Work(), None)
    window.open_paths([tmp_path / "w.gaplisten.toml"])
    qtbot.waitUntil(lambda: len(window.controller.gaps) == 2)
    assert window.controller.document.work.sources.roles[1].form == "frn"


@pytest.mark.parametrize(
    ("roles", "problem"),
    [
        ("lossy lossy", "There can be only one lossy."),
        ("trace", "There must be at least one sound file."),
        ("condition:a condition:a", "Each condition needs a name of its own."),
        ("reference condition:a condition:b trace", ""),
        ("ignore lossy", ""),
    ],
)
def test_roles_that_make_no_clip(tmp_path, roles, problem):
    choices = [RoleChoice(tmp_path, *role.split(":")) for role in roles.split()]
    assert wrong_with(choices) == problem


def test_bad_input_is_told_and_other_clips_go_on(window, clips_folder, tmp_path, qtbot):
    import shutil

    folder = tmp_path / "bad"
    shutil.copytree(clips_folder, folder)
    (folder / "lossy_signals" / "first.wav").write_text("no sound at all")
    (folder / "lossy_signals" / "second_is_lost.txt").write_text("0\nabc\n")
    window.open_paths([folder])
    qtbot.waitUntil(lambda: window.controller.clip_name == "first")
    assert any("first.wav" in said for said in window.messages.said)
    assert window.messages.isVisible()
    assert "Reference" in [lane.name for lane in window.controller.lanes]
    window.controller.show_clip("second")
    qtbot.waitUntil(lambda: window.controller.clip_name == "second")
    assert any("second_is_lost.txt" in said for said in window.messages.said)


def test_what_is_not_there_is_said(window, tmp_path):
    window.open_paths([tmp_path / "none"])
    assert "is not there" in window.messages.said[-1]


def test_a_folder_without_clips_is_said(window, tmp_path, qtbot):
    window.open_paths([tmp_path])
    qtbot.waitUntil(lambda: bool(window.messages.said))
    assert str(tmp_path) in window.messages.said[-1]


def save(window, path):
    assert window.panes["file"].save_to(path)


def edited(window, qtbot):
    window.panes["concealers"].dock.boxes["loud"].setChecked(True)
    window.panes["concealers"].dock.settings[0].form.fields["level"].setValue(0.5)
    window.lanes_view.packets_painted.emit(60, 61, True)
    window.lanes_view.loop_edited.emit(4000, 20000)
    window.controller.hearing.seek(4200)
    window.panes["notes"].add_note("metallic", "at the exit")
    qtbot.waitUntil(lambda: not window.controller.busy)


def test_saved_work_opens_as_it_was(opened, clips_folder, qtbot, answer):
    edited(opened, qtbot)
    work = opened.controller.document.work
    path = clips_folder / "w.gaplisten.toml"
    save(opened, path)
    assert not opened.isWindowModified()
    opened.controller.open_work(Work(), None)
    assert opened.controller.document.work == Work()
    opened.open_paths([path])
    qtbot.waitUntil(lambda: opened.controller.clip_name == "first" and not opened.controller.busy)
    assert opened.controller.document.work == work
    assert [lane.name for lane in opened.controller.lanes][:3] == ["Reference", "Lossy", "mild"]
    assert opened.controller.lanes[3].name == "Loud (level 0.5 FS)"
    assert opened.controller.trace.lost[60:62].all()
    assert opened.panes["notes"].dock.table.item(0, 4).text() == "at the exit"
    assert opened.panes["concealers"].dock.settings[0].form.fields["level"].value() == 0.5
    path.unlink()


def test_a_workbench_file_that_names_files_elsewhere_is_asked_about(opened, tmp_path, qtbot, answer):
    saved, path = tmp_path / "w.gaplisten.toml", tmp_path / "sent.gaplisten.toml"
    save(opened, saved)
    path.write_text(saved.read_text() + "# from somebody\n")
    asked = answer(QMessageBox.StandardButton.No)
    opened.panes["file"].open_work_file(path)
    assert "outside its own folder" in asked[0]
    assert opened.controller.document.path == saved
    opened.controller.open_work(Work(), None)
    opened.panes["file"].open_work_file(path)
    assert opened.controller.document.path is None
    answer(QMessageBox.StandardButton.Yes)
    opened.panes["file"].open_work_file(path)
    assert opened.controller.document.path == path


def test_own_work_and_what_was_allowed_before_open_files_elsewhere_without_a_question(
    opened, tmp_path, answer
):
    saved, sent = tmp_path / "w.gaplisten.toml", tmp_path / "sent.gaplisten.toml"
    save(opened, saved)
    sent.write_text(saved.read_text() + "# from somebody\n")
    answer(QMessageBox.StandardButton.Yes)
    opened.panes["file"].open_work_file(sent)
    asked = answer(QMessageBox.StandardButton.No)
    assert len(asked) == 1
    for path in (saved, sent):
        opened.controller.open_work(Work(), None)
        opened.panes["file"].open_work_file(path)
        assert opened.controller.document.path == path
    assert len(asked) == 1


def test_a_spoilt_workbench_file_is_told_and_nothing_is_lost(opened, tmp_path):
    path = tmp_path / "w.gaplisten.toml"
    path.write_text("gaplisten = ")
    before = opened.controller.document.work
    opened.open_paths([path])
    assert "not valid TOML" in opened.messages.said[-1]
    assert opened.controller.document.work == before


def test_closing_asks_about_unsaved_notes_and_may_be_called_off(opened, qtbot, answer):
    opened.panes["notes"].add_note("click", "")
    asked = answer(QMessageBox.StandardButton.Cancel)
    assert not opened.close()
    assert "not saved" in asked[0]
    assert opened.isVisible()


def test_unsaved_work_is_kept_for_a_crash_and_forgotten_when_saved(opened, tmp_path, qtbot):
    opened.panes["notes"].add_note("click", "kept")
    opened.panes["file"].keep_now()
    (path,) = Autosave().path.parent.glob("*.toml")
    assert "kept" in path.read_text(encoding="utf-8")
    save(opened, tmp_path / "w.gaplisten.toml")
    assert list(path.parent.iterdir()) == []


def test_work_of_a_crashed_run_is_offered_and_taken(window, qtbot, clips_folder):
    from gaplisten.bench.state import Sources

    work = Work(Sources((clips_folder,)), "second").with_clip(
        "second", ClipWork(loop=Loop(0, 9000), notes=(Note(5, "mute", "rescued"),))
    )
    save = Autosave()
    save.keep(work, None)
    save.path.rename(save.path.with_name("99999999.toml"))
    window.panes["file"].offer_rescue()
    box = window.panes["file"].rescue_box
    assert "unsaved work (1 note, 1 loop)" in box.text()
    next(button for button in box.buttons() if "Continue" in button.text()).click()
    qtbot.waitUntil(lambda: window.controller.clip_name == "second")
    assert window.panes["notes"].dock.table.item(0, 4).text() == "rescued"
    assert window.isWindowModified()
    assert not save.path.with_name("99999999.toml").exists()
    (kept,) = set(save.path.parent.glob("*.toml"))  # at once: nothing may happen before it is kept anew
    assert "rescued" in kept.read_text(encoding="utf-8")


def test_rescued_work_that_cannot_be_kept_anew_stays_where_it_was(window, clips_folder, monkeypatch):
    from gaplisten.bench.state import Sources

    save = Autosave()
    save.keep(Work(Sources((clips_folder,)), "second").with_clip("second", ClipWork(loop=Loop(0, 9))), None)
    left = save.path.rename(save.path.with_name("99999999.toml"))
    window.panes["file"].offer_rescue()
    box = window.panes["file"].rescue_box
    assert "unsaved work (1 loop)" in box.text()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Autosave, "keep", full)
        next(button for button in box.buttons() if "Continue" in button.text()).click()
    assert left.exists()
    assert "cannot be kept for a crash" in window.messages.said[-1]
    assert rescued() == []  # nor is it offered to another window while this one has it
    window.panes["file"].keep_now()
    assert not left.exists()


def test_work_that_one_window_offers_no_other_window_does_until_it_is_put_off(window, clips_folder):
    from gaplisten.bench.state import Sources

    save = Autosave()
    save.keep(Work(Sources((clips_folder,)), "second").with_clip("second", ClipWork(loop=Loop(0, 9))), None)
    left = save.path.rename(save.path.with_name("99999999.toml"))
    (found,) = rescued()
    window.panes["file"].offer_rescue()
    assert found.claim() is None
    box = window.panes["file"].rescue_box
    next(button for button in box.buttons() if "Later" in button.text()).click()
    assert left.exists()
    other = found.claim()
    assert other is not None
    window.panes["file"].offer_rescue()
    assert window.panes["file"].rescue_box is box  # another window has it now
    other.drop()


def test_recent_places_are_remembered_and_missing_ones_grey(opened, clips_folder, tmp_path):
    opened.shell.remember(tmp_path / "gone")
    assert opened.shell.recent() == [str(tmp_path / "gone"), str(clips_folder)]
    opened.panes["file"].fill_recent()
    states = [(action.text(), action.isEnabled()) for action in opened.panes["file"].recent_menu.actions()]
    assert states == [(str(tmp_path / "gone"), False), (str(clips_folder), True)]


def test_a_folder_of_25000_clips_is_a_list_at_once_and_reads_only_what_is_seen(window, qtbot, tmp_path):
    read = []

    def summarise(clip):
        read.append(clip.name)

    window.panes["clips"].dock.model._summarise = summarise
    clips = tuple(Clip(f"{number:06d}", lossy=tmp_path / f"{number}.wav") for number in range(25000))
    assert cost(lambda: window.controller.use_clips(ClipSet("many", tmp_path, clips)), rounds=1) < 55
    assert window.panes["clips"].dock.model.rowCount() == 25000
    qtbot.waitUntil(lambda: len(read) > 5)
    qtbot.waitUntil(lambda: not window.controller.busy)
    assert len(read) < 300
    assert cost(lambda: window.panes["clips"].dock.filter.setText("0123"), rounds=1) < 55
    assert window.panes["clips"].dock.model.rowCount() == sum("0123" in clip.name for clip in clips)
    window.panes["clips"].dock.table.scrollToBottom()
    last = [clip.name for clip in clips if "0123" in clip.name][-1]
    qtbot.waitUntil(lambda: last in read)


def test_sorting_by_loss_reads_all_and_settles(opened, qtbot):
    opened.panes["clips"].dock.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: opened.panes["clips"].dock.model.index(0, 0).data() == "second")
    opened.panes["clips"].dock.filter.setText("medium")
    assert opened.panes["clips"].dock.model.rowCount() == 1


def test_a_clip_with_problems_does_not_empty_the_list(window, qtbot, tmp_path):
    def summarise(clip):
        raise ValueError("surprise")

    window.panes["clips"].dock.model._summarise = summarise
    window.panes["clips"].dock.model.set_clips([Clip("a"), Clip("b")])
    window.panes["clips"].dock.model.want([0, 1])
    qtbot.waitUntil(lambda: window.panes["clips"].dock.model.index(1, 1).data() == "unusable")
    assert "surprise" in window.panes["clips"].dock.model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole)


def test_progress_appears_for_long_work_and_can_be_cancelled(window, qtbot):
    import threading

    stopped = threading.Event()

    def work(job):
        try:
            while True:
                job.check(0.5, "halfway")
                stopped.wait(0.01)
        finally:
            stopped.set()

    window.controller.tasks.run("long work", work, lambda _value: None)
    assert not window.status.progress.isVisible()
    qtbot.waitUntil(window.status.progress.isVisible)
    assert window.status.progress.value() == 500
    window.status.cancel.click()
    qtbot.waitUntil(stopped.is_set)
    qtbot.waitUntil(lambda: not window.status.progress.isVisible())


def test_a_surprise_in_the_background_is_told_without_a_dialog(window, qtbot):
    window.controller.tasks.run("odd", lambda _job: 1 / 0, lambda _value: None)
    qtbot.waitUntil(lambda: bool(window.messages.said))
    assert "ZeroDivisionError" in window.messages.said[-1]
    assert window.messages.isVisible()
    window.messages.dismiss.click()
    assert not window.messages.isVisible()


def test_a_surprise_in_a_slot_is_logged_and_told(window, home):
    import sys

    from gaplisten.ui.start import Faults, catch, log, log_to_file

    path = log_to_file()
    faults = Faults()
    faults.happened.connect(window.messages.report)
    undo = catch(faults)
    try:
        error = ValueError("odd")
        sys.excepthook(ValueError, error, None)
    finally:
        undo()
        handler = log.handlers[-1]
        log.removeHandler(handler)
        handler.close()
    assert "odd" in window.messages.said[-1]
    assert "ValueError" in path.read_text(encoding="utf-8")


def test_pixels_of_a_lost_packet_differ_from_those_of_a_received_one(opened, settle, qtbot):
    settle(opened)
    opened.lanes_view.zoom_to(9600, 16000)
    settle(opened)
    image = opened.lanes_view.grab().toImage()
    layout = opened.lanes_view.layout_now()
    view = opened.lanes_view.axis.view
    ratio = image.devicePixelRatio()

    def column(frame):
        x = round((layout.plot_left + view.x_of(frame) / layout.ratio) * ratio)
        return {image.pixel(x, y) for y in range(image.height() - 120, image.height() - 40)}

    assert column(12960) != column(14500)


def test_opening_something_else_says_nothing_was_wrong(opened, clips_folder, qtbot):
    opened.open_paths([clips_folder / "mild"])
    qtbot.waitUntil(
        lambda: opened.controller.clipset.root == clips_folder / "mild" and not opened.controller.busy
    )
    assert opened.messages.said == []


def test_work_about_clips_that_are_gone_is_kept_but_not_shown(opened):
    opened.controller.document.show_clip("gone")
    assert opened.controller.clip_name == "first"


def test_work_that_never_rests_is_kept_all_the_same(opened, monkeypatch, qtbot):
    opened.panes["file"]._autosave_timer.setInterval(300)
    unsaved = Autosave().path.parent
    for number in range(20):
        opened.panes["notes"].add_note("click", f"note {number}")
        qtbot.wait(50)
        if list(unsaved.glob("*.toml")):
            break
    assert list(unsaved.glob("*.toml"))


def test_a_workbench_file_opens_whatever_stands_before_toml(opened, clips_folder, qtbot, answer):
    answer(QMessageBox.StandardButton.Yes)
    path = clips_folder / "w.toml"
    save(opened, path)
    opened.controller.open_work(Work(), None)
    drop(opened, [path, clips_folder / "clean"])
    qtbot.waitUntil(lambda: opened.controller.document.path == path)
    assert "clean: not opened" in opened.messages.said[-1]
    path.unlink()


def test_files_that_are_offered_to_be_moved_are_only_read(window, clips_folder):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(clips_folder))])
    offered = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    event = QDropEvent(
        QPointF(300, 300), offered, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier
    )
    event.setDropAction(Qt.DropAction.MoveAction)
    window.dropEvent(event)
    assert event.isAccepted()
    assert event.dropAction() == Qt.DropAction.CopyAction


def test_files_dropped_together_with_a_folder_are_opened_too(window, clips_folder, tmp_path, qtbot):
    (tmp_path / "loose.wav").write_bytes((clips_folder / "clean" / "first.wav").read_bytes())
    drop(window, [clips_folder, tmp_path / "loose.wav"])
    qtbot.waitUntil(lambda: window.controller.clipset is not None)
    assert {"first", "second", "loose"} <= {clip.name for clip in window.controller.clipset.clips}


def _say_packet_length(window, typed):
    window.actions_table["file.packet"].trigger()
    dialog = next(each for each in window.findChildren(NumberDialog) if each.isVisible())
    dialog.field.selectAll()
    QTest.keyClicks(dialog.field, typed)
    dialog.accept()


def test_the_packet_length_of_a_folder_can_be_said(window, clips_folder, tmp_path, qtbot):
    for part in ("clean", "lossy_signals"):
        (tmp_path / part).mkdir()
        sound = (clips_folder / part / "first.wav").read_bytes()
        (tmp_path / part / "first.wav").write_bytes(sound)
    flags = ["1" if packet in (10, 11, 12, 40) else "0" for packet in range(200)]  # of 10 ms
    (tmp_path / "lossy_signals" / "first_is_lost.txt").write_text("\n".join(flags))
    window.open_paths([tmp_path])
    qtbot.waitUntil(lambda: window.controller.clip_name == "first")
    assert window.controller.trace.grid.length == 160, "where nobody says another, what plainly fits is taken"
    _say_packet_length(window, "40")
    qtbot.waitUntil(lambda: window.controller.opened is not None and window.controller.trace is None)
    assert "set the packet length to 10 ms" in window.messages.said[-1]
    assert window.messages.isVisible()
    window.report("something else")
    _say_packet_length(window, "10,0")
    qtbot.waitUntil(lambda: window.controller.trace is not None)
    assert "something else" in window.messages.text.text(), "what has nothing to do with it stays"
    window.messages.dismiss.click()
    assert window.messages.isHidden(), "what was mended is not told any more"
    assert [(gap.start, gap.stop) for gap in window.controller.gaps] == [(1600, 2080), (6400, 6560)]


def test_closing_asks_about_parameters_but_not_about_ticks(opened, answer):
    opened.controller.document.switch_on("loud")
    asked = answer(QMessageBox.StandardButton.Cancel)
    assert opened.panes["file"].may_close()
    opened.controller.document.set_parameter(0, "level", 0.5)
    assert not opened.panes["file"].may_close()
    assert "parameters" in asked[0]


def test_closing_asks_about_any_change_of_work_that_has_a_file(opened, answer, tmp_path):
    save(opened, tmp_path / "w.gaplisten.toml")
    asked = answer(QMessageBox.StandardButton.Cancel)
    assert opened.panes["file"].may_close()
    opened.controller.document.switch_on("loud")
    assert not opened.panes["file"].may_close()
    assert len(asked) == 1
