"""How good and how fast the bundled concealers are.

The ITU's vector; PLC-MOS v2, seeded with 23 before each call, on the scored clip and on other speech; and
time. Packets are 20 ms; random loss is ``default_rng(s).random(n) < p``, bursts are two-state loss with a
mean of three packets, seeds 0 to 4. Times are one core's processor time: other programs do not count.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import measure_material as material
import numpy as np
import soundfile
from figures import Figure

from gaplisten.statistics import student_mean
from kit import harness
from kit.real_clips import FOLDER as DATA

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "resources" / "demo" / "clean"
POCKETSPHINX = Path("/usr/share/pocketsphinx/test/data/librivox")  # Debian package pocketsphinx-testdata
RATE, PACKET = 16_000, 320
MASKS: dict[str, Callable[[int, int], np.ndarray]] = {
    "random 10 %": lambda n, seed: harness.random_loss(n, 0.1, seed),
    "random 20 %": lambda n, seed: harness.random_loss(n, 0.2, seed),
    "bursts 10 %": lambda n, seed: harness.bursty_loss(n, 0.1, seed),
    "bursts 20 %": lambda n, seed: harness.bursty_loss(n, 0.2, seed),
}
G711_ROW = (3.96, 3.04, 3.77, 3.01)  # what an implementation from the same prose scored
CLASSICAL_BEST = (3.96, 3.04, 4.00, 3.33)  # the best causal classical concealer of each column
NEURAL = (3.93, 3.30, 4.05, 3.59)  # tPLCnet_s
NSNET2_ROW = (2.39, 1.73, 3.36, 2.32)
TIMES_MS = {
    "zero_fill": 5,
    "repeat_fade": 5,
    "g711_appendix1": 30,
    "gaplisten_hybrid": 35,
    "burg_extrapolation": 300,
    "janssen_oracle": 3000,
    "wsola": None,
    "lpc_noise": None,
}


def measure(quick: bool = False) -> Iterator[Figure]:
    """Yield the figures; `quick` leaves the other speech out and times less often."""
    yield from _itu()
    yield from _times(9 if quick else 25)
    if not _have_plcmos():
        return
    yield from _on_the_scored_clip(range(5))
    yield from _on_real_clips()
    yield from _exits()
    yield from _in_noise(quick)
    if not quick:
        yield from _on_other_speech()


def _snr(wanted: np.ndarray, got: np.ndarray) -> float:
    return float(10 * np.log10((wanted**2).sum() / ((got - wanted) ** 2).sum()))


def _itu() -> Iterator[Figure]:
    folder = DATA / "itu_g711_appendix1"
    if not folder.is_dir():
        return
    signal = np.fromfile(folder / "f2.le", "<i2").astype(np.float32) / 32768
    for name, packet in (("10", 80), ("10_2", 80), ("10_2", 160)):
        wanted = np.fromfile(folder / f"f2_{name}.raw", "<i2").astype(np.float64) / 32768
        lost = np.resize(np.fromfile(folder / f"fe{name}.g192", "<u2") == 0x6B20, len(signal) // 80)
        got = harness.conceal(harness.load("g711_appendix1"), signal, lost[:: packet // 80], 8000, packet)
        after = np.repeat(np.append(False, lost[:-1]) & ~lost, 80)
        what = f"g711_appendix1 against the ITU's f2_{name}, packets of {packet // 8} ms"
        yield Figure(f"{what}, overall", _snr(wanted, got), "dB", 70, ">=")
        yield Figure(f"{what}, 10 ms after a loss", _snr(wanted[after], got[after]), "dB", 70, ">=")


def _read(path: Path) -> np.ndarray:
    samples, rate = soundfile.read(path, dtype="float32")
    assert rate == RATE, path
    return np.asarray(samples)


def _clip() -> np.ndarray:
    """Return 10 s of speech to time on: the scored clip, or the demo's when it is not there."""
    path = DATA / "plc_challenge_examples" / "clean.wav"
    if path.is_file():
        return _read(path)
    speech = np.concatenate([_read(path) for path in sorted(DEMO.glob("*.flac"))])
    return np.resize(speech, 10 * RATE).astype(np.float32)


def _times(runs: int) -> Iterator[Figure]:
    clip = _clip()
    lost = harness.random_loss(-(-len(clip) // PACKET), 0.2, 0)
    for name, target in TIMES_MS.items():
        module = harness.load(name)
        results = [_timed(module, clip, lost) for _ in range(runs)]
        yield Figure(f"{name}: 10 s at 20 % random loss", min(total for total, _ in results), "ms", target)
        if name in ("g711_appendix1", "gaplisten_hybrid"):
            yield Figure(f"{name}: p99 of a packet", min(p99 for _, p99 in results), "ms", 2)


def _timed(module: ModuleType, clip: np.ndarray, lost: np.ndarray) -> tuple[float, float]:
    """Return the time for the clip and the 99th percentile per packet (0 for whole-file plugins), in ms."""
    lossy = np.zeros((len(lost) * PACKET, 1), np.float32)
    lossy[: len(clip), 0] = clip
    lossy[np.repeat(lost, PACKET)] = 0
    cls = harness.streaming_class(module)
    if cls is None:
        began = time.thread_time()
        module.conceal(lossy, lost, RATE, PACKET)
        return 1000 * (time.thread_time() - began), 0.0
    packets = [None if gone else lossy[k * PACKET : (k + 1) * PACKET] for k, gone in enumerate(lost)]
    began = time.thread_time()
    plugin = cls(RATE, PACKET, 1)
    for samples in packets:
        plugin.packet(samples)
    total = 1000 * (time.thread_time() - began)
    plugin, marks = cls(RATE, PACKET, 1), [time.perf_counter()]  # again, for reading the clock takes time too
    for samples in packets:
        plugin.packet(samples)
        marks.append(time.perf_counter())
    return total, float(np.percentile(1000 * np.diff(marks), 99))


def _have_plcmos() -> bool:
    try:
        import speechmos.plcmos
    except ImportError:
        print("  speechmos is not installed: no PLC-MOS figures")
        return False
    return speechmos.plcmos is not None


def plcmos(samples: np.ndarray) -> float:
    """Return the seeded PLC-MOS of samples at 16 kHz."""
    from speechmos import plcmos as model

    state = np.random.get_state()
    np.random.seed(23)
    try:
        return float(model.run(np.clip(samples, -1, 1).astype(np.float64), RATE)["plcmos"])
    finally:
        np.random.set_state(state)


def _row(name: str, clips: Sequence[np.ndarray], seeds: Sequence[int], **parameters: Any) -> list[float]:
    """Return the mean PLC-MOS per kind of mask."""
    module = harness.load(name)
    cells = []
    for mask in MASKS.values():
        scores = []
        for clip in clips:
            packets = -(-len(clip) // PACKET)
            for seed in seeds:
                lost = mask(packets, seed)
                scores.append(plcmos(harness.conceal(module, clip, lost, RATE, PACKET, **parameters)))
        cells.append(float(np.mean(scores)))
    return cells


def _on_the_scored_clip(seeds: Sequence[int]) -> Iterator[Figure]:
    path = DATA / "plc_challenge_examples" / "clean.wav"
    if not path.is_file():
        return
    clip = _read(path)
    yield Figure("PLC-MOS of clean.wav (published 4.497762)", plcmos(clip), "MOS", 4.4977, ">=")
    for kind, got, row in zip(MASKS, _row("g711_appendix1", [clip], seeds), G711_ROW, strict=True):
        yield Figure(f"g711_appendix1, {kind}", got, "MOS", round(row - 0.1, 2), ">=")
    rows = zip(MASKS, _row("gaplisten_hybrid", [clip], seeds), CLASSICAL_BEST, NEURAL, strict=True)
    for kind, got, best, neural in rows:
        yield Figure(f"gaplisten_hybrid, {kind}", got, "MOS", best, ">=", f"tPLCnet_s {neural:.2f}")
    model = DATA / "nsnet2_plc_baseline" / "nsnetv2_converted.onnx"
    if model.is_file():
        got_row = _row("nsnet2_baseline", [clip], seeds, model=model)
        for kind, got, row in zip(MASKS, got_row, NSNET2_ROW, strict=True):
            yield Figure(f"nsnet2_baseline off its row, {kind}", abs(got - row), "MOS", 0.05, "<=")


def _on_real_clips() -> Iterator[Figure]:
    folder = DATA / "challenge2022" / "blind" / "lossy_signals"
    for path in sorted(folder.glob("*.wav")):
        lossy = _read(path)
        lost = np.array(
            [line == "1" for line in path.with_name(f"{path.stem}_is_lost.txt").read_text().split()]
        )
        scores = {
            name: plcmos(harness.conceal(harness.load(name), lossy, lost, RATE, PACKET))
            for name in ("g711_appendix1", "gaplisten_hybrid")
        }
        note = f"lossy {plcmos(lossy):.2f}, target is g711_appendix1"
        target = scores["g711_appendix1"]
        yield Figure(
            f"gaplisten_hybrid, challenge clip {path.stem}",
            scores["gaplisten_hybrid"],
            "MOS",
            target,
            ">=",
            note,
        )


def _exits() -> Iterator[Figure]:
    """How far exits click by the gap table's measure, on real clips that nothing was tuned on."""
    from gaplisten.loss.measures import measure_gaps

    paths = [DATA / "plc_challenge_examples" / "clean.wav"]
    paths += sorted((DATA / "challenge2022" / "X_CleanReference").glob("*.wav"))
    values: dict[str, list[float]] = {"1": [], "2-3": [], "4+": []}
    for path in (each for each in paths if each.is_file()):
        clip = _read(path)[: 10 * RATE]
        for number, mask in enumerate(MASKS.values()):
            for seed in range(5):
                lost = mask(len(clip) // PACKET, 100 * number + seed)
                out = harness.conceal(harness.load("gaplisten_hybrid"), clip, lost, RATE, PACKET)
                table = measure_gaps(
                    material.as_signal(clip), {"v": material.as_signal(out)}, material.trace_of(lost)
                )
                for facts, value in zip(table.gaps, table.column("v", "click_exit"), strict=True):
                    packets = facts.gap.packets or 0
                    values["1" if packets == 1 else "2-3" if packets < 4 else "4+"].append(float(value))
    for packets, found in values.items():
        if found:
            name = f"gaplisten_hybrid: exit click, p95, losses of {packets} packets"
            yield Figure(name, float(np.nanpercentile(found, 95)), "z", 4, "<=", f"{len(found)} losses")


def _in_noise(quick: bool) -> Iterator[Figure]:
    """How the hybrid does against G.711 Appendix I at a ratio of 10 dB, clip by clip."""
    speech = material.prompts(4, 2) or material.demo_speech()
    clips = list(speech.values())[: 3 if quick else 20]
    score_in = {"PLC-MOS": plcmos, "DNSMOS": _dnsmos}
    found: dict[str, list[float]] = {name: [] for name in score_in}
    for number, clip in enumerate(clips):
        sound = material.noisy(clip, material.NOISES[number % 3]).astype(np.float32)
        for kind in ("random 20 %", "bursts 20 %"):
            lost = MASKS[kind](len(sound) // PACKET, 700 + number)
            ours, anchor = (
                harness.conceal(harness.load(name), sound, lost, RATE, PACKET)
                for name in ("gaplisten_hybrid", "g711_appendix1")
            )
            for name, scored in score_in.items():
                found[name].append(scored(ours) - scored(anchor))
    for name, differences in found.items():
        per_clip = np.array(differences).reshape(-1, 2).mean(axis=1)
        mean = student_mean(per_clip.tolist())
        note = (
            f"95 % over {len(per_clip)} clips: {mean.low:.3f} to {mean.high:.3f}"
            if mean.low is not None
            else ""
        )
        yield Figure(
            f"gaplisten_hybrid less g711_appendix1 at 10 dB noise, {name}", mean.mean, "MOS", 0.05, ">=", note
        )


def _dnsmos(samples: np.ndarray) -> float:
    from gaplisten.metrics.catalogue import score

    return float(score("dnsmos", material.as_signal(np.clip(samples, -1, 1))).value or 0.0)


def _on_other_speech() -> Iterator[Figure]:
    """Other speech, other seeds: what the hybrid was tuned on is of this kind, the scored clip is not."""
    groups = {
        "flite demo": sorted(DEMO.glob("*.flac")),
        "pocketsphinx-testdata": sorted(POCKETSPHINX.glob("*.wav")),
    }
    for group, paths in groups.items():
        clips = [_read(path) for path in paths]
        if not clips:
            continue
        ours, anchor = (_row(name, clips, [100]) for name in ("gaplisten_hybrid", "g711_appendix1"))
        for kind, got, base in zip(MASKS, ours, anchor, strict=True):
            yield Figure(
                f"gaplisten_hybrid, {group}, {kind}", got, "MOS", base, ">=", "target is g711_appendix1"
            )
