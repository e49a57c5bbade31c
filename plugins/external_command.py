"""Any program: write files, run it, read its output.

`command` is a template of arguments, split as a shell would split them but never given to a shell. These
words in braces are replaced in each argument:

========================  ==================================================================================
``{in_wav}`` ``{out_wav}``  the lossy signal (lost packets are zero) and where the output goes, as WAV
``{in_raw}`` ``{out_raw}``  the same as raw little-endian 16-bit samples, channels interleaved
``{mask_txt}``            the loss trace: one line per mask unit, 1 = lost
``{mask_received_txt}``   the same the other way round: 1 = received
``{mask_g192}``           one 16-bit word per mask unit (ITU-T G.192): 0x6B20 = lost, 0x6B21 = received
``{mask_byte}``           one byte per mask unit: 0x20 = lost, 0x21 = received (byte-oriented G.192)
``{rate}`` ``{channels}``   Hz and number of channels
``{packet}``              frames in one packet; ``{packet_ms}`` its length in ms
``{folder}``              the temporary folder, which is the working folder too
========================  ==================================================================================

Literal braces are doubled. With `program_rate` the program works at that rate: the host brings clips of other
rates there and back. The output is read from ``{out_wav}`` or ``{out_raw}``, whichever the command names.
`strip` frames (the program's delay) are cut from its start; after that it may be shorter than the input by up
to one mask unit (the rest is silence) and longer by any amount (cut). A program that fails, is not found or
takes longer than `timeout` becomes an error with the end of what it wrote to stderr.

Source: the program's author.
"""

import shlex
import signal as signals
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

name = "External command"
help = "Runs any program on WAV or raw files, with the loss trace as a text file."
source = "the program's author"
MASKS = {
    "mask_txt": "mask.txt",
    "mask_received_txt": "received.txt",
    "mask_g192": "mask.g192",
    "mask_byte": "mask.byte",
}
EXAMPLE = "/path/to/plc --mask {mask_txt} {in_wav} {out_wav}"


class RefusedError(ValueError):
    """What is missing or does not fit, and what to do: for people, so shown without a traceback."""

    for_user = True


def rates(program_rate: int = 0, **_: object) -> tuple[int, ...]:
    """Return the rate at which the program works; nothing where that is the clip's own."""
    return (program_rate,) if program_rate else ()


def conceal(
    lossy: np.ndarray,
    lost: np.ndarray,
    rate: int,
    packet_frames: int,
    *,
    command: Annotated[str, {"help": f"program and arguments, e.g. {EXAMPLE}"}] = "",
    program_rate: Annotated[
        int, {"ge": 0, "le": 192000, "unit": "Hz", "help": "it works at; 0 = the clip's"}
    ] = 0,
    mask_unit: Annotated[
        float, {"ge": 0, "le": 1000, "unit": "ms", "help": "one mask line; 0 = a packet"}
    ] = 0.0,
    strip: Annotated[int, {"ge": 0, "le": 480000, "unit": "frames", "help": "delay of the program"}] = 0,
    samples: Annotated[Literal["pcm16", "float32"], {"help": "samples in the WAV it gets"}] = "pcm16",
    timeout: Annotated[float, {"ge": 1, "le": 3600, "unit": "s", "help": "then it is stopped"}] = 60.0,
) -> np.ndarray:
    """Return what the program makes of `lossy`, shape ``(frames, channels)``.

    Raises
    ------
    RefusedError
        If the template is empty or names an unknown word; if the program cannot be started, fails, takes too
        long, or writes no output or one of the wrong form.
    """
    with tempfile.TemporaryDirectory(prefix="gaplisten-command-") as name_of_folder:
        folder = Path(name_of_folder)
        words = _words(folder, lossy.shape[1], rate, packet_frames)
        check_template(command)
        arguments = arguments_of(command, words)
        _write_wav(folder / "in.wav", lossy, rate, samples)
        (folder / "in.raw").write_bytes(_pcm16(lossy).tobytes())
        unit = round(mask_unit * rate / 1000) or packet_frames
        _write_masks(folder, _mask(lost, packet_frames, unit, len(lossy)))
        said = run(arguments, folder, timeout)
        out = _read_output(folder, "{out_raw}" in command, rate, lossy.shape[1], said)
    return _fitted(out[strip:], len(lossy), unit, arguments[0])


def _words(folder: Path, channels: int, rate: int, packet: int) -> dict[str, str]:
    files = {"in_wav": "in.wav", "out_wav": "out.wav", "in_raw": "in.raw", "out_raw": "out.raw"}
    words = {word: str(folder / file) for word, file in {**files, **MASKS}.items()}
    numbers = {"rate": rate, "channels": channels, "packet": packet, "packet_ms": f"{1000 * packet / rate:g}"}
    return {**words, **{word: str(number) for word, number in numbers.items()}, "folder": str(folder)}


def check_template(command: str) -> None:
    """Refuse a template that names no output."""
    if not command.strip():
        raise RefusedError(f"no command is set; write one, for example: {EXAMPLE}")
    if "{out_wav}" not in command and "{out_raw}" not in command:
        raise RefusedError("the command names neither {out_wav} nor {out_raw}; say where its output goes")


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


def _pcm16(samples: np.ndarray) -> np.ndarray:
    return np.clip(np.round(samples * 32768.0), -32768, 32767).astype("<i2")


def _write_wav(path: Path, lossy: np.ndarray, rate: int, samples: str) -> None:
    from scipy.io import wavfile

    wavfile.write(path, rate, _pcm16(lossy) if samples == "pcm16" else lossy.astype(np.float32))


def _mask(lost: np.ndarray, packet: int, unit: int, frames: int) -> np.ndarray:
    """Return one flag per unit; a unit is lost when its middle is."""
    middles = np.arange(0, frames, unit) + min(unit, packet) // 2
    return lost[np.minimum(middles // packet, len(lost) - 1)]


def _write_masks(folder: Path, lost: np.ndarray) -> None:
    """Write the loss trace in each of its forms."""
    for word, flags in (("mask_txt", lost), ("mask_received_txt", ~lost)):
        (folder / MASKS[word]).write_text("".join(f"{int(flag)}\n" for flag in flags), encoding="ascii")
    (folder / MASKS["mask_g192"]).write_bytes(np.where(lost, 0x6B20, 0x6B21).astype("<u2").tobytes())
    (folder / MASKS["mask_byte"]).write_bytes(np.where(lost, 0x20, 0x21).astype(np.uint8).tobytes())


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


def _read_output(folder: Path, raw: bool, rate: int, channels: int, said: str) -> np.ndarray:
    path = folder / ("out.raw" if raw else "out.wav")
    if not path.is_file():
        raise RefusedError(f"the program ended well but wrote no output to {path.name}{said}")
    if raw:
        values = np.frombuffer(
            path.read_bytes()[: path.stat().st_size // (2 * channels) * 2 * channels], "<i2"
        )
        return (values.reshape(-1, channels) / 32768).astype(np.float32)
    return read_wav(path, rate, channels)


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


def _fitted(out: np.ndarray, frames: int, unit: int, program: str) -> np.ndarray:
    missing = frames - len(out)
    if missing > unit:
        raise RefusedError(
            f"{program} gave {len(out)} frames (after cutting its delay), wanted are {frames}; "
            f"up to one mask unit ({unit} frames) may be missing"
        )
    return (
        np.concatenate((out, np.zeros((missing, out.shape[1]), np.float32))) if missing > 0 else out[:frames]
    )
