"""How much time and memory a plugin gets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one run.

    Parameters
    ----------
    times_real_time
        A run may take this many times the signal's length ...
    least_seconds
        ... but at least this long.
    memory_bytes
        How much a plugin may allocate beyond what its process holds after import; 0 means no limit.
        Enforced on Linux.
    import_seconds
        How long importing and describing a plugin may take.
    """

    times_real_time: float = 10.0
    least_seconds: float = 10.0
    memory_bytes: int = 2 * 2**30
    import_seconds: float = 10.0

    def seconds(self, length_seconds: float) -> float:
        """Return the time limit for a signal of that length."""
        return max(self.least_seconds, self.times_real_time * length_seconds)
