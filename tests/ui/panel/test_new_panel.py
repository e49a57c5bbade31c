"""The dialog that makes a panel: everything it asks arrives in the definition, and in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QSpinBox, QTabWidget
from pytestqt.qtbot import QtBot

from gaplisten import languages
from gaplisten.clips.layouts import find_clips
from gaplisten.panel.definition import PanelDefinition, parse_definition
from gaplisten.panel.methods import names as all_names
from gaplisten.panel.rules import Heard
from gaplisten.panel.starter import questions, to_toml
from gaplisten.ui import translation
from gaplisten.ui.panel.new_dialog import NewPanelDialog, Offer
from kit.listener import clips_folder


@pytest.fixture
def dialog(tmp_path: Path, qtbot: QtBot) -> NewPanelDialog:
    folder = clips_folder(tmp_path / "clips")
    made = NewPanelDialog(Offer(find_clips([folder]), (folder,), None, 20.0, (), ("kestrel",)))
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


@pytest.mark.parametrize("code", languages.window_codes())
def test_what_stands_in_empty_fields_can_be_read_whole(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(translation, "words", lambda: languages.window_words(code))
    dialog: NewPanelDialog = request.getfixturevalue("dialog")
    lines = [line for line in dialog.findChildren(QLineEdit) if line.isVisible() and line.placeholderText()]
    assert len(lines) >= 3
    for line in lines:
        needed = line.fontMetrics().horizontalAdvance(line.placeholderText())
        assert needed <= line.width() - 8, line.placeholderText()


def choose(dialog: NewPanelDialog, method: str) -> None:
    dialog.method.setCurrentIndex(dialog.method.findData(method))


def box(dialog: NewPanelDialog, text: str) -> QCheckBox:
    """Return the box that says `text` among the options that are shown."""
    boxes = dialog.test.options.shown.findChildren(QCheckBox)
    return next(one for one in boxes if text in one.text())


def wanted(dialog: NewPanelDialog, qtbot: QtBot, what: str = "build") -> PanelDefinition:
    button = dialog.findChild(QPushButton, what)
    assert isinstance(button, QPushButton)
    with qtbot.waitSignal(dialog.wanted) as told:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    made = told.args[0]
    assert isinstance(made, PanelDefinition)
    assert parse_definition(to_toml(made)) == made
    return made


@pytest.mark.parametrize("method", all_names())
def test_untouched_it_asks_what_a_file_with_nothing_in_it_asks(
    dialog: NewPanelDialog, qtbot: QtBot, method: str
) -> None:
    choose(dialog, method)
    made = wanted(dialog, qtbot)
    assert (made.method.name, made.clips.names) == (method, None)
    assert [one.name for one in made.condition] == ["lossy", "quuxnet"]
    plain = parse_definition(
        f'title = "Listening panel"\nmethod = "{method}"\n[clips]\nfolders = ["x"]\n'
        '[[condition]]\nname = "lossy"\nlossy = true\n[[condition]]\nname = "quuxnet"\nfiles = "quuxnet"\n'
    )
    same = {"clips": plain.clips, "tags": plain.tags}
    assert made.model_copy(update=same) == plain


def test_what_a_method_has_of_its_own_is_asked_with_it(dialog: NewPanelDialog) -> None:
    choose(dialog, "mushra")
    for text in ("3.5 kHz", "7 kHz", "zeroed", "get 100"):
        box(dialog, text).click()
    made = dialog.definition()
    assert (made.mushra.anchors, made.rules.need_hundred) == (["lossy"], True)
    box(dialog, "hidden reference").click()
    assert not dialog.definition().mushra.reference
    choose(dialog, "ab")
    box(dialog, "no preference").click()
    box(dialog, "open reference").click()
    made = dialog.definition()
    assert (made.ab.no_preference, made.ab.reference) == (False, True)
    choose(dialog, "abx")
    dialog.test.options.shown.findChildren(QSpinBox)[0].setValue(20)
    assert dialog.definition().abx.trials == 20


@pytest.mark.parametrize(
    ("method", "names"),
    [
        ("acr", ("clear_good", "clear_bad", "reference_repeats")),
        ("ccr", ("clear_good", "clear_bad", "null_pairs")),
    ],
)
def test_checks_among_the_trials(dialog: NewPanelDialog, method: str, names: tuple[str, ...]) -> None:
    choose(dialog, method)
    for number, field in enumerate(dialog.test.options.shown.findChildren(QSpinBox), start=1):
        field.setValue(number)
    dialog.start.checks["digits"].click()
    checks = dialog.definition().checks
    assert [getattr(checks, name) for name in names] == [1, 2, 3]
    assert checks.digits
    assert checks.level


def test_rules_design_and_what_comes_before_the_start(dialog: NewPanelDialog) -> None:
    values: dict[Any, Any] = {
        dialog.test.share: 3, dialog.test.repeats: 2, dialog.test.training: 4, dialog.listening.plays: 5,
        dialog.listening.suggest: 10, dialog.listening.insist: 30,
    }  # fmt: skip
    for field, value in values.items():
        field.setValue(value)
    dialog.test.listeners.setText("Ann, Ben")
    dialog.listening.tags.setText("click, , mute")
    dialog.heard.setCurrentIndex(1)
    dialog.listening.loop.click()
    dialog.listening.comments.click()
    dialog.start.consent.setPlainText("I agree.")
    dialog.start.questions.setPlainText("Age? (number)\n\nHeadphones?: yes | no (optional)")
    dialog.start.required.click()
    made = dialog.definition()
    assert (made.ratings_per_condition, made.repeats, made.training.trials) == (3, 2, 4)
    assert (made.rules.max_plays, made.rules.heard, made.rules.loop) == (5, Heard.ONCE, False)
    assert (made.breaks.suggest_minutes, made.breaks.insist_minutes) == (10, 30)
    assert (made.listeners, made.tags, made.comments) == (["Ann", "Ben"], ["click", "mute"], False)
    assert (made.consent, made.checks.required) == ("I agree.", True)
    assert [(one.name, one.kind, one.optional) for one in made.question] == [
        ("q1", "number", False),
        ("q2", "choice", True),
    ]


def test_the_clips_that_are_shown_are_chosen_when_only_some_are_asked_for(dialog: NewPanelDialog) -> None:
    dialog.which.setCurrentIndex(1)
    assert dialog.definition().clips.names == ["kestrel"]


def test_what_the_panel_asks_of_a_listener_follows_every_change(dialog: NewPanelDialog, qtbot: QtBot) -> None:
    def said(text: str) -> None:
        qtbot.waitUntil(lambda: text in dialog.brief.text(), timeout=10_000)

    said("4 trials, about 1 minute for each listener; 4 cells (2 clips x 2); each listener gives 1 vote")
    dialog.test.repeats.setValue(3)
    said("12 trials")
    dialog.start.checks["digits"].click()
    dialog.test.repeats.setValue(1)
    dialog.test.share.setValue(1)
    said("2 trials")
    said("each listener votes in 50 % of the cells")
    dialog.test.votes.setValue(5)
    said("10 listeners give about 5 votes in each cell")
    dialog.test.votes.setValue(0)
    dialog.test.listeners.setText("Ann, Ben, Cleo, Dan")
    said("4 listeners give about 2 votes in each cell")
    choose(dialog, "mushra")
    said("2 cells (2 clips)")
    dialog.conditions.item(0).setCheckState(Qt.CheckState.Unchecked)
    dialog.conditions.item(1).setCheckState(Qt.CheckState.Unchecked)
    said("Not yet: no condition is ticked")


def test_whatever_else_the_file_can_say_is_said_as_toml(dialog: NewPanelDialog, qtbot: QtBot) -> None:
    more = """
target_dbov = -30
[training]
clips = ["heron"]
text = "Practice."
[wording]
question = "How good?"
[checks]
rule = "p808"
[[checks.gold]]
clip = "kestrel"
condition = "lossy"
answer = 2
"""
    dialog.test.training.setValue(2)
    dialog.start.checks["quiet_room"].click()
    dialog.more.field.setPlainText(more)
    made = wanted(dialog, qtbot)
    assert (made.target_dbov, made.wording.question) == (-30, "How good?")
    assert (made.training.trials, made.training.clips, made.training.text) == (2, ["heron"], "Practice.")
    assert (made.checks.rule, made.checks.quiet_room, made.checks.gold[0].answer) == ("p808", True, 2)
    button = dialog.findChild(QPushButton, "build")
    assert isinstance(button, QPushButton)
    for wrong, fact in (
        ("tite = 1", "tite: there is no such key; did you mean title?"),
        ("a = = 2", "is not TOML"),
    ):
        dialog.more.field.setPlainText(wrong)
        with qtbot.assertNotEmitted(dialog.wanted, wait=20):
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert fact in dialog._message.text()


def test_pairs_practice_clips_own_words_traps_and_noise_have_fields(dialog: NewPanelDialog) -> None:
    assert not dialog.test.pairs.isVisibleTo(dialog.test)
    dialog.mnru.setText("5, 25")
    dialog.test.practice.setText("heron")
    dialog.test.training.setValue(1)
    dialog.words.words["question"].setPlainText("How good is it?")
    dialog.words.traps.setPlainText("/a/press three.wav = 3\n\n/a/press_one.wav = 1")
    made = dialog.definition()
    assert [(one.name, one.mnru) for one in made.condition[-2:]] == [("Q5", 5), ("Q25", 25)]
    assert made.training.clips == ["heron"]
    assert made.wording.question == "How good is it?"
    assert [(one.file, one.answer) for one in made.checks.trap] == [
        ("/a/press three.wav", 3),
        ("/a/press_one.wav", 1),
    ]
    dialog.words.traps.setPlainText("/a/press three.wav")
    with pytest.raises(ValueError, match="write the file, =, and the answer"):
        dialog.definition()
    dialog.words.traps.clear()
    dialog.mnru.setText("loud")
    with pytest.raises(ValueError, match="write numbers from -20 to 80"):
        dialog.definition()
    dialog.mnru.clear()
    choose(dialog, "ab")
    assert dialog.test.pairs.isVisibleTo(dialog.test)
    names = [one.name for one in dialog.definition().condition]
    dialog.test.pairs.setText(f"{names[0]} / {names[1]}")
    assert dialog.definition().pairs == [(names[0], names[1])]
    dialog.test.pairs.setText(names[0])
    with pytest.raises(ValueError, match="two conditions with / between"):
        dialog.definition()


def test_every_method_offers_spoken_traps_and_the_file_is_shown_as_it_will_be(
    dialog: NewPanelDialog, qtbot: QtBot
) -> None:
    for row in range(dialog.method.count()):
        dialog.method.setCurrentIndex(row)
        (traps,) = [
            field
            for field in dialog.test.options.shown.findChildren(QSpinBox)
            if field.accessibleName() == "Spoken attention trials"
        ]
        traps.setValue(2)
        assert dialog.definition().checks.spoken_traps == 2
    dialog.show_brief()
    assert parse_definition(dialog.more.whole.toPlainText()) == dialog.definition()


def test_it_stays_open_to_save_build_and_go_on_editing(dialog: NewPanelDialog, qtbot: QtBot) -> None:
    dialog.title.setText("Mine")
    dialog.start.consent.setPlainText("I agree.")
    for what in ("save", "build", "take"):
        wanted(dialog, qtbot, what)
        assert dialog.isVisible()  # whatever becomes of the file dialog
    assert dialog.definition().consent == "I agree."


def test_breaks_votes_questions_and_attempts(dialog: NewPanelDialog) -> None:
    values: dict[Any, Any] = {
        dialog.listening.rest: 7, dialog.listening.every: 9, dialog.listening.pause: 1.2,
        dialog.start.attempts: 2, dialog.test.votes: 4,
    }  # fmt: skip
    for field, value in values.items():
        field.setValue(value)
    dialog.test.pairing.setCurrentIndex(1)
    dialog.start.questions.setPlainText("Tired? (between)\nHard?: yes | no (after) (optional)")
    dialog.test.listeners.setText("Ann, Ben")
    made = dialog.definition()
    assert (made.breaks.rest_minutes, made.breaks.every_trials, made.rules.pause_seconds) == (7, 9, 1.2)
    assert (made.checks.attempts, made.votes_per_clip, made.pairing) == (2, 4, "different clips")
    assert [(one.when, one.optional) for one in made.question] == [("between", False), ("after", True)]


def test_clips_of_every_burst_length_can_be_asked_for(dialog: NewPanelDialog) -> None:
    dialog.which.setCurrentIndex(2)
    dialog.per_stratum["beyond"].setValue(7)
    part = dialog.definition().clips
    assert part.per_stratum is not None
    assert (part.names, part.per_stratum.short, part.per_stratum.beyond) == (None, 2, 7)


def test_a_column_of_a_table_tells_clips_apart_in_place_of_bursts(
    dialog: NewPanelDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    names = [clip.name for clip in find_clips([tmp_path / "clips"]).clips]
    table = tmp_path / "rooms.csv"
    rows = "".join(f"{name},,{('hall', 'cell')[at % 2]}\n" for at, name in enumerate(names))
    table.write_text(f"clip,empty,room\n{rows}")
    assert not dialog.strata.column.isVisibleTo(dialog)
    dialog.strata.table.line.setText(str(table))
    dialog.strata.table.line.editingFinished.emit()
    assert dialog.strata.column.isVisibleTo(dialog)
    assert [dialog.strata.column.itemText(at) for at in range(dialog.strata.column.count())] == ["room"]
    made = wanted(dialog, qtbot)
    assert (made.clips.strata, made.clips.strata_column) == (str(table), "room")
    (tmp_path / "panels").mkdir()
    assert parse_definition(to_toml(made, tmp_path / "panels")).clips.strata == "../rooms.csv"
    dialog.which.setCurrentIndex(2)  # clips are drawn by their bursts: no other strata then
    assert not dialog.strata.isVisibleTo(dialog)
    assert wanted(dialog, qtbot).clips.strata is None
    dialog.which.setCurrentIndex(0)
    for text, fact in (
        ("id,room\nnobody,hall\n", "has no column that names these clips"),
        ("", "has no rows"),
    ):
        table.write_text(text)
        dialog.strata.table.line.setText("")
        dialog.strata.table.line.setText(str(table))
        dialog.strata.table.line.editingFinished.emit()
        assert fact in dialog._message.text()
        with pytest.raises(ValueError, match="the table of strata cannot be used"):
            dialog.definition()
    dialog.strata.table.line.clear()
    assert wanted(dialog, qtbot).clips.strata is None


def test_what_does_not_fit_is_said_and_the_dialog_stays(dialog: NewPanelDialog, qtbot: QtBot) -> None:
    dialog.start.questions.setPlainText("Headphones? yes | no")
    button = dialog.findChild(QPushButton, "build")
    assert isinstance(button, QPushButton)
    with qtbot.assertNotEmitted(dialog.wanted, wait=50):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert dialog.isVisible()
    said = [label.text() for label in dialog.findChildren(QLabel)]
    assert any("a colon, then answers" in one for one in said)


def test_all_pages_are_seen_at_once_and_reached_by_keys_from_any_field(
    dialog: NewPanelDialog, qtbot: QtBot
) -> None:
    with qtbot.waitExposed(dialog):
        dialog.show()
    (tabs,) = dialog.findChildren(QTabWidget)
    bar = tabs.tabBar()
    assert bar.tabRect(tabs.count() - 1).right() <= bar.width()
    assert dialog.minimumSizeHint().width() < 1200
    seen = []
    for _ in range(tabs.count()):
        seen.append(tabs.currentIndex())
        qtbot.keyClick(dialog.focusWidget() or dialog, Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier)
    assert seen == list(range(tabs.count()))
    assert tabs.currentIndex() == 0


def test_every_field_has_a_name_for_those_who_cannot_see_it(dialog: NewPanelDialog) -> None:
    for index in range(dialog.method.count()):
        dialog.method.setCurrentIndex(index)
        for kind in (QLineEdit, QPlainTextEdit, QSpinBox):
            for field in dialog.findChildren(kind):
                inside = isinstance(field.parent(), QSpinBox) or field.objectName() == "qt_spinbox_lineedit"
                assert inside or field.accessibleName(), field


def test_questions_are_plain_lines() -> None:
    found = questions("How old? (number)\nWhere: in or out?: in | out |\nElse? (optional)")
    assert [(one.text, one.kind, one.choices, one.optional) for one in found] == [
        ("How old?", "number", [], False),
        ("Where: in or out?", "choice", ["in", "out"], False),
        ("Else?", "text", [], True),
    ]
    assert questions("\n \n") == []
    for bad in ("yes | no", "Which?: one |", ": a | b"):
        with pytest.raises(ValueError, match="a colon, then answers"):
            questions(bad)


# --- how many ----------------------------------------------------------------------------------------------


def test_the_page_tells_power_minutes_and_when_only_more_clips_help(
    dialog: NewPanelDialog, qtbot: QtBot
) -> None:
    page = dialog.planning
    assert page.table.table.rows == ()  # nobody looks yet
    tabs = next(one for one in dialog.findChildren(QTabWidget) if one.indexOf(page) >= 0)
    tabs.setCurrentWidget(page)
    assert page.table.table.columns[0] == "listeners"
    assert "only more clips help" in page.said.text()
    assert page.unit.text() == "points of MOS"
    votes = [row[1] for row in page.table.table.rows]
    assert votes[0] == 8
    assert isinstance(votes[0], int)  # a float would be shown as 8.000
    assert "1 comparisons" not in page.said.text()
    page.by_clip.setValue(0)
    page.difference.setValue(2.0)
    qtbot.waitUntil(lambda: "listeners reach a power of 0.8" in page.said.text())
    choose(dialog, "mushra")
    qtbot.waitUntil(lambda: page.unit.text() == "points of MUSHRA score")
    assert (page.difference.value(), page.vote.value()) == (7.5, 17.5)
    choose(dialog, "ab")
    qtbot.waitUntil(lambda: "share preferred first" in page.unit.text())
    assert not page.vote.isEnabled()
    page.difference.setValue(0.6)
    qtbot.waitUntil(lambda: "give less than 0.5" in page.said.text())
    made = wanted(dialog, qtbot)
    assert made.method.name == "ab"  # nothing of the page is in the file


def test_the_page_simulates_panels_and_stops_when_asked(dialog: NewPanelDialog, qtbot: QtBot) -> None:
    page = dialog.planning
    tabs = next(one for one in dialog.findChildren(QTabWidget) if one.indexOf(page) >= 0)
    tabs.setCurrentWidget(page)
    page.difference.setValue(1.5)
    qtbot.waitUntil(lambda: not dialog._briefly.isActive())
    page.simulate.click()
    assert page.simulate.text() == "Stop"
    qtbot.waitUntil(lambda: "is found to differ in" in page.found.text(), timeout=20_000)
    assert "200 simulated panels of 16 listeners" in page.found.text()
    assert page.simulate.text() == "Simulate 200 Panels"
    page.simulate.click()
    page.simulate.click()
    assert page.found.text() == "stopped"
    page.listeners.setValue(30)
    qtbot.waitUntil(lambda: page.found.text() == "")  # what was found was found of something else
    page.simulate.click()
    dialog.reject()
    assert page._task is None
