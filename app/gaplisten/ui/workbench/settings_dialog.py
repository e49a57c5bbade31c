"""The user's settings: how the window looks and plays, and where plugins lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gaplisten import folders, languages
from gaplisten.bench.loop_edges import LOOP_EDGES
from gaplisten.bench.settings import SWITCHING, THEMES, Settings, is_there
from gaplisten.ui.fields import ChoiceField, NumberField
from gaplisten.ui.translation import tr
from gaplisten.ui.widgets import QuietLabel, letter_scale

_THEMES = dict(zip(THEMES, (tr("As the system"), tr("Light"), tr("Dark")), strict=True))
_SWITCHING = dict(zip(SWITCHING, (tr("Fade out, then in (BS.1534-3)"), tr("Cross-fade")), strict=True))
_EDGES = dict(zip(LOOP_EDGES, (tr("Anywhere"), tr("At packet edges"), tr("At zero crossings")), strict=True))


class SettingsDialog(QDialog):
    """The settings, and buttons for what is set in dialogs of its own.

    Parameters
    ----------
    elsewhere
        Commands that open those.
    """

    def __init__(
        self, settings: Settings, elsewhere: Sequence[QAction] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._settings = settings
        self.theme = self._choice(tr("Theme"), _THEMES, settings.theme)
        names = {code: languages.window_name(code) for code in languages.window_codes()}
        self.language = self._choice(
            tr("Language"), {"system": tr("As the system"), **names}, settings.language
        )
        self.language.setToolTip(tr("Takes effect at the next start; panels have a language of their own"))
        self.level = self._number(-60, 0, settings.level_dbov, " dBov", tr("Speech level"))
        self.level.setToolTip(tr("Applies from the next clip on: one gain per clip, the same for all lanes"))
        self.switching = self._choice(tr("Switching"), _SWITCHING, settings.switching)
        self.fade = self._number(1, 50, settings.switching_ms, " ms", tr("Length of the fade"))
        self.context = self._number(0, 5000, settings.context_ms, " ms", tr("Context around a gap"))
        self.edges = self._choice(tr("Loop edges"), _EDGES, settings.loop_edges)
        self.places = QListWidget(self)
        self.places.setAccessibleName(tr("Folders of plugins"))
        self.places.setToolTip(tr("Beside your own plugin folder; of two plugins of one name these win"))
        self.places.setMaximumHeight(round(90 * letter_scale(self)))
        for place in settings.plugin_folders:
            self._list(place)
        self.add = QPushButton(tr("Add…"), self)
        self.remove = QPushButton(tr("Remove"), self)
        self.add.clicked.connect(self._ask)
        self.remove.clicked.connect(self._take_away)
        self.places.currentRowChanged.connect(self._enable)
        self._enable()
        layout = QVBoxLayout(self)
        layout.addLayout(self._form())
        layout.addLayout(self._others(elsewhere))
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)

    def _form(self) -> QFormLayout:
        form = QFormLayout()
        for field in (
            self.theme,
            self.language,
            self.level,
            self.switching,
            self.fade,
            self.context,
            self.edges,
        ):
            form.addRow(field.accessibleName(), field)
        form.addRow(
            tr("Plugins"),
            QuietLabel(tr("Your own: {user_plugins}", user_plugins=folders.user_plugins()), self, wrap=True),
        )
        beside = QHBoxLayout()
        beside.addWidget(self.places, 1)
        column = QVBoxLayout()
        column.addWidget(self.add)
        column.addWidget(self.remove)
        column.addStretch(1)
        beside.addLayout(column)
        label = QLabel(tr("More folders"), self)
        label.setBuddy(self.places)
        form.addRow(label, beside)
        return form

    def _others(self, elsewhere: Sequence[QAction]) -> QHBoxLayout:
        line = QHBoxLayout()
        for action in elsewhere:
            button = QPushButton(action.text().replace("&", ""), self)
            button.setAutoDefault(False)
            button.clicked.connect(action.trigger)
            line.addWidget(button)
        line.addStretch(1)
        return line

    def _number(self, low: float, high: float, value: float, unit: str, name: str) -> NumberField:
        field = NumberField(self, minimum=low, maximum=high, decimals=0, value=value, suffix=unit)
        field.setAccessibleName(name)
        return field

    def _choice(self, name: str, texts: dict[str, str], chosen: str) -> ChoiceField:
        field = ChoiceField(self)
        for value, text in texts.items():
            field.addItem(text, value)
        field.setCurrentIndex(field.findData(chosen))
        field.setAccessibleName(name)
        return field

    # -- folders of plugins ---------------------------------------------------------------------------

    @property
    def listed(self) -> tuple[str, ...]:
        """The folders as they are listed."""
        rows = range(self.places.count())
        return tuple(str(self.places.item(row).data(Qt.ItemDataRole.UserRole)) for row in rows)

    def _list(self, place: str) -> None:
        item = QListWidgetItem(place if is_there(place) else tr("{place} (not there)", place=place))
        item.setData(Qt.ItemDataRole.UserRole, place)
        item.setToolTip(place)
        self.places.addItem(item)

    def _ask(self) -> None:
        place = QFileDialog.getExistingDirectory(self, tr("Folder of Plugins"), "")
        if place and place not in self.listed:
            self._list(place)
            self.places.setCurrentRow(self.places.count() - 1)

    def _take_away(self) -> None:
        self.places.takeItem(self.places.currentRow())
        self._enable()

    def _enable(self, _row: int = -1) -> None:
        self.remove.setEnabled(self.places.currentRow() >= 0)

    def settings(self) -> Settings:
        """Return the settings as the fields say."""
        return replace(
            self._settings,
            theme=self.theme.currentData(),
            language=self.language.currentData(),
            level_dbov=self.level.value(),
            switching=self.switching.currentData(),
            switching_ms=self.fade.value(),
            context_ms=self.context.value(),
            loop_edges=self.edges.currentData(),
            plugin_folders=self.listed,
        )
