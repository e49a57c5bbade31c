"""Every command can be found by its name and carried out without a mouse."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from gaplisten.ui.help.finder import CommandFinder


@pytest.fixture
def finder(opened, qtbot):
    opened.actions_table["help.find"].trigger()
    made = opened.findChild(CommandFinder)
    qtbot.waitUntil(made.isVisible)
    return made


def names(finder):
    return [each.command.name for each in finder.shown]


def test_every_command_but_itself_is_listed(opened, finder):
    assert set(names(finder)) == {each.name for each in opened.actions_table.bound} - {"help.find"}


def test_commands_whose_names_begin_so_stand_first_then_others_of_that_name_then_what_does_that(finder):
    finder.filter.setText("next")
    ranks = [each.rank(["next"]) for each in finder.shown]
    assert ranks == sorted(ranks)
    assert finder.shown[0].name.startswith("Next")
    assert {0, 2} <= set(ranks)


def test_words_are_found_in_any_order(finder):
    finder.filter.setText("worst next")
    assert names(finder)[0] == "gap.next_worst"


def test_typed_chosen_with_arrows_and_entered_a_command_is_carried_out(opened, finder, qtbot):
    qtbot.keyClicks(finder.filter, "spectrogram")
    wished = names(finder).index("view.spectrogram")
    for _ in range(wished):
        qtbot.keyClick(finder.filter, Qt.Key.Key_Down)
    assert finder.chosen.command.name == "view.spectrogram"
    action = opened.actions_table["view.spectrogram"]
    before = action.isChecked()
    qtbot.keyClick(finder.filter, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: opened.findChild(CommandFinder) is None)
    assert action.isChecked() is not before


def test_the_choice_stays_within_the_list(finder, qtbot):
    qtbot.keyClick(finder.filter, Qt.Key.Key_Up)
    assert finder.chosen is finder.shown[0]
    for _ in range(len(finder.shown)):
        qtbot.keyClick(finder.filter, Qt.Key.Key_PageDown)
    assert finder.chosen is finder.shown[-1]


def test_what_is_not_possible_just_now_says_so_and_is_not_carried_out(opened, finder, qtbot):
    opened.actions_table.enable(["listen.toggle"], False)
    told = []
    opened.actions_table["listen.toggle"].triggered.connect(told.append)
    finder.filter.setText(next(each.name for each in finder.shown if each.command.name == "listen.toggle"))
    assert finder.chosen.command.name == "listen.toggle"
    assert finder.about.text().endswith("Not possible just now.")
    qtbot.keyClick(finder.filter, Qt.Key.Key_Return)
    assert (told, finder.isVisible()) == ([], True)


def test_what_nobody_calls_so_is_told_and_enter_does_nothing(finder, qtbot):
    finder.filter.setText("no such thing")
    assert finder.chosen is None
    assert finder.about.text() == "No command is called so or does that."
    qtbot.keyClick(finder.filter, Qt.Key.Key_Return)
    assert finder.isVisible()


def test_escape_clears_what_was_typed_and_then_closes(opened, finder, qtbot):
    finder.filter.setText("gap")
    qtbot.keyClick(finder.filter, Qt.Key.Key_Escape)
    assert (finder.filter.text(), finder.isVisible()) == ("", True)
    qtbot.keyClick(finder.filter, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: opened.findChild(CommandFinder) is None)
