"""Damages files and reads them; what surprises is made smaller and kept.

    python3 run.py fuzz [--minutes N] [--inputs N] [--seed S]

Each finding lands in ``fuzz-findings/`` with what came of it, to become a test of its reader.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzz.mutations import mutated
from fuzz.reader import Reader
from fuzz.readers import all_readers, has_note
from gaplisten.errors import GaplistenError

SLOW_SECONDS = 10.0


def surprise(reader: Reader, path: Path) -> str:
    """Read a file; return what should not have happened, in a line, or an empty text."""
    started = time.monotonic()
    found, accepted = _read(reader, path)
    if found:
        return found
    if time.monotonic() - started > SLOW_SECONDS:  # or the machine had something else to do for so long
        started = time.monotonic()
        _read(reader, path)
        if time.monotonic() - started > SLOW_SECONDS:
            return f"takes longer than {SLOW_SECONDS:g} s"
    if accepted and reader.damaged is not None and reader.damaged(path) and not has_note(path):
        return "is read without a word though an independent reader calls it damaged"
    return ""


def _read(reader: Reader, path: Path) -> tuple[str, bool]:
    """Return what should not have happened, and whether the file was accepted."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            reader.read(path)
    except GaplistenError:
        return "", False
    except OSError as error:
        own = reader.name.startswith(("workbench", "panel", "settings"))
        return (f"OSError: {error}" if own else ""), False
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
        return f"{type(error).__name__}: {str(error)[:200]}", False
    return "", True


def smaller(data: bytes, still: Callable[[bytes], bool], seconds: float = 10.0) -> bytes:
    """Take pieces out of `data` as long as it is `still` a finding."""
    end, size = time.monotonic() + seconds, len(data) // 2
    while size and time.monotonic() < end:
        at = 0
        while at < len(data) and time.monotonic() < end:
            shorter = data[:at] + data[at + size :]
            if still(shorter):
                data = shorter
            else:
                at += size
        size //= 2
    return data


def try_one(reader: Reader, whole: bytes, seed: int, folder: Path, findings: Path | None) -> str:
    """Damage one file and read it; keep what surprises, made smaller, in `findings`."""
    path = folder / f"x{reader.suffix}"
    data = mutated(whole, seed, text=not reader.binary)
    path.write_bytes(data)
    found = surprise(reader, path)
    if found and findings is not None:
        kind = found.split(":")[0]

        def still(shorter: bytes) -> bool:
            path.write_bytes(shorter)
            return surprise(reader, path).split(":")[0] == kind

        findings.mkdir(parents=True, exist_ok=True)
        kept = findings / f"{reader.name.replace(' ', '-')}-{seed}{reader.suffix}"
        kept.write_bytes(smaller(data, still))
        kept.with_name(kept.name + ".why.txt").write_text(f"seed {seed}: {found}\n", encoding="utf-8")
    return f"{reader.name}, seed {seed}: {found}" if found else ""


def whole_file(reader: Reader, folder: Path) -> bytes:
    """Return an undamaged file, which must be read."""
    path = folder / f"whole{reader.suffix}"
    reader.make(path)
    reader.read(path)
    return path.read_bytes()


def main(arguments: Sequence[str] | None = None) -> int:
    """Go round all readers until the time is over; return 1 if anything was found."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--minutes", type=float, default=10.0)
    words.add_argument("--inputs", type=int, help="end after so many inputs at the latest")
    words.add_argument("--seed", type=int, default=int(time.time()))
    words.add_argument("--out", type=Path, default=Path("fuzz-findings"))
    given = words.parse_args(arguments)
    print(f"seed {given.seed}, {given.minutes:g} minutes", flush=True)
    end, seed, tried, found = time.monotonic() + 60 * given.minutes, given.seed, Counter[str](), 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wholes = [(reader, whole_file(reader, folder)) for reader in all_readers()]
        while time.monotonic() < end and not 0 < (given.inputs or 0) <= tried.total():
            seed += 1
            for reader, whole in wholes:
                try:
                    said = try_one(reader, whole, seed, folder, given.out)
                except Exception:  # noqa: BLE001 - of the harness itself: it goes on
                    said = traceback.format_exc()
                tried[reader.name] += 1
                if said:
                    found += 1
                    print(said, flush=True)
    print(f"{sum(tried.values())} inputs over {len(tried)} readers, {found} findings", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
