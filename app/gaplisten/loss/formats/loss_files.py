"""Loss files of Opus' and LPCNet's demo programs: whole numbers, of which all but 0 are losses."""

from __future__ import annotations

from gaplisten.loss.formats.contract import Content, Decoded, End, Kind, TraceFormat
from gaplisten.loss.formats.text import has_one_number_a_line, holds_only_numbers, numbers_of, one_per_line
from gaplisten.loss.trace import LossTrace


def _recognises(content: Content) -> str | None:
    """Doubt it: such files hold 0 and 1 as a rule, and those are read as digits."""
    if content.kind is not Kind.TEXT or not content.once(holds_only_numbers):
        return None
    numbers = content.once(numbers_of)
    rising = bool((numbers[1:] > numbers[:-1]).all())
    # Without any 0, all of it would be lost; of pairs, one number of two counts packets.
    possible = not rising and not numbers.all() and content.once(has_one_number_a_line)
    return "holds numbers beyond 0 and 1 in no order" if possible else None


def _decode(content: Content) -> Decoded:
    return Decoded(content.once(numbers_of) != 0)


def _encode(trace: LossTrace) -> bytes:
    return one_per_line(trace.lost)


FORMATS = (
    TraceFormat(
        name="lossfile",
        help="opus_demo -lossfile, rtp_apply_loss: whole numbers",
        suffixes=(".txt",),
        polarity="not 0 = lost",
        end=End.RECEIVED,
        recognises=_recognises,
        decode=_decode,
        encode=_encode,
        place=30,
    ),
    TraceFormat(
        name="lpcnet",
        help="lpcnet_demo -plc_file: whole numbers",
        suffixes=(".txt",),
        polarity="not 0 = lost",
        end=End.LAST,
        decode=_decode,
        encode=_encode,
        place=40,
    ),
)
