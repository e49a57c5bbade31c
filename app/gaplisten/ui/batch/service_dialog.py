"""The dialog that says where a team's PLC-MOS service is; the token never passes through it."""

from __future__ import annotations

import os
import tomllib

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gaplisten.bench.tasks import Task, Tasks
from gaplisten.errors import GaplistenError
from gaplisten.exchange.service_settings import (
    PLCMOS,
    Service,
    find_token,
    save_service,
)
from gaplisten.ui.translation import tr, tr_said
from gaplisten.ui.widgets import QuietLabel, resize_within
from gaplisten.untrusted import MOST_SETTINGS, read_regular

_TEST_SECONDS = 10.0


class ServiceDialog(QDialog):
    """Address and user; tests the connection.

    Signals
    -------
    saved
        The settings were written.
    """

    saved = Signal()

    def __init__(self, tasks: Tasks, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("PLC-MOS Service"))
        self._tasks = tasks
        self._testing: Task | None = None
        self.address = QLineEdit(placeholderText="https://plcmos.example.org/")
        self.address.setAccessibleName(tr("Address"))
        self.user = QLineEdit()
        self.user.setAccessibleName(tr("User"))
        self.token = QuietLabel(tr("looking…"), self, wrap=True)
        self.said = QuietLabel("", self, wrap=True)
        self.test = QPushButton(tr("Test Connection"), autoDefault=False)
        self.test.clicked.connect(self._test)
        self.user.editingFinished.connect(self._look_for_token)
        self._lay_out()
        resize_within(self, 540, 290)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow(tr("Address"), self.address)
        form.addRow(tr("User"), self.user)
        form.addRow(tr("Token"), self.token)
        about = QuietLabel(
            tr(
                "The challenge's scores, computed by a server of your team. Speech and reference "
                "are sent there. The token is read from the environment or the system's keyring; "
                "Gaplisten never writes it."
            ),
            self,
            wrap=True,
        )
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self._save)
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        row.addWidget(self.test)
        row.addStretch(1)
        row.addWidget(buttons)
        column = QVBoxLayout(self)
        column.addWidget(about)
        column.addLayout(form)
        column.addWidget(self.said, 1)
        column.addLayout(row)

    def show_settings(self) -> None:
        """Show what is set up now."""
        self._say("")
        try:
            values = tomllib.loads(read_regular(PLCMOS.path, MOST_SETTINGS).decode("utf-8"))
        except FileNotFoundError:
            values = {}
        except (OSError, ValueError, RecursionError) as error:
            values = {}
            self._say(
                tr("{path}: cannot be read ({error}); saving replaces it", path=PLCMOS.path, error=error),
                warns=True,
            )
        self.address.setText(str(values.get("address", "")))
        self.user.setText(str(values.get("user", "")))
        self._look_for_token()

    def _say(self, text: str, warns: bool = False) -> None:
        self.said.setText(text)
        self.said.set_warning(warns)

    # --- the token -------------------------------------------------------------------------------

    def _look_for_token(self) -> None:
        user = self.user.text().strip()
        self._tasks.run(
            tr("looking for the token"), lambda _job: where_token_is(user), self.token.setText, quiet=True
        )

    # --- the connection --------------------------------------------------------------------------

    def _service(self) -> Service:
        # The health of a service is asked without an account.
        return Service(self.address.text().strip(), self.user.text().strip(), "", _TEST_SECONDS, retries=0)

    def _test(self) -> None:
        from gaplisten.exchange.plcmos_service import PlcmosClient

        try:
            client = PlcmosClient(self._service())
        except GaplistenError as error:
            self._say(tr_said(error), warns=True)
            return
        self._say(tr("asking…"))
        self.test.setEnabled(False)
        self._testing = self._tasks.run(
            tr("asking the service"), lambda _job: client.health(), self._answered, self._silent, quiet=True
        )

    def _answered(self, answer: str) -> None:
        self.test.setEnabled(True)
        self._say(tr("The service answers: {answer}", answer=answer))

    def _silent(self, error: Exception) -> None:
        self.test.setEnabled(True)
        self._say(tr_said(error), warns=True)

    # --- saving ----------------------------------------------------------------------------------

    def _save(self) -> None:
        try:
            save_service(self.address.text().strip(), self.user.text().strip())
        except GaplistenError as error:
            self._say(tr_said(error), warns=True)
            return
        except OSError as error:
            self._say(tr("The settings cannot be written ({strerror})", strerror=error.strerror), warns=True)
            return
        self.saved.emit()
        self.accept()


def where_token_is(user: str) -> str:
    """Return in words where the token is, or how to put it there; never the token."""
    if os.environ.get(PLCMOS.token_variable, "").strip():
        return tr("found in the environment ({token_variable})", token_variable=PLCMOS.token_variable)
    if not user:
        return tr(
            "set {token_variable}, or keep it in the system's keyring", token_variable=PLCMOS.token_variable
        )
    try:
        find_token(user)
    except GaplistenError as error:
        return f"{tr_said(error.fact)}: {tr_said(error.way_out)}"
    return tr("found in the system's keyring, for {user}", user=user)
