"""Speech, background and overall quality of one recording (ITU-T P.835): three ratings, three hearings.

The overall quality is asked for last; of the other two, half of the listeners are asked about the signal
first and half about the background. Checks with a known answer are judged by the overall quality, as in the
P.808 Toolkit.
"""

from __future__ import annotations

from dataclasses import dataclass

from gaplisten.panel.dialog_options import SPOKEN_TRAPS, known_answers
from gaplisten.panel.methods.contract import Method

SIGNAL, BACKGROUND, OVERALL = "signal", "background", "overall"


@dataclass(frozen=True)
class ThreeRatings(Method):
    """One recording on three scales."""

    def order_of_scales(self, index: int) -> tuple[str, ...]:
        """Return signal or background first, in turns, and overall at the end."""
        return self.scales if index % 2 == 0 else (BACKGROUND, SIGNAL, OVERALL)


METHOD = ThreeRatings(
    name="p835",
    title="P.835, signal, background, overall",
    result="MOS",
    place=20,
    scales=(SIGNAL, BACKGROUND, OVERALL),
    checked=OVERALL,
    hear_each=True,
    checks=("clear_good", "clear_bad", "reference_repeats", "files", "spoken"),
    dialog=(*known_answers("clear_good", "clear_bad", "reference_repeats"), SPOKEN_TRAPS),
)
