"""What does not fit together in a clip, and what would make it fit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from gaplisten.clips.arrangement import Layout, Part
from gaplisten.clips.clip import Clip, PacketLength
from gaplisten.clips.names import Role

SOUNDING = 8 / 32768
LEAST_ZERO_SECONDS = 0.01


@dataclass(frozen=True)
class Change:
    """What would make a clip fit; None for what stays.

    Parameters
    ----------
    option
        What to type to the same end on the command line; empty where no option does it.
    """

    reference: Path | None = None
    swapped: bool = False
    inverted: bool | None = None
    packet_frames: int | None = None
    trace_shift: int | None = None
    option: str = ""

    def of_all(self, layout: Layout) -> Layout | None:
        """Return a layout with which all clips are changed; None where the change is of one clip only."""
        if self.reference is not None:
            return None
        parts = tuple(self._of_part(part) for part in layout.parts)
        packet = layout.packet if self.packet_frames is None else PacketLength(frames=self.packet_frames)
        return replace(layout, parts=parts, packet=packet)

    def _of_part(self, part: Part) -> Part:
        exchanged = {Role.REFERENCE: Role.LOSSY, Role.LOSSY: Role.REFERENCE}
        if self.swapped and part.role in exchanged:
            return replace(part, role=exchanged[part.role], name="", why="as chosen")
        if part.role is Role.TRACE and not part.of:
            inverted = part.trace_inverted if self.inverted is None else self.inverted
            shift = part.trace_shift if self.trace_shift is None else self.trace_shift
            return replace(part, trace_inverted=inverted, trace_shift=shift)
        return part

    def of(self, clip: Clip) -> Clip:
        """Return the clip changed."""
        changed = clip
        if self.reference is not None:
            changed = replace(changed, reference=self.reference)
        if self.swapped:
            changed = replace(changed, reference=clip.lossy, lossy=clip.reference)
        if self.inverted is not None:
            changed = replace(changed, trace_inverted=self.inverted)
        if self.packet_frames is not None:
            changed = replace(changed, packet_frames=self.packet_frames)
        if self.trace_shift is not None:
            changed = replace(changed, trace_shift=self.trace_shift)
        return changed


@dataclass(frozen=True)
class Doubt:
    """Something that does not fit.

    Parameters
    ----------
    kind
        ``reference``, ``swapped``, ``channels``, ``trace`` or ``condition``.
    about
        Which version: ``reference``, ``trace`` or a condition's name.
    fact
        What does not fit.
    cure
        What would, in words; empty where nothing was found.
    change
        The same to be done.
    """

    kind: str
    about: str
    fact: str
    cure: str = ""
    change: Change | None = None

    def __str__(self) -> str:
        """Return fact and cure as one sentence."""
        return f"{self.fact}; {self.cure}" if self.cure else self.fact

    @property
    def touches_all(self) -> bool:
        """Whether numbers of every version follow from it, not those of one condition only."""
        return self.kind != "condition"


def percent(share: float) -> str:
    """Return a share in words."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"
