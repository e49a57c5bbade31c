"""Absolute category rating of listening quality (ITU-T P.800, Annex B): one recording, one category."""

from __future__ import annotations

from gaplisten.panel.dialog_options import SPOKEN_TRAPS, known_answers
from gaplisten.panel.methods.contract import Method

METHOD = Method(
    name="acr",
    title="ACR, listening quality",
    result="MOS",
    place=10,
    checks=("clear_good", "clear_bad", "reference_repeats", "files", "spoken"),
    dialog=(*known_answers("clear_good", "clear_bad", "reference_repeats"), SPOKEN_TRAPS),
    reference_conditions=True,
)
