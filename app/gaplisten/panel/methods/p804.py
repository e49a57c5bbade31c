"""Perceptual dimensions of one recording on seven scales at once (ITU-T P.804, as the P.808 Toolkit asks it).

Five scales describe what was heard by its two poles, 5 for nothing wrong: noisiness, loudness, discontinuity
(that of lost packets), coloration, reverberation; the sixth is the speech signal of P.835, the last the
overall quality. All stand on one page and are answered after one hearing. A gold recording has an expected
answer on some of the scales, all of which must be met within one; a trap asks for the best or the worst on
every scale.
"""

from __future__ import annotations

from gaplisten.panel.dialog_options import SPOKEN_TRAPS, known_answers
from gaplisten.panel.methods.contract import Method

OVERALL = "overall"
SCALES = (
    "noisiness",
    "loudness",
    "discontinuity",
    "coloration",
    "reverberation",
    "signal",
    OVERALL,
)

METHOD = Method(
    name="p804",
    title="P.804, seven dimensions",
    result="MOS",
    place=25,
    scales=SCALES,
    checked=OVERALL,
    together=True,
    every_scale=True,
    checks=("clear_good", "clear_bad", "reference_repeats", "files", "spoken"),
    reference_conditions=True,
    dialog=(*known_answers("clear_good", "clear_bad", "reference_repeats"), SPOKEN_TRAPS),
)
