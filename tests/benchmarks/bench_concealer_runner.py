"""From a changed parameter to the concealed lane, and what the catalogue costs at start."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from figures import Figure

from gaplisten.audio.signal import Signal
from gaplisten.concealers.cache import Cache
from gaplisten.concealers.catalogue import Catalogue
from gaplisten.concealers.runner import Runner
from gaplisten.loss.trace import LossTrace

RATE, SECONDS, PACKET = 16_000, 10.0, 320
CLASSICAL = {
    "repeat_fade": "mute_after",
    "wsola": "expand",
    "lpc_noise": "mute_after",
}
WITHOUT_PARAMETER = ("g711_appendix1", "gaplisten_hybrid")


def measure(quick: bool = False) -> Iterator[Figure]:
    """Yield times against the targets; each p95 is over many changes of one parameter."""
    with _home() as home:
        yield from _catalogue()
        yield from _changes(home, 20 if quick else 60)


@contextmanager
def _home() -> Iterator[Path]:
    before = os.environ.get("GAPLISTEN_HOME")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GAPLISTEN_HOME"] = folder
        try:
            yield Path(folder)
        finally:
            os.environ.pop("GAPLISTEN_HOME")
            if before is not None:
                os.environ["GAPLISTEN_HOME"] = before


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return 1000.0 * (time.perf_counter() - began)


def _catalogue() -> Iterator[Figure]:
    cold = _timed(Catalogue.scan)
    count = f"{len(Catalogue.scan().entries)} plugins"
    warm = float(np.median([_timed(Catalogue.scan) for _ in range(20)]))
    catalogue = Catalogue.scan()
    poll = float(np.median([_timed(catalogue.changed) for _ in range(20)]))
    yield Figure("catalogue, all plugins new", cold, "ms", 2000.0, "<=", count)
    yield Figure("catalogue, all plugins known", warm, "ms", 50.0, "<=", count)
    yield Figure("looking for changed plugins", poll, "ms")


def _speech() -> tuple[Signal, LossTrace]:
    """Return ten seconds of something like voiced speech, and 20 % random loss."""
    random = np.random.default_rng(0)
    time_axis = np.arange(round(RATE * SECONDS)) / RATE
    pitch = 2 * np.pi * (120 * time_axis + 3 * np.sin(2 * np.pi * 0.7 * time_axis))
    voiced = sum(np.sin(k * pitch) / k for k in range(1, 20))
    samples = 0.1 * voiced * (1 + np.sin(2 * np.pi * 3 * time_axis)) + 0.003 * random.standard_normal(
        time_axis.size
    )
    lost = random.random(time_axis.size // PACKET) < 0.2
    return Signal.of(samples, RATE), LossTrace.of_packets(lost, PACKET, RATE)


def _changes(home: Path, count: int) -> Iterator[Figure]:
    speech, trace = _speech()
    catalogue = Catalogue.scan()
    with Runner(workers=2, cache=Cache(home / "kept")) as runner:
        for name in (*CLASSICAL, *WITHOUT_PARAMETER):
            entry = catalogue.get(name)

            def change(step: int, name: str = name, entry: object = entry) -> object:
                settings = {CLASSICAL[name]: 40.0 + 0.25 * step} if name in CLASSICAL else {}
                # Without a parameter to move, one packet of the trace changes, as if painted.
                lost = trace.lost.copy()
                lost[step] ^= True
                return runner.submit(
                    entry, settings, speech, LossTrace.of_packets(lost, PACKET, RATE)
                ).result()  # type: ignore[arg-type]

            change(0)
            times = [_timed(lambda step=step: change(step)) for step in range(1, count + 1)]
            note = f"median {np.median(times):.1f} ms, {count} changes"
            yield Figure(
                f"{name}: change to result, 10 s clip, p95",
                float(np.quantile(times, 0.95)),
                "ms",
                150.0,
                "<=",
                note,
            )
            again = float(np.median([_timed(lambda: change(1)) for _ in range(10)]))
            yield Figure(f"{name}: back to an earlier setting", again, "ms")
