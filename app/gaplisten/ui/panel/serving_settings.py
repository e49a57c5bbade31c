"""The settings with which a panel is served to browsers: the options of `panel serve`, in fields."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtNetwork import QAbstractSocket, QNetworkInterface
from PySide6.QtWidgets import QFormLayout, QLineEdit, QWidget

from gaplisten.ui.fields import ChoiceField, NumberField, WholeField
from gaplisten.ui.panel.path_row import PathRow
from gaplisten.ui.translation import tr

_IDLE_MINUTES = 30.0  # as of `panel serve`
# What the server calls what is set here.
FIELDS: Mapping[str, str] = {
    "--done": tr("At the end"),
    "--frame": tr("Sites that frame it"),
    "--trust-proxy": tr("Proxies"),
    "--port": tr("Port"),
    "--host": tr("Reached by"),
    "--ratings": tr("Ratings"),
    "--idle-minutes": tr("Closed when idle"),
}


class ServingSettings(QWidget):
    """What the server is told; it is read as the server starts.

    Signals
    -------
    moved
        Links lead elsewhere now.
    placed
        Ratings and links lie in another folder now: it was typed to its end, or chosen.
    """

    moved = Signal()
    placed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.reach = ChoiceField(self)
        self.reach.addItem(tr("this machine only (or a proxy on it)"), "127.0.0.1")
        self.reach.addItem(tr("everybody in this network (plain http)"), "0.0.0.0")
        self.port = WholeField(self, minimum=0, maximum=65535, value=8000)
        self.port.setSpecialValueText(tr("any that is free"))
        self.address = QLineEdit(self)
        self.address.setToolTip(tr("How listeners reach the server: another name, or a proxy's address"))
        self.ratings = PathRow(tr("Ratings"), parent=self)
        self.ratings.line.setPlaceholderText(tr("in the panel's folder"))
        self.ratings.setToolTip(
            tr("Where ratings and links lie, if not in the panel's folder; commands want --ratings then")
        )
        self.idle = NumberField(
            self, minimum=0.1, maximum=100_000.0, value=_IDLE_MINUTES, decimals=1, suffix=" min"
        )
        self.idle.setToolTip(
            tr("A session that stands still for so long is closed; it goes on when the listener does")
        )
        self.at_end = self._words(
            tr("an address, or a code to copy"), tr("With sections: one for each, parted by spaces")
        )
        self.screened_out = self._words(
            tr("an address, or a code"), tr("For who did not agree, or failed a check before")
        )
        self.failed = self._words(tr("as at the end"), tr("For who failed checks within the test"))
        self.frames = self._words(
            "https://www.mturk.com", tr("Crowd platforms that show the test in their own page")
        )
        self.proxies = self._words(
            "127.0.0.1", tr("Addresses that may say for whom they ask; nobody by itself")
        )
        self.reach.currentIndexChanged.connect(lambda _: self.moved.emit())
        self.port.valueChanged.connect(lambda _: self.moved.emit())
        self.address.textChanged.connect(lambda _: self.moved.emit())
        self.ratings.settled.connect(self.placed)
        self._lay_out()

    def _words(self, example: str, tip: str) -> QLineEdit:
        made = QLineEdit(self, placeholderText=example)
        made.setToolTip(tip)
        return made

    def _lay_out(self) -> None:
        form = QFormLayout(self)
        rows: tuple[tuple[str, QWidget], ...] = (
            (tr("&Reached by"), self.reach),
            (tr("P&ort"), self.port),
            (tr("A&ddress in links"), self.address),
            (tr("Rat&ings"), self.ratings),
            (tr("Closed &when idle"), self.idle),
            (tr("At the &end"), self.at_end),
            (tr("Screened o&ut"), self.screened_out),
            (tr("&Failed"), self.failed),
            (tr("Sites that fra&me it"), self.frames),
            (tr("Pro&xies"), self.proxies),
        )
        for name, field in rows:
            form.addRow(name, field)
            field.setAccessibleName(name.replace("&", ""))

    @property
    def host(self) -> str:
        """Where the server listens."""
        return str(self.reach.currentData())

    @property
    def seen_by_all(self) -> bool:
        """Whether other machines may reach it."""
        return self.reach.currentIndex() > 0

    @property
    def reached_at(self) -> str:
        """The name by which this machine is reached, as far as is known here."""
        return own_address() if self.seen_by_all else self.host

    def words(self, sections: int, ratings: Path | None) -> list[str]:
        """Return the options of `panel serve` for what stands in the fields.

        Parameters
        ----------
        ratings
            The folder of ratings, where it is not the panel's own.
        """
        found = ["--host", self.host, "--port", str(self.port.value())]
        found += ["--ratings", str(ratings)] if ratings is not None else []
        found += ["--idle-minutes", f"{self.idle.value():g}"] if self.idle.value() != _IDLE_MINUTES else []
        done = self.at_end.text()
        several = (
            ("--done", done.split() if sections > 1 else [done.strip()]),
            ("--frame", self.frames.text().split()),
            ("--trust-proxy", self.proxies.text().split()),
        )
        found += [word for option, given in several for one in given if one for word in (option, one)]
        for option, field in (("--screened-out", self.screened_out), ("--failed", self.failed)):
            found += [option, field.text().strip()] if field.text().strip() else []
        return found


def own_address() -> str:
    """Return this machine's address in its network; that of itself where it has none."""
    for one in QNetworkInterface.allAddresses():
        if one.protocol() == QAbstractSocket.NetworkLayerProtocol.IPv4Protocol and not one.isLoopback():
            return one.toString()
    return "127.0.0.1"
