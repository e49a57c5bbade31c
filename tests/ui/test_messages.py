"""The strip of messages: one at a time, each once, and gone when it does not hold any more."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog


def shown(window):
    return window.messages.text.accessibleDescription() if window.messages.isVisible() else ""


def test_messages_are_read_one_by_one_the_newest_first(window):
    for text in ("first", "second", "third"):
        window.report(text)
    assert window.messages.more.text() == "All messages (3)"
    seen = []
    while window.messages.isVisible():
        seen.append(shown(window))
        window.messages.dismiss.click()
    assert seen == ["third", "second", "first"]


def test_what_is_told_already_is_told_once(window):
    for text in ("disk full", "another", "disk full"):
        window.report(text)
    assert window.messages.more.text() == "All messages (2)"
    assert shown(window) == "disk full"
    assert len(window.messages.said) == 3, "the list of all has the times of each"


def test_what_is_mended_goes_wherever_it_stands_and_nothing_else(window):
    messages = window.messages
    messages.report("the card is gone", about="sound")
    messages.report("not written")
    assert messages.tells("sound")
    messages.mend("sound")
    assert not messages.tells("sound")
    assert shown(window) == "not written"
    messages.mend("sound")
    assert shown(window) == "not written"


def test_the_focus_is_where_it_was_after_a_message_was_put_away(opened, qtbot):
    lanes = opened.lanes_view.focusProxy()
    lanes.setFocus()
    opened.report("first")
    opened.report("second")
    dismiss = opened.messages.dismiss
    dismiss.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(dismiss, Qt.Key.Key_Space)
    assert dismiss.hasFocus(), "there is another message to put away"
    qtbot.keyClick(dismiss, Qt.Key.Key_Space)
    assert opened.messages.isHidden()
    assert lanes.hasFocus()


def test_all_messages_are_listed_and_count_as_read(opened, qtbot):
    opened.report("first")
    opened.report("second")
    opened.messages.more.click()
    dialog = next(each for each in opened.findChildren(QDialog) if each.windowTitle() == "Messages")
    assert opened.messages.isHidden()
    dialog.close()
