"""Measure another clone of the project in turn with this one: `paired.py OTHER [NAME] [--rounds N]`.

Figures of one machine at two moments cannot be compared; medians of what was measured in turn can. Each clone
is measured by its own benchmark and its own interpreter.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]


def figures_of(clone: Path, name: str) -> dict[str, float]:
    """Run one of a clone's benchmarks; return its values by name."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        command = [str(clone / ".venv" / "bin" / "python"), str(clone / "tests" / "benchmarks" / "bench.py")]
        environment = os.environ | {"PYTHONPATH": str(clone / "app")}
        subprocess.run([*command, name, "--quick", "--json", str(out)], check=True, env=environment)
        return {each["name"]: each["value"] for each in json.loads(out.read_text(encoding="utf-8"))[name]}


def main() -> None:
    """Print the ratio of the medians, and of each round, for every figure that both have."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("other", type=Path)
    parser.add_argument("name", nargs="?", default="views")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    found: dict[Path, dict[str, list[float]]] = {HERE: defaultdict(list), options.other: defaultdict(list)}
    for number in range(options.rounds):
        for clone in sorted(found, reverse=bool(number % 2)):
            for figure, value in figures_of(clone, options.name).items():
                found[clone][figure].append(value)
    load = f"load {os.getloadavg()[0]:.1f}"
    print(f"\nthis clone over {options.other}, medians of {options.rounds} rounds, {load}")
    for figure, mine in found[HERE].items():
        theirs = found[options.other].get(figure)
        if theirs:
            each = ", ".join(f"{a / b:.2f}" for a, b in zip(mine, theirs, strict=True) if b)
            ratio = statistics.median(mine) / statistics.median(theirs)
            print(f"  {figure:64} {ratio:6.3f}   rounds {each}")


if __name__ == "__main__":
    main()
