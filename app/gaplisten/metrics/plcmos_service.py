"""PLC-MOS of a service: what the score is; `gaplisten.exchange.plcmos_service` asks the service for it."""

from __future__ import annotations

from gaplisten.metrics.contract import Implementation, Metric, left_to_service

RATE = 16000

METRIC = Metric(
    name="plcmos_service",
    title="PLC-MOS of a service",
    needs_reference=True,
    rates=(RATE,),
    range=(1.0, 5.0),
    unit="MOS",
    source="the service's model; Diener et al., INTERSPEECH 2023, describe PLC-MOS",
    seconds=(1.0, 120.0),
    service="PLC-MOS service",
)

PLACE = 60
IMPLEMENTATIONS = (Implementation(METRIC, left_to_service),)
