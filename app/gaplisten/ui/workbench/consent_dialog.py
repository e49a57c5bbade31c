"""The question whether a workbench file may run the programs, code and models that it names."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from gaplisten.concealers.consent import Wish, in_one_line
from gaplisten.ui.translation import tr

_QUESTION = tr(
    "{file} asks for concealers that are more than plugins. They are off. What they run has all rights that "
    "you have: allow it only if you know it, or trust whoever sent the file."
)
_REMEMBERED = tr("It is remembered for this file and for the programs, code and models as they are now.")


class ConsentDialog(QDialog):
    """Shows in full what is wanted; accepted means that it is allowed.

    Parameters
    ----------
    file
        Name of the workbench file.
    wishes
        What its withheld concealers want.
    """

    def __init__(self, file: str, wishes: Sequence[Wish], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Programs and Models"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.wanted = QPlainTextEdit("\n\n".join(_told(wish) for wish in wishes), self)
        self.wanted.setReadOnly(True)
        self.wanted.setTabChangesFocus(True)
        self.wanted.setAccessibleName(tr("What the file wants to run"))
        buttons = QDialogButtonBox(self)
        self.leave = buttons.addButton(tr("Leave Off"), QDialogButtonBox.ButtonRole.RejectRole)
        self.allow = buttons.addButton(tr("Allow for This File"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.allow.setAutoDefault(False)
        self.leave.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for text in (_QUESTION.format(file=in_one_line(file)), _REMEMBERED):
            label = QLabel(text, self)
            label.setTextFormat(Qt.TextFormat.PlainText)  # a file's name is no markup
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.insertWidget(1, self.wanted, 1)
        layout.addWidget(buttons)
        self.resize(620, 320)
        self.leave.setFocus()


def _told(wish: Wish) -> str:
    return "\n".join([in_one_line(wish.concealer), *(f"    {line}" for line in wish.does)])
