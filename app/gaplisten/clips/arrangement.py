"""What a user says of a folder: what its files are taken as, and how long its packets are."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gaplisten.audio.channels import AS_TOLD, Reading
from gaplisten.clips.names import Role

DEFAULT_PACKET_MS = 20.0


@dataclass(frozen=True)
class PacketLength:
    """How long a packet is: in milliseconds, or in frames where these are given.

    The usual 20 ms give way to what the data plainly say; any other length was somebody's word.
    """

    ms: float = DEFAULT_PACKET_MS
    frames: int | None = None

    @property
    def said(self) -> bool:
        """Whether somebody said it."""
        return self.frames is not None or self.ms != DEFAULT_PACKET_MS


@dataclass(frozen=True)
class Part:
    """One version of all clips, or the traces of one.

    Parameters
    ----------
    files
        Pattern of the files below the folder (`gaplisten.clips.patterns.Pattern`); in a manifest, its column.
    name
        Of the condition. A lossy part with a name stands among the conditions, too.
    of
        Of a trace: the condition that met these losses; empty for the clip's own.
    why
        The reason, in words for the user.
    doubt
        What only the user knows; empty where nothing is in doubt.
    trace_format, trace_inverted
        How to read these traces; found out from their content when not given.
    trace_shift
        By how many frames these losses lie later than the traces say.
    """

    files: str
    role: Role
    name: str = ""
    of: str = ""
    why: str = ""
    doubt: str = ""
    trace_format: str | None = None
    trace_inverted: bool = False
    trace_shift: int = 0

    @property
    def counted_as(self) -> str:
        """Under what its files are counted: sounds and traces may have one pattern."""
        return f"{Role.TRACE} {self.files}" if self.role is Role.TRACE else self.files


@dataclass(frozen=True)
class Layout:
    """How the files of a folder are taken.

    Parameters
    ----------
    manifest
        Paths of the tables that name the files, below the folder; none where the files' own names tell.
    packet
        The packet length of all clips, where it was said.
    reading
        How files are read that do not tell, or have more channels than are wanted.
    """

    parts: tuple[Part, ...] = ()
    manifest: tuple[str, ...] = ()
    packet: PacketLength | None = None
    reading: Reading = AS_TOLD

    @property
    def doubts(self) -> tuple[str, ...]:
        """What only the user knows."""
        return tuple(part.doubt for part in self.parts if part.doubt)

    def settled(self) -> Layout:
        """Return the layout with nothing in doubt: the user has seen it."""
        return replace(self, parts=tuple(replace(part, doubt="") for part in self.parts))
