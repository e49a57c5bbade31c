"""The list of edits: what was done, and a click that goes there."""

from __future__ import annotations

from PySide6.QtCore import Qt


def rows(pane):
    return [pane.rows.item(row).text() for row in range(pane.rows.count())]


def click(qtbot, pane, row):
    place = pane.rows.visualItemRect(pane.rows.item(row)).center()
    qtbot.mouseClick(pane.rows.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_a_click_goes_to_an_edit_of_the_losses_and_back(opened, qtbot):
    pane, controller = opened.panes["history"], opened.controller
    own = controller.gaps
    opened.lanes_view.packets_painted.emit(60, 61, True)
    opened.lanes_view.packets_painted.emit(70, 71, True)
    controller.document.switch_on("loud")
    opened.actions_table["edit.history"].trigger()
    assert rows(pane) == ["As it was opened", "paint loss · first", "paint loss · first", "switch on Loud"]
    assert pane.rows.hasFocus()
    click(qtbot, pane, 1)
    assert [gap.start // 320 for gap in controller.gaps] == [10, 40, 60]
    assert controller.document.work.choices == ()
    assert opened.actions_table["edit.redo"].text().endswith("paint loss")
    assert pane.rows.item(2).font().italic(), "what is undone is told apart"
    click(qtbot, pane, 3)
    assert [each.concealer for each in controller.document.work.choices] == ["loud"]
    qtbot.keyClick(pane.rows, Qt.Key.Key_Home)
    assert len(controller.gaps) == 4, "to look at a row is not to go there"
    qtbot.keyClick(pane.rows, Qt.Key.Key_Return)
    assert controller.gaps == own


def test_undo_by_its_key_moves_the_mark_in_the_list_and_a_new_edit_ends_what_was_undone(opened):
    pane, controller = opened.panes["history"], opened.controller
    opened.actions_table["edit.history"].trigger()
    controller.document.switch_on("loud")
    controller.document.switch_on("loud")
    assert pane.rows.currentRow() == 2
    opened.actions_table["edit.undo"].trigger()
    assert pane.rows.currentRow() == 1
    assert pane.rows.count() == 3
    opened.lanes_view.packets_painted.emit(60, 61, True)
    assert rows(pane) == ["As it was opened", "switch on Loud", "paint loss · first"]


def test_edits_call_concealers_by_their_titles_as_lanes_do(opened):
    pane, document = opened.panes["history"], opened.controller.document
    opened.actions_table["edit.history"].trigger()
    document.switch_on("loud")
    document.set_parameter(0, "level", 0.5)
    document.set_parameters(0, {"level": 0.75})
    document.switch_off(0)
    document.switch_on("gone")  # no such concealer is there, as after its file was removed
    said = ["switch on Loud", "Loud: level", "set up Loud", "switch off Loud", "switch on gone"]
    assert rows(pane)[1:] == said
    assert opened.actions_table["edit.undo"].text().endswith("switch on gone")
