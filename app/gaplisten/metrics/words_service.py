"""Word accuracy by a service: what the score is; `gaplisten.exchange.words_service` asks the service."""

from __future__ import annotations

import math

from gaplisten.metrics.contract import Implementation, Metric, left_to_service
from gaplisten.metrics.word_accuracy import WORDS
from gaplisten.metrics.words import NORMALISER

RATE = 16000

METRIC = Metric(
    name="wacc_service",
    title="Word accuracy (a service)",
    short="WAcc service",
    needs_words=True,
    hears_silence=True,
    rates=(RATE,),
    range=(-math.inf, 1.0),
    source="1 - errors / words; the service's model and the normaliser are named with each figure",
    seconds=(0.1, 300.0),
    weight=WORDS,
    service="speech recognition service",
    version=NORMALISER,
)

PLACE = 61
IMPLEMENTATIONS = (Implementation(METRIC, left_to_service),)
