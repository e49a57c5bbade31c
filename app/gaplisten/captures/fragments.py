"""IP packets that came in parts: a packet has arrived with the last of them (RFC 791, RFC 8200)."""

from __future__ import annotations

from typing import NamedTuple

_MOST_OPEN = 64  # packets whose parts are waited for at once
_MOST_PARTS = 64


class Piece(NamedTuple):
    """A part of an IP packet's payload.

    Parameters
    ----------
    offset, size
        Bytes of the payload that stand before it, and in it.
    begin, end
        Where it stands in the file's bytes, as far as it was captured.
    """

    offset: int
    size: int
    begin: int
    end: int


class Fragments:
    """Waits for the parts of packets, whatever order they come in; forgets those that are never completed."""

    def __init__(self) -> None:
        self._open: dict[bytes, dict[int, Piece]] = {}
        self._sizes: dict[bytes, int] = {}
        self._forgotten = 0

    def add(self, key: bytes, piece: Piece, *, more: bool) -> Piece | None:
        """Take a part, and return the packet's first one when none is missing any more.

        Parameters
        ----------
        key
            What all parts of one packet have in common: addresses and identification.
        more
            Whether others follow it in the packet.
        """
        parts = self._open.setdefault(key, {})
        self._forgotten += piece.offset in parts  # of an earlier packet with the same number, or seen twice
        parts[piece.offset] = piece
        if not more:
            self._sizes[key] = piece.offset + piece.size
        if key in self._sizes and self._is_whole(key):
            self._sizes.pop(key)
            return self._open.pop(key)[0]
        if len(parts) > _MOST_PARTS:
            self._forget(key)
        elif len(self._open) > _MOST_OPEN:
            self._forget(next(iter(self._open)))
        return None

    @property
    def incomplete(self) -> int:
        """How many parts belong to packets of which others never came."""
        return self._forgotten + sum(map(len, self._open.values()))

    def _is_whole(self, key: bytes) -> bool:
        reached = 0
        for offset, piece in sorted(self._open[key].items()):
            if offset > reached:
                return False
            reached = max(reached, offset + piece.size)
        return reached == self._sizes[key]

    def _forget(self, key: bytes) -> None:
        self._forgotten += len(self._open.pop(key))
        self._sizes.pop(key, None)
