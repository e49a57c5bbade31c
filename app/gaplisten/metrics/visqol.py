"""ViSQOL, speech mode: similarity of spectrograms, patch by patch, each sought near its place.

As Google's program does it by default, with its deep lattice; computed by the package visqol-python.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from gaplisten.metrics.contract import Implementation, Material, Metric


def _installed() -> str:
    """Return the version of the package, whose name is not that of its module."""
    try:
        return version("visqol_python")
    except PackageNotFoundError:
        return "missing"


METRIC = Metric(
    name="visqol",
    title="ViSQOL (speech)",
    short="ViSQOL",
    needs_reference=True,
    rates=(16000,),
    range=(1.0, 5.0),
    unit="MOS",
    source="Chinen et al., QoMEX 2020; visqol-python, deep lattice; not validated for concealment",
    seconds=(1.0, 60.0),
    requires=("visqol", "ai_edge_litert"),
    extra="visqol",
    version=f"speech lattice {_installed()}",
)


@lru_cache(maxsize=1)
def _api() -> Any:
    from visqol import VisqolApi

    api = VisqolApi()
    api.create(mode="speech", use_lattice_model=True)
    return api


def compute(material: Material) -> float:
    """Return the predicted opinion of a version."""
    reference, degraded = (side.astype("float64") for side in material.whole)
    return float(_api().measure_from_arrays(reference, degraded, sample_rate=material.rate).moslqo)


PLACE = 35
IMPLEMENTATIONS = (Implementation(METRIC, compute),)
