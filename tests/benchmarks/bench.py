"""Run the benchmarks and print each figure beside its target.

    python3 run.py bench [NAME ...] [--quick] [--json FILE]

NAME picks modules of this folder (bench_views -> views). Figures are of this machine and this moment: ratios
count more than times.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import json
import os
import platform
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from figures import Figure


def modules(names: Iterable[str]) -> dict[str, Path]:
    """Return the benchmark files to run by short name."""
    found = {path.stem.removeprefix("bench_"): path for path in sorted(HERE.glob("bench_*.py"))}
    unknown = set(names) - set(found)
    if unknown:
        sys.exit(f"no benchmark called {', '.join(sorted(unknown))}; there are {', '.join(found)}")
    return {name: path for name, path in found.items() if not names or name in names}


def measure(path: Path, quick: bool) -> Iterator[Figure]:
    """Import one benchmark and let it measure."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    yield from module.measure(quick=quick)


def line(figure: Figure) -> str:
    """Return one row of the table."""
    target = "" if figure.target is None else f"{figure.comparison} {figure.target:g} {figure.unit}"
    verdict = {True: "reached", False: "MISSED", None: ""}[figure.reached]
    return f"  {figure.name:64} {figure.value:12.4g} {figure.unit:10} {target:20} {verdict:8} {figure.note}"


def main() -> int:
    """Run what was asked for; the status is 1 when a benchmark broke, not when a figure was missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
    options = parser.parse_args()
    results: dict[str, list[dict[str, object]]] = {}
    broken = 0
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    for name, path in modules(options.names).items():
        started = time.monotonic()
        print(f"\n{name}", flush=True)
        figures: list[Figure] = []
        try:
            for figure in measure(path, options.quick):
                figures.append(figure)
                print(line(figure), flush=True)
        except Exception as error:  # noqa: BLE001 - one broken benchmark must not hide the others
            print(f"  broken: {type(error).__name__}: {error}")
            broken += 1
        print(f"  ({time.monotonic() - started:.0f} s)", flush=True)
        results[name] = [dataclasses.asdict(figure) | {"reached": figure.reached} for figure in figures]
    if options.json:
        options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
