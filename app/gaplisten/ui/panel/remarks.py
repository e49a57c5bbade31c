"""What a listener may say of a trial besides the answers: artefact tags and a comment."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from gaplisten.ui.panel.texts import emptied

_LONGEST = 2000


class Remarks(QWidget):
    """A row of tags, and a line for a comment under it.

    Signals
    -------
    said
        ``(comment, tags)``, at each change.
    """

    said = Signal(str, list)

    def __init__(self, prompt: str) -> None:
        super().__init__()
        self._tags: list[QPushButton] = []
        self._tag_row = QHBoxLayout()
        self._comment = QLineEdit()
        self._comment.setMaxLength(_LONGEST)
        self._comment.setMinimumHeight(34)
        self._comment.setPlaceholderText(prompt)
        self._comment.setAccessibleName(prompt)
        self._comment.textEdited.connect(self._say)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(self._tag_row)
        column.addWidget(self._comment)

    def ask(self, tags: Sequence[str], comments: bool) -> None:
        """Begin anew, with these tags to choose from, and a comment where one may be written."""
        emptied(self._tag_row)
        self._tags = []
        for tag in tags:
            button = QPushButton(tag)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.toggled.connect(self._say)
            self._tags.append(button)
        if tags:
            self._tag_row.addStretch(1)
            for button in self._tags:
                self._tag_row.addWidget(button)
            self._tag_row.addStretch(1)
        self._comment.clear()
        self._comment.setVisible(comments)
        self.setVisible(bool(tags) or comments)

    def go_to_comment(self) -> None:
        """Go to the comment, where one may be written."""
        if self._comment.isVisible():
            self._comment.setFocus()

    def _say(self) -> None:
        self.said.emit(self._comment.text(), [tag.text() for tag in self._tags if tag.isChecked()])
