"""Any codec that comes as two programs: encode to a file, lose packets, decode that file.

`encode_command` and `decode_command` are templates of arguments, split as a shell would split them but
never given to a shell. Between them lies either an ITU-T G.192 bitstream (``{g192}``: what the reference
coders of EVS, AMR-WB, G.729 or LC3plus write and read) or a folder with one file a packet (``{payloads}``:
000000.bin, 000001.bin, ...).

===========================  ===============================================================================
``{in_wav}`` or ``{in_raw}``    encode: the speech, as 16-bit WAV or as raw little-endian 16-bit samples
``{out_wav}`` or ``{out_raw}``  decode: where the decoded speech goes, in the same way
``{g192}``                   both: the bitstream. The decoder's has the bad-frame word 0x6B20 for lost frames
``{payloads}``               both: the folder of payloads. In the decoder's those of lost packets are absent
``{rate}`` ``{channels}``    Hz and number of channels; ``{khz}`` the rate in kHz
``{packet}``                 frames in one packet; ``{packet_ms}`` its length in ms
``{packets}``                number of packets
``{folder}``                 the temporary folder of each command, which is the working folder too
===========================  ===============================================================================

Literal braces are doubled. The two commands run in folders of their own: nothing but the payloads that
arrived passes from one to the other. `delay` frames (of encoder and decoder together) are cut from the
start of the decoded speech; after that up to one packet may be missing at its end. A G.192 file has one
frame for each `frame` ms, so that a packet may hold several; the bits of a lost frame are 0 (neither 1 nor
0), as many as the frame before had. A payload of this plugin holds up to one byte more than the program's
bits (two a frame more where a packet holds several).

Source: the programs' author; ITU-T G.192 (1996), Annex B, for the bitstream.
"""

import shlex
import signal as signals
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np

name = "External codec"
help = "Runs any encoder and decoder, with a G.192 bitstream or one file a packet between them."
source = "the programs' author"
channels = 1

GOOD, LOST, ONE, ZERO = 0x6B21, 0x6B20, 0x0081, 0x007F  # words of a G.192 bitstream
EXAMPLE_ENCODE = "/opt/evs/EVS_cod 13200 {khz} {in_raw} {g192}"
EXAMPLE_DECODE = "/opt/evs/EVS_dec {khz} {g192} {out_raw}"
Frame = Annotated[
    float, {"ge": 0, "le": 1000, "unit": "ms", "help": "of one frame of the bitstream; 0 = a packet"}
]
Timeout = Annotated[float, {"ge": 1, "le": 3600, "unit": "s", "help": "for each command, then it is stopped"}]


class RefusedError(ValueError):
    """What is missing or does not fit, and what to do: for people, so shown without a traceback."""

    for_user = True


def rates(program_rate: int = 0, **_: object) -> tuple[int, ...]:
    """Return the rate at which the programs work; nothing where that is the clip's own."""
    return (program_rate,) if program_rate else ()


class Encoder:
    """Run the encoder.

    Raises
    ------
    RefusedError
        If the template is empty or names an unknown word; if the program cannot be started, fails, takes too
        long, or writes no bitstream that fits the packets.
    """

    delay = 0

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        encode_command: Annotated[str, {"help": f"the encoder, e.g. {EXAMPLE_ENCODE}"}] = "",
        program_rate: Annotated[
            int, {"ge": 0, "le": 192000, "unit": "Hz", "help": "they work at; 0 = the clip's"}
        ] = 0,
        frame: Frame = 0.0,
        timeout: Timeout = 60.0,
    ) -> None:
        self._command, self._rate, self._packet, self._timeout = encode_command, rate, packet_frames, timeout
        self._frames = frames_a_packet(rate, packet_frames, frame)
        check_template(encode_command, "encode_command", ("{in_wav}", "{in_raw}"), EXAMPLE_ENCODE)

    def encode_all(self, samples: np.ndarray) -> list[bytes]:
        """Return one payload for each packet of `samples`, shape ``(frames, 1)``."""
        packets = len(samples) // self._packet
        with tempfile.TemporaryDirectory(prefix="gaplisten-encoder-") as name_of_folder:
            folder = Path(name_of_folder)
            write_speech(folder, samples, self._rate)
            words = words_of(folder, self._rate, self._packet, packets)
            run(arguments_of(self._command, words), folder, self._timeout)
            if "{payloads}" in self._command:
                return read_payloads(folder / "payloads", packets)
            return self._packed(read_g192(folder / "stream.g192"), packets)

    def _packed(self, frames: list[np.ndarray], packets: int) -> list[bytes]:
        wanted = packets * self._frames
        if not wanted - self._frames <= len(frames):
            fact = f"the encoder wrote {len(frames)} frames, {wanted} are due for {packets} packets"
            raise RefusedError(f"{fact}; check the frame's length (`frame`) and the rate (`program_rate`)")
        frames = [*frames[:wanted], *[np.zeros(0, np.uint8)] * (wanted - len(frames))]
        return [pack(frames[at : at + self._frames]) for at in range(0, wanted, self._frames)]


class Decoder:
    """Run the decoder."""

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        decode_command: Annotated[str, {"help": f"the decoder, e.g. {EXAMPLE_DECODE}"}] = "",
        delay: Annotated[
            int, {"ge": 0, "le": 480000, "unit": "frames", "help": "of encoder and decoder together"}
        ] = 0,
        frame: Frame = 0.0,
        timeout: Timeout = 60.0,
    ) -> None:
        self._command, self._rate, self._packet, self._timeout = decode_command, rate, packet_frames, timeout
        self._frames = frames_a_packet(rate, packet_frames, frame)
        self.delay = delay
        check_template(decode_command, "decode_command", ("{out_wav}", "{out_raw}"), EXAMPLE_DECODE)

    def decode_all(self, payloads: list[bytes | None]) -> np.ndarray:
        """Return the decoded speech, shape ``(frames, 1)``; None stands for lost payloads."""
        frames = len(payloads) * self._packet
        with tempfile.TemporaryDirectory(prefix="gaplisten-decoder-") as name_of_folder:
            folder = Path(name_of_folder)
            self._write(folder, payloads)
            words = words_of(folder, self._rate, self._packet, len(payloads))
            said = run(arguments_of(self._command, words), folder, self._timeout)
            out = read_speech(folder, "{out_raw}" in self._command, self._rate, said)
        if len(out) < frames - self._packet:
            fact = f"the decoder gave {len(out)} frames for {len(payloads)} packets of {self._packet}"
            raise RefusedError(f"{fact}; check rate and packets")
        return np.concatenate((out, np.zeros(max(frames - len(out), 0), np.float32)))[:frames, None]

    def _write(self, folder: Path, payloads: list[bytes | None]) -> None:
        if "{payloads}" in self._command:
            (folder / "payloads").mkdir()
            for index, payload in enumerate(payloads):
                if payload is not None:
                    (folder / "payloads" / f"{index:06d}.bin").write_bytes(payload)
            return
        known = next((unpack(payload, self._frames) for payload in payloads if payload), None)
        last = [bits.size for bits in known] if known else [0] * self._frames
        parts = []
        for payload in payloads:
            bits = [None] * self._frames if payload is None else unpack(payload, self._frames)
            parts += [g192_frame(each, size) for each, size in zip(bits, last, strict=True)]
            last = last if payload is None else [each.size for each in bits]
        (folder / "stream.g192").write_bytes(b"".join(parts))


def frames_a_packet(rate: int, packet_frames: int, frame: float) -> int:
    """Return how many frames of the bitstream a packet holds."""
    length = frame * rate / 1000 or packet_frames
    count = round(packet_frames / length)
    if count < 1 or abs(count * length - packet_frames) > 1e-6:
        found = f"a packet of {1000 * packet_frames / rate:.4g} ms"
        raise RefusedError(f"{found} is no whole number of frames of {frame:g} ms; change packets or `frame`")
    return count


def g192_frame(bits: np.ndarray | None, size: int) -> bytes:
    """Return one frame of a bitstream; None: a lost one of `size` bits, which are neither 0 nor 1."""
    if bits is None:
        return struct.pack("<2H", LOST, size) + bytes(2 * size)
    return struct.pack("<2H", GOOD, bits.size) + np.where(bits, ONE, ZERO).astype("<u2").tobytes()


def read_g192(path: Path) -> list[np.ndarray]:
    """Return the bits of each frame, uint8 of 0 and 1."""
    if not path.is_file():
        raise RefusedError("the encoder ended well but wrote no bitstream; check the command's {g192}")
    words = np.frombuffer(path.read_bytes()[: path.stat().st_size // 2 * 2], "<u2")
    if words.size and words[0] in (0x216B, 0x206B):
        words = words.byteswap()
    frames, at = [], 0
    while at < words.size:
        if words[at] & 0xFFF0 != LOST & 0xFFF0 or at + 2 + int(words[at + 1 : at + 2].sum()) > words.size:
            raise RefusedError(f"the encoder's file is no G.192 bitstream (word {at}); check its options")
        size = int(words[at + 1]) if at + 1 < words.size else 0
        frames.append((words[at + 2 : at + 2 + size] == ONE).astype(np.uint8))
        at += 2 + size
    return frames


def pack(frames: list[np.ndarray]) -> bytes:
    """Return frames of bits as one payload: a single frame ends with a bit 1, several have their lengths."""
    if len(frames) == 1:
        return np.packbits(np.append(frames[0], np.uint8(1))).tobytes()
    lengths = struct.pack(f"<{len(frames)}H", *(bits.size for bits in frames))
    return lengths + b"".join(np.packbits(bits).tobytes() for bits in frames)


def unpack(payload: bytes, count: int) -> list[np.ndarray]:
    """Return the frames of bits that `pack` was given."""
    if count == 1:
        bits = np.unpackbits(np.frombuffer(payload, np.uint8))
        return [bits[: int(np.flatnonzero(bits)[-1])]]
    lengths, at, frames = struct.unpack_from(f"<{count}H", payload), 2 * count, []
    for length in lengths:
        size = -(-length // 8)
        frames.append(np.unpackbits(np.frombuffer(payload[at : at + size], np.uint8))[:length])
        at += size
    return frames


def read_payloads(folder: Path, packets: int) -> list[bytes]:
    """Return what the encoder wrote for each packet; nothing for the files that it left out (pauses)."""
    found = {path.name for path in folder.glob("*.bin")}
    if "000000.bin" not in found and not found:
        raise RefusedError("the encoder ended well but wrote no 000000.bin; check the command's {payloads}")
    names = [f"{index:06d}.bin" for index in range(packets)]
    return [(folder / each).read_bytes() if each in found else b"" for each in names]


def words_of(folder: Path, rate: int, packet: int, packets: int) -> dict[str, str]:
    """Return what the words in braces stand for."""
    files = {"in_wav": "in.wav", "in_raw": "in.raw", "out_wav": "out.wav", "out_raw": "out.raw"}
    files |= {"g192": "stream.g192", "payloads": "payloads"}
    words = {word: str(folder / file) for word, file in files.items()} | {"folder": str(folder)}
    numbers = {"rate": rate, "channels": 1, "packet": packet, "packets": packets}
    words |= {word: str(number) for word, number in numbers.items()}
    return words | {"khz": f"{rate / 1000:g}", "packet_ms": f"{1000 * packet / rate:g}"}


def check_template(command: str, which: str, sound: tuple[str, str], example: str) -> None:
    """Refuse a template that names no sound or no bitstream."""
    if not command.strip():
        raise RefusedError(f"no command is set in `{which}`; write one, for example: {example}")
    if not any(word in command for word in sound):
        raise RefusedError(
            f"the command in `{which}` names neither {' nor '.join(sound)}; say where its sound is"
        )
    if ("{g192}" in command) == ("{payloads}" in command):
        raise RefusedError(f"the command in `{which}` names {{g192}} or {{payloads}}, one of them; mend it")


def arguments_of(command: str, words: dict[str, str]) -> list[str]:
    """Return the template's arguments, words in braces replaced."""
    try:
        return [part.format_map(words) for part in shlex.split(command)]
    except KeyError as error:
        known = ", ".join("{" + word + "}" for word in words)
        raise RefusedError(f"the command names {{{error.args[0]}}}; known are {known}") from error
    except (ValueError, IndexError, AttributeError) as error:
        raise RefusedError(
            f"the command cannot be split into arguments: {error}; check quotes and braces"
        ) from error


def write_speech(folder: Path, samples: np.ndarray, rate: int) -> None:
    """Write the speech as 16-bit WAV and raw samples, and make room for payloads."""
    from scipy.io import wavfile

    pcm = np.clip(np.round(samples[:, 0] * 32768.0), -32768, 32767).astype("<i2")
    wavfile.write(folder / "in.wav", rate, pcm)
    (folder / "in.raw").write_bytes(pcm.tobytes())
    (folder / "payloads").mkdir()


def read_speech(folder: Path, raw: bool, rate: int, said: str) -> np.ndarray:
    """Return what the decoder wrote, float32, shape ``(frames,)``."""
    path = folder / ("out.raw" if raw else "out.wav")
    if not path.is_file():
        raise RefusedError(f"the decoder ended well but wrote no output to {path.name}{said}")
    if raw:
        data = path.read_bytes()
        return (np.frombuffer(data[: len(data) // 2 * 2], "<i2") / 32768).astype(np.float32)
    return read_wav(path, rate, 1)[:, 0]


def read_wav(path: Path, rate: int, channels: int) -> np.ndarray:
    """Return the samples of a WAV file, float32, shape ``(frames, channels)``."""
    import warnings

    from scipy.io import wavfile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)  # chunks that scipy does not know
            found, values = wavfile.read(path)
    except ValueError as error:
        raise RefusedError(
            f"the program's output is no WAV file that can be read ({error}); check its options"
        ) from error
    values = values[:, None] if values.ndim == 1 else values
    if found != rate or values.shape[1] != channels:
        form = f"{found} Hz and {values.shape[1]} channels"
        wanted = f"wanted are {rate} Hz and {channels}"
        raise RefusedError(f"the program's output has {form}, {wanted}; set `program_rate`")
    if values.dtype == np.uint8:
        return ((values.astype(np.float32) - 128) / 128).astype(np.float32)
    scale = float(-np.iinfo(values.dtype).min) if values.dtype.kind == "i" else 1.0
    return (values / scale).astype(np.float32)


def _prepare_program() -> None:
    """Let Linux end the program when its worker is killed, and give it the memory that it asks for."""
    import ctypes
    import resource

    ctypes.CDLL(None).prctl(1, signals.SIGKILL)
    for limit in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        most = resource.getrlimit(limit)[1]
        resource.setrlimit(limit, (most, most))


def run(arguments: list[str], folder: Path, timeout: float) -> str:
    """Run a program; return the end of what it wrote to stderr, for messages."""
    before = _prepare_program if sys.platform == "linux" else None
    try:
        done = subprocess.run(
            arguments,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
            preexec_fn=before,
        )
    except FileNotFoundError as error:
        raise RefusedError(f"{arguments[0]} is not there; give the program's full path") from error
    except OSError as error:
        raise RefusedError(
            f"{arguments[0]} cannot be started: {error.strerror}; check the program"
        ) from error
    except subprocess.TimeoutExpired as error:
        said = _end_of(error.stderr)
        raise RefusedError(f"{arguments[0]} took longer than {timeout:g} s and was stopped{said}") from error
    if done.returncode:
        raise RefusedError(f"{arguments[0]} ended with status {done.returncode}{_end_of(done.stderr)}")
    return _end_of(done.stderr)


def _end_of(stderr: bytes | None) -> str:
    text = (stderr or b"").decode("utf-8", "replace").strip()
    return f"; it wrote: {text[-2000:]}" if text else "; it wrote nothing to stderr"
