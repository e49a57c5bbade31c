"""What to tell of a plugin that did not answer, or answered that it failed."""

from __future__ import annotations

from gaplisten.concealers.entries import Entry, Limits
from gaplisten.concealers.errors import ConcealerFailed
from gaplisten.concealers.process import Reply, WorkerDied, WorkerTooSlow

_OWN_FRAMES = (
    "/gaplisten/concealers/",
    "\\gaplisten\\concealers\\",
    'File "<string>"',
    "Extension modules: ",
)


def failure_of(entry: Entry, found: BaseException | Reply, seconds: float, limits: Limits) -> BaseException:
    """Return the error to show for a reply that is none, or for what became of the worker."""
    if isinstance(found, Reply):
        return _answered(entry, found, limits)
    if isinstance(found, WorkerTooSlow):
        fact = f"did not finish within {seconds:g} s and was stopped"
        return _failed(entry, fact, "look for an endless loop, or raise the time limit", found.printed)
    if isinstance(found, WorkerDied):
        return _failed(
            entry, found.fact, "the details show what it printed last", without_own_frames(found.printed)
        )
    return found


def _answered(entry: Entry, reply: Reply, limits: Limits) -> ConcealerFailed:
    header = reply.header
    details = "\n\n".join(filter(None, (header.get("details", ""), reply.printed)))
    if header["kind"] == "refused":
        fact, _, way_out = header["fact"].rpartition("; ")
        return _failed(entry, fact or way_out, way_out if fact else "check its parameters", details)
    if header["kind"] == "contract":
        return _failed(entry, header["fact"], "see the concealer contract", details)
    where = f" in line {header['line']}" if header.get("line") else ""
    if header["kind"] == "memory":
        limit = f"{limits.memory_bytes / 2**30:g} GiB" if limits.memory_bytes else "there is"
        return _failed(
            entry, f"wanted more memory than {limit}{where}", "allocate less, or raise the limit", details
        )
    return _failed(entry, f"raised {header['fact']}{where}", "the details show its traceback", details)


def _failed(entry: Entry, fact: str, way_out: str, details: str) -> ConcealerFailed:
    return ConcealerFailed(f"{entry.title} ({entry.path.name})", fact, way_out, details)


def without_own_frames(text: str) -> str:
    """Return a crash report without the lines that are the host's own."""
    return "\n".join(line for line in text.splitlines() if not any(mark in line for mark in _OWN_FRAMES))
