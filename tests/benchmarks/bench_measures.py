"""How often each per-gap measure flags controls, codecs, good concealers and planted artefacts.

    python3 run.py bench measures              figures beside their targets
    python3 tests/benchmarks/bench_measures.py the table of docs/measures.md, in Markdown
    python3 tests/benchmarks/bench_measures.py --other FOLDER    with a column for the speech of that folder

Speech: the bundled demo, and where they lie (`GAPLISTEN_PROMPTS` names another folder) two clips of each
voice of Debian's asterisk-core-sounds-{en,es,fr,it,ru}-g722, the ones after those that thresholds were set
on. A third of the clips is measured with noise at 10 dB too. tPLCnet_s takes part where
`GAPLISTEN_TPLCNET` names its .tflite file. Intervals are of 95 %, by drawing clips with replacement: gaps of
one clip are alike.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]

import measure_material as material
from figures import Figure

from gaplisten.loss.measures import MEASURES, GapTable, Measure, measure_gaps

SEED = 900
SHIFTS = {"1.5 ms later at each gap": 1.5, "0.5 ms later at each gap": 0.5, "4 ms earlier at each gap": -4.0}
SHIFT_NAMES = ("drift", "lag_jump")
FLAGGED = tuple(measure for measure in MEASURES if measure.threshold is not None)
CONTROL_TARGET, NET_TARGET, ARTEFACT_TARGET = 2.0, 20.0, 80.0


@dataclass
class Counts:
    """By measure (or "any", or "clip"): of each clip, how many of how many gaps are flagged."""

    of: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, flags: np.ndarray) -> None:
        """Count the gaps of one clip."""
        self.of[name].append((int(np.count_nonzero(flags)), len(flags)))

    def share(self, name: str) -> tuple[float, float, float]:
        """Return the share in per cent, and its interval over clips."""
        counts = np.array(self.of.get(name, []), float).reshape(-1, 2)
        if not counts[:, 1].sum():
            return float("nan"), float("nan"), float("nan")
        rng = np.random.default_rng(0)
        drawn = counts[rng.integers(len(counts), size=(2000, len(counts)))].sum(axis=1)
        shares = 100 * drawn[:, 0] / np.maximum(drawn[:, 1], 1)
        low, high = np.percentile(shares, (2.5, 97.5))
        return 100 * counts[:, 0].sum() / counts[:, 1].sum(), float(low), float(high)


Results = dict[tuple[str, str], Counts]  # by group ("control", "good", "artefact", "elsewhere") and name


def speech(quick: bool) -> dict[str, np.ndarray]:
    """Return the clips."""
    demo = material.demo_speech()
    if quick:
        return dict(list(demo.items())[:2])
    return demo | material.prompts(2, 2)


def collect(clips: Mapping[str, np.ndarray], seed: int, tell: Callable[[str], None] = print) -> Results:
    """Measure everything."""
    results: Results = defaultdict(Counts)
    for number, (name, clean) in enumerate(clips.items()):
        tell(f"  {name}")
        sounds = [clean]
        if number % 3 == 0:
            sounds.append(material.noisy(clean, material.NOISES[number // 3 % 3]))
        for sound in sounds:
            _losses(results, sound, seed + 10 * number)
            _artefacts(results, sound, seed + number)
    return results


def _losses(results: Results, sound: np.ndarray, seed: int) -> None:
    names = (*material.GOOD, *(["tPLCnet_s"] if material.TPLCNET else []))
    for kind, make in enumerate(material.LOSSES):
        lost = material.LOSSES[make](len(sound) // material.PACKET, seed + kind)
        versions = {} if kind else _faultless(sound)
        versions |= {("good", f"{name}, {make}"): material.concealed(name, sound, lost) for name in names}
        table = _table(sound, versions, lost)
        for key in versions:
            _count(results[key], table, key, np.ones(len(table.gaps), bool))


def _faultless(sound: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
    controls = {("control", title): made for title, made in material.controls(sound).items()}
    return controls | {
        ("coded", f"{title}, nothing lost"): made for title, made in material.coded(sound).items()
    }


def _artefacts(results: Results, sound: np.ndarray, seed: int) -> None:
    lost = material.apart(sound, seed)
    trace = material.trace_of(lost)
    planted = {
        ("artefact", each.title): material.planted(each, sound, trace, seed) for each in material.ARTEFACTS
    }
    planted |= {("artefact", name): material.shifted(sound, trace, ms) for name, ms in SHIFTS.items()}
    table = _table(sound, {key: made for key, (made, _) in planted.items()}, lost)
    for key, (_, heard) in planted.items():
        _count(results[key], table, key, heard)
        _count(results["not there", key[1]], table, key, ~heard)
        results[key].add("clip", np.array([bool(table.clip.get(str(key)))]))


def _table(sound: np.ndarray, versions: Mapping[tuple[str, str], np.ndarray], lost: np.ndarray) -> GapTable:
    signals = {str(key): material.as_signal(made) for key, made in versions.items()}
    return measure_gaps(material.as_signal(sound), signals, material.trace_of(lost))


def _count(counts: Counts, table: GapTable, key: tuple[str, str], where: np.ndarray) -> None:
    flags = {measure.key: table.flagged(str(key), measure.key) for measure in FLAGGED if not measure.among}
    for name, flagged in flags.items():
        counts.add(name, flagged[where])
    counts.add("any", np.any(list(flags.values()), axis=0)[where])
    for names in {each.names for each in material.ARTEFACTS} | {SHIFT_NAMES}:
        own = [flags[name] for name in names if name in flags]
        if own:
            counts.add("|".join(names), np.any(own, axis=0)[where])


def _own(title: str) -> tuple[str, ...]:
    return next((each.names for each in material.ARTEFACTS if each.title == title), SHIFT_NAMES)


def measure(quick: bool) -> Iterator[Figure]:
    """Yield the shares of flagged gaps beside their targets."""
    results = collect(speech(quick), SEED)
    for (group, name), counts in results.items():
        share, low, high = counts.share("any")
        note = f"95 % over clips: {low:.1f} to {high:.1f}"
        if group == "control":
            yield Figure(f"control {name}: gaps flagged", share, "%", CONTROL_TARGET, "<=", note)
        elif group in ("coded", "good"):
            target = NET_TARGET if name.startswith("tPLCnet_s, random") else None
            yield Figure(f"{name}: gaps flagged", share, "%", target, "<=", note)
        elif group == "artefact":
            names = _own(name)
            told = [each for each in names if each.startswith("clip:")]
            share, low, high = counts.share("clip" if told else "|".join(names))
            note = f"{', '.join(names)}; 95 % over clips: {low:.1f} to {high:.1f}"
            yield Figure(f"artefact {name}: flagged as such", share, "%", ARTEFACT_TARGET, ">=", note)


def markdown(results: Results, other: Results | None = None) -> str:
    """Return the tables of docs/measures.md.

    Parameters
    ----------
    other
        The same of other speech, in a column of its own.
    """
    head, rule = (" other speech |", "---|") if other is not None else ("", "")
    lines = [f"| version | gaps flagged, % |{head} by which measures, % |", f"|---|---|{rule}---|"]
    for (group, name), counts in results.items():
        if group in ("control", "coded", "good"):
            more = "" if other is None else f" {_cell(other[group, name], 'any')} |"
            lines.append(f"| {name} | {_cell(counts, 'any')} |{more} {_most(counts)} |")
    lines += [
        "",
        f"| artefact | flagged under its name, % |{head} where it is not, % | by any, % |",
        f"|---|---|{rule}---|---|",
    ]
    for (group, name), counts in results.items():
        if group == "artefact":
            names = _own(name)
            own = "clip" if names[0].startswith("clip:") else "|".join(names)
            absent = "" if own == "clip" else _cell(results["not there", name], own)
            said = ", ".join(f"`{each}`" for each in names)
            more = "" if other is None else f" {_cell(other[group, name], own)} |"
            lines.append(
                f"| {name} ({said}) | {_cell(counts, own)} |{more} {absent} | {_cell(counts, 'any')} |"
            )
    return "\n".join(lines)


def _cell(counts: Counts, name: str) -> str:
    share, low, high = counts.share(name)
    return "" if np.isnan(share) else f"{share:.1f} ({low:.1f} to {high:.1f})"


def _most(counts: Counts, least: float = 0.5, most: int = 6) -> str:
    shares: list[tuple[float, Measure]] = [
        (counts.share(each.key)[0], each) for each in FLAGGED if not each.among
    ]
    shares.sort(key=lambda each: -each[0])
    return ", ".join(f"`{each.key}` {share:.1f}" for share, each in shares[:most] if share >= least)


def _printed(words: list[str]) -> str:
    def tell(name: str) -> None:
        print(name, file=sys.stderr, flush=True)

    results = collect(speech("--quick" in words), SEED, tell)
    if "--other" not in words:
        return markdown(results)
    folder = Path(words[words.index("--other") + 1])
    return markdown(results, collect(material.recorded(folder), SEED + 7, tell))


if __name__ == "__main__":
    print(_printed(sys.argv[1:]))
