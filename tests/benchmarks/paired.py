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
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]


_MEASURE = """
import json, re, sys
from pathlib import Path
folder = Path(sys.argv[1])
sys.path[:0] = [str(folder), str(folder.parent)]
import bench
found = {}
for figure in bench.measure(folder / f"bench_{sys.argv[2]}.py", quick=True):
    found[figure.name] = float(figure.value)
    if worked := re.search(r"([0-9.]+) m?s of processor time", figure.note):
        found[f"{figure.name} (processor)"] = float(worked[1])
print(json.dumps(found))
"""


def figures_of(clone: Path, name: str) -> dict[str, float]:
    """Run one of a clone's benchmarks; return its values by name, and what a processor worked for them."""
    command = [str(clone / ".venv" / "bin" / "python"), "-c", _MEASURE]
    environment = os.environ | {"PYTHONPATH": str(clone / "app")}
    folder = clone / "tests" / "benchmarks"
    done = subprocess.run(
        [*command, str(folder), name], check=True, env=environment, stdout=subprocess.PIPE, text=True
    )
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


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
