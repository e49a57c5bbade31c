"""Words under the lanes: what a recogniser hears in each, and which words died in a gap."""

from __future__ import annotations

from PySide6.QtCore import QObject

from gaplisten.bench.lane_words import MOST_SECONDS, LaneWords, recogniser_at_hand
from gaplisten.metrics.recognisers import described, recognisers, trouble_of
from gaplisten.ui.actions import section
from gaplisten.ui.lanes.scene import Word
from gaplisten.ui.shell import Pane, Shell
from gaplisten.ui.translation import tr

_SHOW = "view.words"
COMMANDS = section("View", "draw", checkable=True)(
    (
        _SHOW,
        "Recognised Words",
        "Ctrl+Shift+W",
        "Write under each lane what is heard, and what died in a gap",
    ),
)


class Words(QObject):
    """Listens to the lanes while it is asked to, and writes what is heard under them."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._controller = shell, shell.controller
        self.words = LaneWords()
        self._told = ""
        shell.controller.look_after(self.words)
        self.words.changed.connect(self._write)
        signals = shell.signals
        for signal in (signals.lanes_changed, signals.lane_changed, signals.trace_changed):
            signal.connect(self._on_lanes)
        shell.actions.bind(_SHOW, self._switch)

    def _switch(self, on: bool) -> None:
        found = recogniser_at_hand() if on else None
        if on and found is None:
            reasons = "; ".join(f"{each.title} {trouble_of(each)}" for each in recognisers().values())
            self._shell.say(tr("no recogniser can be used: {reasons}", reasons=reasons))
            self._shell.actions.check(_SHOW, False)
            return
        if found is not None:
            warning = f" ({found.warning})" if found.warning else ""
            self._shell.say(
                tr("listening by {described}{warning}", described=described(found), warning=warning)
            )
        self._told = ""
        self.words.want(found)

    def _on_lanes(self) -> None:
        self.words.show(self._controller.lanes, self._controller.trace)

    def _write(self) -> None:
        lanes = self._controller.lanes
        found = {lane.ident: self.words.words(lane) for lane in lanes}
        self._shell.display.show_words(
            {
                ident: tuple(Word(each.text, each.start, each.stop, each.died) for each in words)
                for ident, words in found.items()
                if words
            }
        )
        if self._shell.actions[_SHOW].isChecked():
            self._tell()

    def _tell(self) -> None:
        """Say once why there are no words."""
        failures = (self.words.failure(lane) for lane in self._controller.lanes)
        long = (
            tr("clips over {most_seconds:g} s are not listened to", most_seconds=MOST_SECONDS)
            if self.words.too_long
            else ""
        )
        said = long or next(filter(None, failures), "")
        if said and said != self._told:
            self._shell.say(said)
        self._told = said


PANE = Pane("words", Words, COMMANDS, place=62)
