"""One screen of a panel: what sounds, what is asked, and nothing else to look at."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gaplisten.panel.rules import Refusal, lacking
from gaplisten.panel.scales import Scale
from gaplisten.panel.session import Session
from gaplisten.panel.taking import lost
from gaplisten.panel.trial import WHOLE_TRIAL, Block, Playing, Trial, Vote
from gaplisten.panel.trial import Response as Asked
from gaplisten.ui.panel.elimination import Elimination
from gaplisten.ui.panel.listening import TrialPlayer
from gaplisten.ui.panel.remarks import Remarks
from gaplisten.ui.panel.responses import Categories, Response, Sliders
from gaplisten.ui.panel.switching import LoopRow, SlotRow
from gaplisten.ui.panel.texts import emptied, fit_type, heading, paragraph, quiet
from gaplisten.ui.panel.together import ScalesTogether
from gaplisten.ui.panel.trial_keys import TrialKeys
from gaplisten.ui.panel.turns import TurnRow
from gaplisten.ui.theme import waiting_colour

# What is chosen must be unmistakable, for slots, answers and tags alike; words and place tell it too.
_LOOK = "background: palette(highlight); color: palette(highlighted-text); font-weight: bold"
# Answers that may not be given yet are read all the same: the scale is part of the question.
_WAITING = "QPushButton[answer=true]:disabled"
_CHOSEN = f"QPushButton:checked {{ {_LOOK} }}"
_NAMING = (Refusal.ALL_HEARD, Refusal.ALL_TO_END, Refusal.UNRATED_SOME)


class TrialPage(QWidget):
    """Plays, asks, and says why something may not be done yet.

    Signals
    -------
    left
        The listener goes on and the rules allow it; the window saves, then shows the next trial.
    copy_wanted
        Saving failed, and what was saved before shall be written to another place too.
    told
        ``(label)``: a message stands there and wants to be seen.
    """

    WIDTH = 860

    left = Signal()
    copy_wanted = Signal()
    told = Signal(QWidget)

    def __init__(self, player: TrialPlayer, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._player, self._session = player, session
        self._words = session.texts
        self._asked = ""  # the scale that is answered now
        self._response: Response | None = None
        self._message_stays = False
        self._build()
        self.setStyleSheet(f"{_CHOSEN} {_WAITING} {{ color: {waiting_colour().name()} }}")
        self._keys = TrialKeys(self, self)
        player.changed.connect(self._show_state)
        player.refused.connect(self._refuse)

    # --- construction ------------------------------------------------------------------------------

    def _build(self) -> None:
        self._count = paragraph("", centred=True, quiet=True)
        self._block = paragraph("", centred=True)
        self._part = paragraph("", centred=True, quiet=True)
        self._heading = heading("")
        self._instruction = paragraph("", centred=True, quiet=True)
        self._play = QPushButton()
        self._play.setMinimumSize(200, 52)
        self._play.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._play.clicked.connect(self.toggle)
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        # Where there is no sound the reason stands beside the button that would make it.
        self._reason = paragraph("", centred=True)
        self._loop_row = LoopRow(self._player, self._words)
        self._slot_row = SlotRow(self._words)
        self._slot_row.chosen.connect(self.choose_slot)
        self._turn_row = TurnRow()
        self._key_hint = ""  # stands where messages come, until there is one
        self._answers = QVBoxLayout()
        self._remarks = Remarks(self._words["comment"])
        self._remarks.said.connect(self._session.comment)
        self._message = paragraph("", centred=True)
        self._copy = QPushButton(self._words["save_copy"])
        self._copy.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._copy.clicked.connect(self.copy_wanted)
        self._copy.hide()
        self._next = QPushButton()
        self._next.setMinimumSize(200, 48)
        self._next.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._next.clicked.connect(self.go_on)
        self._lay_out()

    def _lay_out(self) -> None:
        column = self.column = QVBoxLayout()
        column.setSpacing(10)
        column.addWidget(self._count)
        column.addWidget(self._block)
        column.addStretch(1)
        playing = QHBoxLayout()
        playing.addStretch(1)
        playing.addWidget(self._play)
        playing.addWidget(self._turn_row)
        playing.addStretch(1)
        column.addLayout(playing)
        column.addWidget(self._bar)
        column.addWidget(self._loop_row)
        column.addWidget(self._reason)
        column.addWidget(self._slot_row)
        column.addStretch(1)
        column.addWidget(self._part)
        column.addWidget(self._heading)
        column.addWidget(self._instruction)
        column.addLayout(self._answers, 40)
        column.addStretch(1)
        column.addWidget(self._remarks)
        column.addWidget(self._message)
        column.addWidget(self._copy, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._next, alignment=Qt.AlignmentFlag.AlignHCenter)
        middle = self.middle = QWidget()
        middle.setMaximumWidth(self.WIDTH)
        middle.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        middle.setLayout(column)
        row = QHBoxLayout(self)
        row.addStretch(1)
        row.addWidget(middle, 20)
        row.addStretch(1)

    # --- a trial -----------------------------------------------------------------------------------

    def show_trial(self, note: str = "") -> None:
        """Show the session's trial; `note` is said until the listener does something."""
        trial, progress = self._player.state.trial, self._session.progress
        counted = self._words["trial_count"].format(number=progress.done + 1, total=progress.total)
        self._count.setText(counted)
        self._block.setText(self._words["training"] if trial.block is Block.TRAINING else "")
        self._block.setVisible(trial.block is Block.TRAINING)
        self._slot_row.setVisible(self._player.switched)
        self._turn_row.setVisible(trial.playing is Playing.IN_TURN)
        self._turn_row.show_names(self._turns(trial))
        self._ask(trial.scales[0])
        definition = self._session.panel.definition
        self._remarks.ask(definition.tags, definition.comments)
        self._next.setText(self._words["next"])
        self._tell(note, stays=bool(note))
        self._loop_row.setVisible(self._player.may_loop)
        self.offer_copy(False)
        scales = [self._session.scales[name] for name in trial.scales]
        self._keys.show_trial(trial, sorted({digit for scale in scales for digit in self._digits(scale)}))
        self.setFocus()
        self._show_state()

    @property
    def _scale(self) -> Scale:
        """The wording of the scale that is answered now."""
        return self._session.scales[self._asked]

    def _ask(self, scale: str) -> None:
        """Ask on one of the trial's scales."""
        trial = self._player.state.trial
        self._asked = scale
        several = len(trial.scales) > 1
        self._part.setText(f"{trial.scales.index(scale) + 1} / {len(trial.scales)}" if several else "")
        self._part.setVisible(several and not trial.together)
        self._heading.setText(self._scale.heading if trial.together else self._scale.question)
        self._instruction.setText(self._scale.instruction)
        emptied(self._answers)
        self._make_response(trial)
        self.setFocus()  # the answers that had it are gone, and keys go where the focus is

    def _make_response(self, trial: Trial) -> None:
        asked = trial.response
        sliders = None
        self._together: ScalesTogether | None = None
        if trial.together:
            of = {name: self._session.scales[name] for name in trial.scales}
            self._response = self._together = ScalesTogether(of)
            self._together.answered.connect(self._answer_on)
            self._together.mark(self._asked)
        elif asked is Asked.PLACES:
            self._response = Elimination(trial, self._words)
        elif asked in (Asked.SLIDERS, Asked.GRADES):
            name = self._words["rating_of"]
            sliders = self._response = Sliders(self._scale, trial, asked is Asked.GRADES, name)
        else:
            self._response = Categories(self._scale, digits=bool(self._digits(self._scale)))
        if self._player.switched:
            self._slot_row.show_trial(trial, sliders)
        self._key_hint = self._words["keys_together"] if trial.together else self._keys_of(trial)
        self._response.voted.connect(self.vote)
        self._answers.addWidget(self._response)
        # The window fits whole pages; an answer that is made later is written as the rest of its page.
        fit_type(self._response, self._play.font().pointSizeF())

    def _turns(self, trial: Trial) -> list[str]:
        """Return what recordings that are played in turn are called."""
        if trial.playing is not Playing.IN_TURN:
            return []
        reference = self._words["reference"]
        names = (self._words["first"], self._words["second"])
        return [
            f"{name}: {reference}" if slot.named_reference else name
            for name, slot in zip(names, trial.slots, strict=False)
        ]

    def _keys_of(self, trial: Trial) -> str:
        """Return which keys work on this page."""
        if digits := self._digits(self._scale):
            name = "keys_scales" if len(trial.scales) > 1 else "keys_digits"
            return self._words[name].format(best=digits[0], worst=digits[-1])
        if not trial.switched:
            return self._words["keys_arrows"]
        if trial.response is Asked.PLACES:
            return self._words["keys_places"]
        return self._words["keys_sliders" if trial.rated_slots else "keys_choice"]

    def _digits(self, scale: Scale) -> tuple[int, ...]:
        """Return the digits that are answers: where nothing is switched and every answer is one digit."""
        values = tuple(value for value, _ in scale.labels if isinstance(value, int) and 0 <= value <= 9)
        asked = scale.response is Asked.CATEGORY and not self._player.switched
        return values if asked and len(values) == len(scale.labels) else ()

    # --- what the listener does --------------------------------------------------------------------

    def toggle(self) -> None:
        """Play or pause."""
        self._message_stays = False
        self._player.toggle()

    def restart(self) -> None:
        """Play from the beginning."""
        self._player.restart()

    def loop_from_here(self) -> None:
        """Repeat from the playhead on."""
        self._player.loop_from_here()

    def loop_to_here(self) -> None:
        """Repeat up to the playhead."""
        self._player.loop_to_here()

    def toggle_loop(self) -> None:
        """Repeat everything, or nothing."""
        self._player.toggle_loop()

    def choose_slot(self, index: int) -> None:
        """Hear another slot."""
        self._player.select(index)
        self._show_state()

    def step_slot(self, steps: int) -> None:
        """Hear the neighbouring slot, round and round."""
        if self._player.switched:
            self.choose_slot((self._player.slot + steps) % len(self._player.state.trial.slots))

    def vote(self, slot: int, vote: Vote) -> None:
        """Vote, if the rules allow it now; say why not otherwise."""
        refusal = self._session.rate(vote, slot, self._asked)
        if refusal is None:
            self._message_stays = False
            if self._together is not None:
                self._go_to(self._next_unanswered())
        else:
            self._refuse(refusal)
        self._show_votes()

    def nudge(self, steps: int) -> None:
        """Move the answer that the arrows belong to: of the slot that plays, or of the trial."""
        if self._response is None:
            return
        whole = not self._player.state.trial.rated_slots
        if self._together is not None:
            asked = self._asked
            self._together.nudge_scale(asked, steps)
            self._go_to(asked)  # it may go on being moved
            return
        self._response.nudge(WHOLE_TRIAL if whole else self._player.slot, steps)

    def vote_digit(self, digit: int) -> None:
        """Vote with the answer whose value is `digit`."""
        if any(value == digit for value, _ in self._scale.labels):
            self.vote(WHOLE_TRIAL, digit)

    def _answer_on(self, scale: str, vote: Vote) -> None:
        """Answer on one of several scales that stand on the page together."""
        self._asked = scale
        self.vote(WHOLE_TRIAL, vote)

    def _next_unanswered(self) -> str:
        """Return the next scale without an answer, round and round; the one at hand where there is none."""
        scales = self._player.state.trial.scales
        at = scales.index(self._asked)
        left = [scale for scale in (*scales[at:], *scales[:at]) if not self._answered(scale)]
        return left[0] if left else self._asked

    def _go_to(self, scale: str) -> None:
        """Make one of the scales that stand on the page together the one that keys answer."""
        self._asked = scale
        if self._together is not None:
            self._together.mark(scale)

    def write_comment(self) -> None:
        """Go to the comment."""
        self._remarks.go_to_comment()

    def step_scale(self, steps: int) -> None:
        """Go to the scale that is asked before, or after if this one is answered."""
        scales = self._player.state.trial.scales
        wanted = scales.index(self._asked) + steps
        if self._together is not None:
            self._go_to(scales[wanted % len(scales)])
            return
        if 0 <= wanted < len(scales) and (steps < 0 or self._answered(self._asked)):
            self._ask(scales[wanted])
            self._message_stays = False
            self._show_state()

    def _answered(self, scale: str) -> bool:
        state = self._player.state
        return all(key in state.votes for key in state.trial.wanted_votes if key[1] == scale)

    def go_on(self) -> None:
        """Go to the next scale, or leave the trial, if the rules allow it."""
        left = [scale for scale in self._player.state.trial.scales if not self._answered(scale)]
        if left and self._together is not None:
            self._go_to(self._asked if self._asked in left else self._next_unanswered())
        elif left and self._answered(self._asked):
            self._ask(left[0])
            self._message_stays = False
            self._show_state()
            return
        refusal = self._session.may_go_on()
        if refusal is not None:
            self._refuse(refusal)
            return
        self.left.emit()

    def undo(self) -> None:
        """Take back the last vote of this trial."""
        self._session.undo()
        self._show_state()

    def offer_copy(self, wanted: bool) -> None:
        """Show or hide the button that writes a copy elsewhere."""
        self._copy.setVisible(wanted)

    # --- what is shown -----------------------------------------------------------------------------

    def _refuse(self, refusal: Refusal) -> None:
        text = self._words[refusal.value]
        state, rules = self._session.state, self._session.rules
        if self._player.switched and refusal in _NAMING:
            # Of twelve recordings, which? Their letters are all that is known of them.
            text = f"{text.removesuffix('.')}: {self._slot_row.names(lacking(state, rules))}"
        self._tell(text, stays=True)

    def tell(self, text: str) -> None:
        """Show a message until the listener does something."""
        self._tell(text, stays=True)

    def _tell(self, text: str, stays: bool = False) -> None:
        self._message_stays = stays
        self._message.setText(text or self._key_hint)
        quiet(self._message, not text)
        if text:
            self.told.emit(self._message)

    def _show_votes(self) -> None:
        if self._response is not None and self._player.active:
            votes = self._player.state.votes
            if self._together is not None:
                self._together.show_scales({scale: vote for (_, scale), vote in votes.items()})
                return
            shown = {slot: vote for (slot, scale), vote in votes.items() if scale == self._asked}
            self._response.show_votes(shown)

    def _show_state(self) -> None:
        if not self._player.active or self._response is None:
            return
        playing, output = self._player.playing, self._player.output
        silent = lost(output)
        self._play.setText(self._words["again" if silent else "pause" if playing else "play"])
        self._play.setEnabled(output.available or silent)
        self._bar.setValue(round(1000 * self._player.progress))
        if self._player.switched:
            self._slot_row.mark(self._player.slot)
        self._show_votes()
        self._loop_row.show_loop()
        state = self._player.state
        slots = state.trial.rated_slots or (WHOLE_TRIAL,)
        self._response.allow([slot for slot in slots if self._session.may_rate(slot, self._asked) is None])
        self._next.setProperty("ready", self._session.may_go_on() is None)
        self._turn_row.mark(self._player.sounding)
        # What an output says of itself is for the people who run the test; a device that went away and came
        # back at once leaves a pause only.
        interrupted = self._player.interrupted and not playing
        reason = (
            self._words["sound_lost"] if silent else self._words["sound_interrupted"] if interrupted else ""
        )
        self._reason.setText(reason)
        self._reason.setVisible(bool(reason))
        if not self._message_stays:
            self._tell("")
