"""Codecs in the loop: classes ``Encoder`` and ``Decoder``, and packets of bytes between them.

The host has the undamaged speech coded, drops the payloads of lost packets, and has the rest decoded. The two
halves live in two processes, so that nothing but the payloads that arrived passes from one to the other.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from gaplisten.audio.signal import Samples, Signal
from gaplisten.concealers.form import (
    Answered,
    Arrays,
    BadOutput,
    Coding,
    Form,
    Given,
    Plugin,
    Progress,
    Step,
    checked,
)
from gaplisten.concealers.rendering import declared_rates, delay_in_frames, lost_at, nearest_rate
from gaplisten.concealers.stopwatch import Stopwatch

_STARTER = '''"""{title}: what it does, in a sentence. This text is shown as the codec's help."""

from typing import Annotated

import numpy as np

name = "{title}"  # what people read
source = "unpublished"  # standard or paper
# rates = (8000, 16000)  # rates it can work at, in Hz; without this line: any
# channels = 1  # one encoder and decoder for each channel; without this line each gets all channels at once
# deterministic = False  # never show an earlier result again


class Encoder:
    """Lives in a process of its own; is called once per packet of undamaged speech, in order."""

    # What it looks ahead, in frames: the host removes the sum of both delays. May be set in __init__.
    delay = 0

    def __init__(
        self,
        rate,  # Hz
        packet_frames,  # frames in one packet
        channels,
        *,
        # Keyword parameters become fields in the window and can be given with --set; each half gets those
        # that it names. Type: float, int, bool, str, pathlib.Path or Literal["a", "b"]; range: ge/gt, le/lt.
        bits: Annotated[int, {{"ge": 2, "le": 16, "help": "per sample"}}] = 8,
    ):
        self.steps = 2 ** (bits - 1) - 1

    def encode(self, samples):
        """Return the payload of one packet, bytes.

        `samples` is float32, shape (packet_frames, channels), full scale -1..1.
        """
        return np.round(np.clip(samples, -1, 1) * self.steps).astype("<i2").tobytes()


class Decoder:
    """Lives in another process; is called once per packet, in order."""

    delay = 0

    def __init__(
        self,
        rate,
        packet_frames,
        channels,
        *,
        bits: Annotated[int, {{"ge": 2, "le": 16, "help": "per sample"}}] = 8,
    ):
        self.steps = np.float32(2 ** (bits - 1) - 1)
        self.last = np.zeros((packet_frames, channels), np.float32)

    def decode(self, payload):
        """Return one packet, float32, shape (packet_frames, channels).

        `payload` is what encode() returned, or None when the packet was lost.
        """
        if payload is None:
            self.last = self.last * np.float32(0.5)
        else:
            self.last = np.frombuffer(payload, "<i2").reshape(self.last.shape) / self.steps
        return self.last
'''

ENCODER, DECODER = "encoder", "decoder"
LOSS = "loss"
_LOSS: dict[str, Any] = {
    "name": LOSS,
    "type": "choice",
    "default": "trace",
    "minimum": None,
    "maximum": None,
    "above": False,
    "below": False,
    "unit": "",
    "help": "drop the payloads of lost packets, or none: the codec alone",
    "choices": ["trace", "none"],
    "required": False,
    "optional": False,
}
_SPARE_PACKETS = (
    2  # coded after the end besides those for the encoder's own delay: most decoders need no more
)
_LOST = -1


@dataclass(frozen=True, eq=False)
class Payloads:
    """Coded packets, one row for each group of channels that is coded by itself.

    Parameters
    ----------
    data
        All payloads one after the other, row by row, uint8.
    lengths
        Bytes of each, shape ``(groups, packets)``; -1 where the packet was lost.
    """

    data: npt.NDArray[np.uint8]
    lengths: npt.NDArray[np.int32]

    @classmethod
    def of(cls, rows: list[list[bytes | None]]) -> Payloads:
        """Put payloads into arrays."""
        lengths = [[_LOST if payload is None else len(payload) for payload in row] for row in rows]
        data = b"".join(payload for row in rows for payload in row if payload)
        return cls(np.frombuffer(data, np.uint8), np.array(lengths, np.int32).reshape(len(rows), -1))

    def rows(self) -> list[list[bytes | None]]:
        """Return the payloads, None for lost ones."""
        data = self.data.tobytes()
        sizes = np.maximum(self.lengths, 0)
        ends = np.cumsum(sizes.ravel()).reshape(sizes.shape)
        return [
            [
                None if length == _LOST else data[end - length : end]
                for length, end in zip(lengths.tolist(), until.tolist(), strict=True)
            ]
            for lengths, until in zip(self.lengths, ends, strict=True)
        ]

    def without(self, lost: npt.NDArray[np.bool_]) -> Payloads:
        """Return what arrives: nothing of a lost packet is left."""
        rows = self.rows()
        flags = lost.tolist()
        return Payloads.of(
            [
                [
                    None if index < len(flags) and flags[index] else payload
                    for index, payload in enumerate(row)
                ]
                for row in rows
            ]
        )


class Codec(Form):
    """An encoder and a decoder, in two processes, with the loss between them."""

    name, title, place = "codec", "codec in the loop", 3
    fixed = ("rate", "packet_frames", "channels")
    choice, starter, lacks = "codec", _STARTER, "classes 'Encoder' (encode) and 'Decoder' (decode)"
    needs_reference = True
    takes_all = True
    host_parameters = (_LOSS,)

    def targets(self, module: ModuleType) -> list[Callable[..., Any]]:
        """Return the module's ``Encoder``, if there is a ``Decoder`` too."""
        both = _half(module, "Encoder", "encode") and _half(module, "Decoder", "decode")
        return [module.Encoder] if both else []

    def fits(self, target: Callable[..., Any]) -> bool:
        """Tell whether it is a class that encodes."""
        return inspect.isclass(target) and any(hasattr(target, each) for each in ("encode", "encode_all"))

    def annotated(self, target: Callable[..., Any]) -> Callable[..., Any]:
        """Return the class's ``__init__``."""
        found: Callable[..., Any] = target.__init__
        return found

    def calls(self, plugin: Plugin) -> tuple[Callable[..., Any], ...]:
        """Return both halves."""
        return plugin.target, plugin.module.Decoder

    def declared_delay(
        self, plugin: Plugin, parameters: dict[str, Any], rate: int, packet_frames: int
    ) -> int:
        """Return the sum of both delays."""
        work_rate = nearest_rate(declared_rates(plugin, parameters), rate)
        size = max(round(packet_frames * work_rate / rate), 1)
        halves = [_made(half, parameters, work_rate, size, 1) for half in self.calls(plugin)]
        return round(sum(_delay(plugin, half, work_rate) for half in halves) * rate / work_rate)

    def steps(self, given: Given, parameters: Mapping[str, Any]) -> Generator[Step, Answered, Answered]:
        """Have the reference coded, drop what was lost, have the rest decoded."""
        assert given.reference is not None
        rate, packet_frames = given.rate, given.packet_frames
        lost = given.lost if parameters[LOSS] == "trace" else np.zeros_like(given.lost)
        spare = _SPARE_PACKETS
        while True:
            coded = yield Step("encode", (given.reference,), ENCODER, {"spare": spare})
            payloads = Payloads(coded.arrays[0], coded.arrays[1])
            facts = dict(coded.facts)
            gone, _size = lost_at(lost, packet_frames, rate, facts["work_rate"], facts["worked_frames"])
            arrived = payloads.without(gone)
            told = {
                name: facts[name] for name in ("work_rate", "worked_frames", "work_packet", "encoder_delay")
            }
            told |= {"frames": len(given.reference), "channels": given.reference.shape[1]}
            heard = yield Step("decode", (arrived.data, arrived.lengths), DECODER, told)
            short = int(heard.facts["short"])
            if not short:
                return _result(coded, heard, payloads, gone)
            spare += short

    def answer(
        self,
        plugin: Plugin,
        parameters: dict[str, Any],
        header: Mapping[str, Any],
        arrays: Arrays,
        progress: Progress,
    ) -> Answered:
        """Encode or decode a whole clip, packet by packet."""
        own = {name: value for name, value in parameters.items() if name != LOSS}
        if header["do"] == "encode":
            return _encoded(plugin, own, header, arrays[0], progress)
        return _decoded(plugin, own, header, Payloads(arrays[0], arrays[1]), progress)


def _half(module: ModuleType, name: str, method: str) -> bool:
    found = getattr(module, name, None)
    return inspect.isclass(found) and any(
        callable(getattr(found, each, None)) for each in (method, f"{method}_all")
    )


def _made(
    half: Callable[..., Any], parameters: Mapping[str, Any], rate: int, size: int, channels: int
) -> Any:
    """Make one half with those of the parameters that it names."""
    named = inspect.signature(half).parameters
    takes_all = any(item.kind is item.VAR_KEYWORD for item in named.values())
    own = {name: value for name, value in parameters.items() if takes_all or name in named}
    return half(rate, size, channels, **own)


def _delay(plugin: Plugin, half: Any, rate: int) -> int:
    return delay_in_frames(plugin, getattr(half, "delay", 0), rate)


def _groups(plugin: Plugin, channels: int) -> list[int]:
    """Return how many channels each pair of halves codes."""
    return [1] * channels if plugin.attribute("channels") == 1 else [channels]


def _encoded(
    plugin: Plugin,
    parameters: dict[str, Any],
    header: Mapping[str, Any],
    reference: Samples,
    progress: Progress,
) -> Answered:
    rate, packet_frames = header["rate"], header["packet_frames"]
    work_rate = nearest_rate(declared_rates(plugin, parameters), rate)
    worked = _at_rate(reference, rate, work_rate)
    size = max(round(packet_frames * work_rate / rate), 1)
    packets = -(-len(worked) // size)
    rows: list[list[bytes | None]] = []
    times: list[float] = []
    delay = first = 0
    groups = _groups(plugin, worked.shape[1])
    for index, width in enumerate(groups):
        half = _made(plugin.target, parameters, work_rate, size, width)
        delay = _delay(plugin, half, work_rate)
        total = packets + -(-delay // size) + header["spare"]
        padded = np.zeros((total * size, width), np.float32)
        padded[: len(worked)] = worked[:, first : first + width]
        first += width

        def report(share: float, index: int = index) -> None:
            progress((index + share) / len(groups) / 2)

        row, spent = _coded_row(half, padded.reshape(total, size, width), report)
        times += spent
        rows.append(row)
    payloads = Payloads.of(rows)
    facts = {
        "work_rate": work_rate,
        "worked_frames": len(worked),
        "work_packet": size,
        "encoder_delay": delay,
        "packets": packets,
    }
    seconds = np.array(times).reshape(payloads.lengths.shape)
    return Answered(facts, (payloads.data, payloads.lengths, seconds), timed=len(times))


def _coded_row(
    half: Any, packets: npt.NDArray[np.float32], progress: Progress
) -> tuple[list[bytes | None], list[float]]:
    """Return the payload of each packet, and the seconds that each took."""
    total, size, width = packets.shape
    watch = Stopwatch()
    if callable(getattr(half, "encode_all", None)):
        began = watch.now()
        returned = half.encode_all(packets.reshape(total * size, width))
        spent = watch.since(began)
        if not isinstance(returned, list | tuple) or len(returned) != total:
            given = len(returned) if isinstance(returned, list | tuple) else type(returned).__name__
            raise BadOutput(
                f"encode_all returned {given} for {total} packets; a list of as many payloads is due"
            )
        return [_payload(each, packet) for packet, each in enumerate(returned)], [spent / total] * total
    row: list[bytes | None] = []
    times = []
    for packet in range(total):
        # A copy: a view's `.base` would show the encoder the packets that are still to come.
        given = packets[packet].copy()
        began = watch.now()
        returned = half.encode(given)
        times.append(watch.since(began))
        row.append(_payload(returned, packet))
        progress((packet + 1) / total)
    return row, times


def _payload(returned: Any, packet: int) -> bytes:
    if not isinstance(returned, bytes | bytearray | memoryview):
        raise BadOutput(f"encode returned {type(returned).__name__} for packet {packet}; bytes are due")
    return bytes(returned)


def _decoded(
    plugin: Plugin,
    parameters: dict[str, Any],
    header: Mapping[str, Any],
    payloads: Payloads,
    progress: Progress,
) -> Answered:
    work_rate, size, frames = header["work_rate"], header["work_packet"], header["worked_frames"]
    parts = []
    times: list[float] = []
    delay = 0
    groups = _groups(plugin, header["channels"])
    for index, (row, width) in enumerate(zip(payloads.rows(), groups, strict=True)):
        half = _made(plugin.module.Decoder, parameters, work_rate, size, width)
        delay = _delay(plugin, half, work_rate)
        late = header["encoder_delay"] + delay
        due = -(-(frames + late) // size)
        if due > len(row):
            return Answered({"short": due - len(row)}, ())

        def report(share: float, index: int = index) -> None:
            progress(0.5 + (index + share) / len(groups) / 2)

        output, spent = _heard_row(half, row[:due], size, width, report)
        times += spent
        parts.append(output[late : late + frames])
    # An hour of sound is large: no copy that need not be.
    samples = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    fitted = _at_rate(samples, work_rate, header["rate"])
    wanted = header["frames"]
    if len(fitted) != wanted:
        fitted = np.pad(fitted[:wanted], ((0, max(wanted - len(fitted), 0)), (0, 0)))
    seconds = np.array(times).reshape(len(groups), -1)
    return Answered({"short": 0, "decoder_delay": delay}, (fitted, seconds), timed=len(times))


def _heard_row(
    half: Any, payloads: list[bytes | None], size: int, width: int, progress: Progress
) -> tuple[Samples, list[float]]:
    """Return the decoded sound of the payloads, and the seconds that each took."""
    due, watch = len(payloads), Stopwatch()
    if callable(getattr(half, "decode_all", None)):
        began = watch.now()
        returned = half.decode_all(payloads)
        spent = watch.since(began)
        return checked(returned, (due * size, width), "all packets"), [spent / due] * due
    output = np.empty((due * size, width), np.float32)
    times = []
    for packet, payload in enumerate(payloads):
        began = watch.now()
        returned = half.decode(payload)
        times.append(watch.since(began))
        output[packet * size : (packet + 1) * size] = checked(returned, (size, width), f"packet {packet}")
        progress((packet + 1) / due)
    return output, times


def _at_rate(samples: Samples, rate: int, wanted: int) -> Samples:
    if rate == wanted:
        return samples
    from gaplisten.audio.resample import resample

    return resample(Signal(samples, rate), wanted).samples


def _result(coded: Answered, heard: Answered, payloads: Payloads, gone: npt.NDArray[np.bool_]) -> Answered:
    facts, (samples, decoding) = coded.facts, heard.arrays
    encoding = coded.arrays[2][:, : decoding.shape[1]]
    sent = payloads.lengths[:, : facts["packets"]]
    seconds = sent.shape[1] * facts["work_packet"] / facts["work_rate"]
    coding = Coding(
        kbit_s=8 * float(sent.sum()) / max(seconds, 1e-9) / 1000,
        largest=int(sent.max(initial=0)),
        payloads=int(sent.size),
        dropped=int(gone.sum()) * len(sent),
        encoder_delay=int(facts["encoder_delay"]),
        decoder_delay=int(heard.facts["decoder_delay"]),
    )
    answered = {
        "delay_frames": coding.encoder_delay + coding.decoder_delay,
        "work_rate": facts["work_rate"],
        "seconds": float(encoding.sum() + decoding.sum()),
        "coding": asdict(coding),
    }
    return Answered(answered, (samples, (encoding + decoding).ravel()))


FORM = Codec()
