import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QTabBar

from gaplisten.bench.lanes import Lane, Role
from gaplisten.ui.actions import MENUS, key_texts
from gaplisten.ui.help.keys import GESTURES, KeySheet
from gaplisten.ui.panel.trial_keys import ALWAYS, SOMETIMES
from gaplisten.ui.shell import all_panes
from gaplisten.ui.workbench.lane_buttons import LaneButtons, _fair_share


def test_no_two_commands_share_a_key(window):
    keys = [key for command in window.actions_table.bound for key in key_texts(command)]
    assert len(keys) == len(set(keys))


def test_every_command_stands_in_a_section_of_a_menu_that_is_known(window):
    for command in window.actions_table.bound:
        assert command.part in MENUS[command.menu.split("/")[0]], command


def test_every_key_is_one_that_qt_knows(window):
    for key in [key for command in window.actions_table.bound for key in key_texts(command)]:
        sequence = QKeySequence.fromString(key)
        assert not sequence.isEmpty(), key
        assert sequence[0].key() != 0, key


def test_every_command_is_carried_out_and_stands_in_a_menu(window):
    bound = {command.name for command in window.actions_table.bound}
    assert {command.name for pane in all_panes() for command in pane.commands} <= bound
    for name in bound:
        action = window.actions_table[name]
        assert any(action in menu.actions() for menu in window.menus.values()), name


def test_two_commands_of_one_name_are_refused(window):
    with pytest.raises(ValueError, match=r"two commands are named help\.keys"):
        window.actions_table.add(
            [next(each for each in window.actions_table.bound if each.name == "help.keys")]
        )


def test_menus_stand_in_their_order(window):
    titles = [action.text().replace("&", "") for action in window.menuBar().actions()]
    assert titles == [name for name in MENUS if name in titles]


def test_the_sheet_lists_every_key_and_can_be_narrowed(window, qtbot):
    sheet = KeySheet(window.actions_table, window)
    qtbot.addWidget(sheet)
    others = len(ALWAYS) + len(SOMETIMES) + len(GESTURES)
    assert len(sheet.shown) == len(window.actions_table.bound) + others
    sheet.filter.setText("next gap alt+right")
    assert len(sheet.shown) == 1
    assert sheet.table.item(0, 0).text() == "Gap"
    assert "Alt+Right" in sheet.table.item(1, 0).text()


def test_the_sheet_lists_the_keys_of_a_listener_too(window, qtbot):
    sheet = KeySheet(window.actions_table, window)
    qtbot.addWidget(sheet)
    sheet.filter.setText("in a panel vote back")
    assert [sheet.table.item(1, column).text() for column in range(2)] == ["Ctrl+Z", "Undo Vote"]
    assert len(sheet.shown) == 1


def test_the_sheet_has_a_heading_for_each_menu_in_their_order_and_one_for_the_mouse(window, qtbot):
    sheet = KeySheet(window.actions_table, window)
    qtbot.addWidget(sheet)
    rows = range(sheet.table.rowCount())
    headings = [sheet.table.item(row, 0).text() for row in rows if sheet.table.columnSpan(row, 0) > 1]
    assert headings == [*MENUS, "Mouse on the lanes", "In a panel"]
    sheet.filter.setText("wheel zoom amplitude")
    assert [(row.group, row.keys) for row in sheet.shown] == [("Mouse on the lanes", "Alt+wheel")]


def test_everything_that_can_be_reached_has_a_name_for_screen_readers(opened):
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit, QTableView

    kinds = (QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit, QTableView)
    nameless = [
        widget
        for kind in kinds
        for widget in opened.findChildren(kind)
        if widget.isVisible()
        and widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not widget.objectName().startswith("qt_")
        and not widget.accessibleName()
        and not getattr(widget, "text", str)()
    ]
    assert nameless == []


def test_the_window_fits_a_small_screen(opened):
    hint = opened.minimumSizeHint()
    assert hint.width() <= 1280
    assert hint.height() <= 720


def test_the_window_fits_a_laptop_at_twice_the_scale(opened):
    hint = opened.minimumSizeHint()
    assert hint.width() <= 700
    assert hint.height() <= 420


def test_the_bar_keeps_play_and_lanes_where_there_is_no_room_for_the_rest(opened, qtbot):
    bar = opened.panes["listen"].transport
    opened.resize(1280, 700)
    qtbot.waitUntil(lambda: bar.switching.isVisible())
    opened.resize(bar.minimumSizeHint().width() + 20, 500)
    qtbot.waitUntil(lambda: not bar.switching.isVisible())
    assert bar.play.isVisible()
    assert bar.lanes.button(0).isVisible()
    opened.resize(1280, 700)
    qtbot.waitUntil(lambda: bar.switching.isVisible())


def test_tab_leads_on_from_every_table(opened):
    from PySide6.QtWidgets import QTableView

    assert [
        table.accessibleName() for table in opened.findChildren(QTableView) if table.tabKeyNavigation()
    ] == []


def test_the_table_of_gaps_gets_most_of_the_width(opened, qtbot):
    opened.resize(1280, 720)
    opened._first_panes()
    qtbot.waitUntil(lambda: opened.docks["gaps"].width() > 2 * opened.docks["notes"].width())


def test_a_narrow_screen_has_panes_behind_each_other(opened, monkeypatch):
    from gaplisten.ui.shell import window as module

    monkeypatch.setattr(module, "_NARROW", 10_000)
    opened._first_panes()
    behind = {dock.windowTitle() for dock in opened.tabifiedDockWidgets(opened.docks["clips"])}
    assert behind == {"Concealers", "Scores"}
    assert opened.tabifiedDockWidgets(opened.docks["gaps"])


def test_short_lane_names_leave_their_room_to_long_ones():
    assert _fair_share([50, 60, 200], 400) == 260
    assert _fair_share([50, 60, 200], 290) == 180
    assert _fair_share([200, 200], 300) == 150


def test_where_not_all_names_have_room_the_heard_one_and_as_many_as_fit_are_whole(qtbot):
    names = ("Reference", "Lossy", "Zero fill", "Repeat with fade (hold 5 ms)", "G.711 Appendix I of the ITU")
    lanes = [Lane(name, name, Role.CONCEALER, None, key=key) for key, name in enumerate(names)]
    row = LaneButtons()
    qtbot.addWidget(row)
    row.show_lanes(lanes, 2)
    keys = range(len(names))
    room = sum(row._wide(key, lanes[key]) + 45 for key in (0, 1, 2)) + sum(
        row._alone(key) + 3 for key in (3, 4)
    )
    row.resize(room, 40)
    row.show_heard(2)
    assert [row.button(key).text() for key in keys] == ["0 Reference", "1 Lossy", "2 Zero fill", "3", "4"]


def test_twelve_keys_are_whole_in_as_little_room_as_the_row_asks_for(qtbot):
    lanes = [Lane(str(key), f"Version {key}", Role.CONCEALER, None, key=key) for key in range(12)]
    row = LaneButtons()
    qtbot.addWidget(row)
    row.show_lanes(lanes, 11)
    row.resize(row.minimumSizeHint().width(), 40)
    row.show()
    buttons = [row.button(key) for key in range(12)]
    qtbot.waitUntil(lambda: buttons[-1].geometry().right() > 0)
    assert [each.text() for each in buttons] == [str(key) for key in range(12)]
    assert buttons[-1].geometry().right() < row.width()
    assert all(each.width() >= each.fontMetrics().horizontalAdvance(each.text()) + 31 for each in buttons)


def test_titles_of_panes_that_share_a_place_are_never_cut(opened, qtbot):
    opened.docks["history"].show()
    bars = [bar for bar in opened.findChildren(QTabBar) if bar.accessibleName()]
    assert bars
    assert {bar.elideMode() for bar in bars} == {Qt.TextElideMode.ElideNone}
    assert all(bar.usesScrollButtons() for bar in bars)


@pytest.mark.parametrize(
    ("command", "dock", "other"), [("edit.find_note", "notes", "levels"), ("edit.filter", "clips", "scores")]
)
def test_a_search_comes_to_the_front_from_behind_or_closed(opened, qtbot, command, dock, other):
    opened.tabifyDockWidget(opened.docks[dock], opened.docks[other])
    opened.docks[other].raise_()
    field = {"notes": opened.panes["notes"].dock.search, "clips": opened.panes["clips"].dock.filter}[dock]
    opened.actions_table[command].trigger()
    qtbot.waitUntil(field.hasFocus)
    qtbot.waitUntil(lambda: not field.visibleRegion().isEmpty())
    opened.docks[dock].close()
    opened.actions_table[command].trigger()
    qtbot.waitUntil(field.hasFocus)
    assert opened.docks[dock].isVisible()
