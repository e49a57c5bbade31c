"""Opus with deep PLC, LACE and NoLACE: neural concealment of libopus 1.5, the codec in the loop.

The undamaged speech is encoded by libopus, the payloads of lost packets are dropped, and the rest is
decoded by a libopus with weights: the npm package `@wasm-audio-decoders/opus-ml`, run by Node.js. A lost
packet is concealed by deep PLC; LACE and NoLACE are post-filters of Opus' speech modes, and act on received
speech too. Every sample is altered: set `loss` to none, and the codec alone is heard.

The delay is the encoder's look-ahead (6.5 ms). Packets must last 10 or 20 ms (the speech modes' frames);
the decoder works at 48 kHz or below.

The package is looked for in `package`, then in `NODE_PATH`, in `node_modules` of the folder `node` of
Python's own environment, of your plugin's and your home folder, and where `npm install --global` puts it.

Source: IETF RFC 6716; J.-M. Valin et al., Low-complexity deep PLC (libopus 1.5); J. Büthe et al., NoLACE,
ICASSP 2024; package opus-ml by E. Halsall (MIT, libopus BSD).
"""

import ctypes
import ctypes.util
import importlib.util
import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

name = "Opus deep PLC (codec)"
help = "Encodes, loses packets, decodes with deep PLC and NoLACE. Needs Node.js. Alters received speech."
source = "RFC 6716; libopus 1.5 in the npm package opus-ml"
rates = (8000, 12000, 16000, 24000, 48000)
channels = 1
causal = True

VOIP, SET_BITRATE, SET_COMPLEXITY, SET_LOSS, GET_LOOKAHEAD = 2048, 4002, 4010, 4014, 4027
LARGEST = 1276  # bytes
COMPLEXITIES = {"nolace": 7, "lace": 6, "deep": 5, "classical": 0}  # of the decoder
PACKAGE = "@wasm-audio-decoders/opus-ml"
HOW = (
    f"install Node.js (Debian: apt install nodejs npm), then: npm install --global {PACKAGE}; or set "
    "`package` to the folder of the package"
)
INSTALL = (
    "install it (Debian and Ubuntu: apt install libopus0; Fedora: dnf install opus; macOS: brew install opus)"
    ", or the package that carries one: pip install av"
)
# Reads the length of a payload (two bytes) and the payload, writes one packet of float32. A lost packet has
# length 0: the decoder gets the first byte of the last one, its low bits cleared (one frame, empty).
SCRIPT = """
import fs from 'fs';
import { pathToFileURL } from 'url';
const [entry, rate, complexity] = process.argv.slice(-3);
const { OpusMLDecoder } = await import(pathToFileURL(entry));
const decoder = new OpusMLDecoder({
  sampleRate: +rate, channels: 1, preSkip: 0, speechQualityEnhancement: 'nolace' });
decoder._complexity = +complexity;  // read when it gets ready; the package's own option knows no 5
await decoder.ready;
function patiently(step) {
  for (;;) { try { return step(); } catch (error) { if (error.code !== 'EAGAIN') throw error; } }
}
function read(size) {
  const data = Buffer.alloc(size);
  for (let done = 0; done < size;) {
    const got = patiently(() => fs.readSync(0, data, done, size - done, null));
    if (!got) process.exit(0);
    done += got;
  }
  return data;
}
let first = 0x48;
for (;;) {
  const size = read(2).readUInt16LE(0);
  const packet = size ? new Uint8Array(read(size)) : new Uint8Array([first & 0xfc]);
  first = packet[0];
  const made = decoder.decodeFrame(packet);
  if (made.errors.length) { console.error(made.errors[0].message); process.exit(3); }
  const sound = Buffer.from(new Float32Array(made.channelData[0]).buffer);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(sound.length);
  for (const data of [head, sound])
    for (let done = 0; done < data.length;)
      done += patiently(() => fs.writeSync(1, data, done));
}
"""


class RefusedError(ValueError):
    """What is missing or does not fit, and what to do: for people, so shown without a traceback."""

    for_user = True


class Encoder:
    """One Opus encoder of one channel.

    Raises
    ------
    RefusedError
        If libopus is missing, with how to get it; if packets do not last 10 or 20 ms.
    """

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        bitrate: Annotated[int, {"ge": 6, "le": 128, "unit": "kbit/s", "help": "target bit rate"}] = 32,
        complexity: Annotated[int, {"ge": 0, "le": 10, "help": "of the encoder"}] = 10,
        expected_loss: Annotated[int, {"ge": 0, "le": 100, "unit": "%", "help": "told to the encoder"}] = 0,
        library: Annotated[
            Path, {"help": "libopus to encode with; else the newer of the system's and av's"}
        ] = Path(),
    ) -> None:
        check_packets(rate, packet_frames)
        self._lib = opus_library(library)
        error, ahead = ctypes.c_int(), ctypes.c_int()
        self._state = self._lib.opus_encoder_create(rate, 1, VOIP, ctypes.byref(error))
        if error.value:
            raise RefusedError(f"libopus has no encoder at {rate} Hz; change the rate")
        settings = {SET_BITRATE: 1000 * bitrate, SET_COMPLEXITY: complexity, SET_LOSS: expected_loss}
        for request, value in settings.items():
            self._lib.opus_encoder_ctl(self._state, request, ctypes.c_int(value))
        self._lib.opus_encoder_ctl(self._state, GET_LOOKAHEAD, ctypes.byref(ahead))
        self.delay = ahead.value

    def encode(self, samples: np.ndarray) -> bytes:
        """Return the payload of one packet."""
        pcm = np.ascontiguousarray(np.clip(samples[:, 0], -1, 1), np.float32)
        payload = ctypes.create_string_buffer(LARGEST)
        size = self._lib.opus_encode_float(self._state, _at(pcm), len(pcm), payload, LARGEST)
        if size < 0:
            raise RefusedError(f"libopus could not encode (error {size}); change the bit rate")
        return payload.raw[:size]

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._lib.opus_encoder_destroy(self._state)


class Decoder:
    """One decoder under Node.js.

    Raises
    ------
    RefusedError
        If Node.js or the package is missing, with how to get them.
    """

    delay = 0

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        decoder: Annotated[
            Literal["nolace", "lace", "deep", "classical"],
            {"help": "deep PLC with NoLACE, with LACE, alone, or none of them"},
        ] = "nolace",
        package: Annotated[Path, {"help": "folder of the npm package opus-ml; else looked for"}] = Path(),
    ) -> None:
        check_packets(rate, packet_frames)
        # Started with the first payload: until then it is only looked for.
        entry = find_package(package) / "index.js" if find_node() else Path()
        self._words = ["--input-type=module", "-e", SCRIPT, str(entry), str(rate), str(COMPLEXITIES[decoder])]
        self._size, self._node = packet_frames, None

    def decode(self, payload: bytes | None) -> np.ndarray:
        """Return one packet; `payload` is None when it was lost."""
        node = self._node = self._node or _started(self._words)
        data = payload or b""
        try:
            node.stdin.write(struct.pack("<H", len(data)) + data)
            node.stdin.flush()
            (size,) = struct.unpack("<I", self._read(4))
            pcm = np.frombuffer(self._read(size), np.float32)
        except (OSError, EOFError) as error:
            said = node.stderr.read().decode("utf-8", "replace").strip()[-1500:]
            raise RefusedError(f"Node.js ended: {said or 'it said nothing'}; {HOW}") from error
        out = np.zeros((self._size, 1), np.float32)
        out[: len(pcm), 0] = pcm[: self._size]
        return out

    def _read(self, size: int) -> bytes:
        data = self._node.stdout.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def __del__(self) -> None:
        if (node := getattr(self, "_node", None)) is not None:
            node.kill()
            node.communicate()


def find_node() -> str:
    """Return the program Node.js."""
    node = shutil.which("node") or shutil.which("nodejs")
    if node is None:
        raise RefusedError(f"Node.js is missing; {HOW}")
    return node


def _started(words: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [find_node(), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_room_for_node if sys.platform == "linux" else None,
    )


def _room_for_node() -> None:
    """Lift the limit of address space, of which WebAssembly reserves much; end with the worker."""
    import resource
    import signal

    for which in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        resource.setrlimit(which, (resource.getrlimit(which)[1],) * 2)
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def find_package(path: Path = Path()) -> Path:
    """Return the folder of opus-ml."""
    for folder in [path] if path != Path() else _folders():
        for each in (folder, folder / PACKAGE, folder / "node_modules" / PACKAGE):
            if (each / "index.js").is_file() and (each / "src" / "OpusMLDecoder.js").is_file():
                (each / "package.json").read_bytes()  # so that the host sees when it becomes another version
                return each.absolute()
    where = f"{path} holds no npm package" if path != Path() else "the npm package"
    raise RefusedError(f"{where} {PACKAGE}{'' if path != Path() else ' is missing'}; {HOW}")


def _folders() -> list[Path]:
    named = [Path(each) for each in os.environ.get("NODE_PATH", "").split(os.pathsep) if each]
    node = shutil.which("node") or shutil.which("nodejs")
    beside = [Path(node).resolve().parent.parent / "lib" / "node_modules"] if node else []
    usual = [
        Path("/usr/local/lib/node_modules"),
        Path("/usr/lib/node_modules"),
        Path("/opt/homebrew/lib/node_modules"),
    ]
    windows = [Path(os.environ["APPDATA"]) / "npm" / "node_modules"] if "APPDATA" in os.environ else []
    own = [Path(sys.prefix) / "node", Path(__file__).parent, Path.home()]
    return [*named, *own, *beside, *usual, *windows]


def check_packets(rate: int, packet_frames: int) -> None:
    """Refuse packets that are not one frame of Opus' speech modes."""
    milliseconds = 1000 * packet_frames / rate
    if milliseconds not in (10, 20):
        raise RefusedError(
            f"deep PLC works in packets of 10 or 20 ms, these last {milliseconds:.4g} ms; use those"
        )


def _at(pcm: np.ndarray) -> ctypes.c_void_p:
    return pcm.ctypes.data_as(ctypes.c_void_p)


def opus_library(path: Path = Path()) -> ctypes.CDLL:
    """Load libopus: the named one, or the newer of the system's and that of the package av."""
    if path != Path() and not path.is_file():
        raise RefusedError(f"{path} is not there; name a libopus file, or leave `library` empty")
    found = []
    for each in [str(path)] if path != Path() else _places():
        try:
            found.append(_declared(ctypes.CDLL(each)))
        except (OSError, AttributeError):
            continue
    if found:
        return max(found, key=_version)  # of equal ones the first: the system's
    if path != Path():
        raise RefusedError(f"{path} is no libopus that can be loaded; name another, or leave `library` empty")
    raise RefusedError(f"libopus is missing; {INSTALL}")


def _version(lib: ctypes.CDLL) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", lib.opus_get_version_string().decode())[:3]]


def _places() -> list[str]:
    own = {"darwin": "libopus.0.dylib", "win32": "opus.dll"}.get(sys.platform, "libopus.so.0")
    found = [own, ctypes.util.find_library("opus") or ""]
    package = importlib.util.find_spec("av")
    for folder in (package.submodule_search_locations or ()) if package else ():
        inside = (Path(folder).with_name("av.libs"), Path(folder) / ".dylibs")
        found += [str(file) for each in inside for file in sorted(each.glob("*opus*"))]
    return [each for each in found if each]


def _declared(lib: ctypes.CDLL) -> ctypes.CDLL:
    number, state, data = ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p
    wanted = {
        "opus_encoder_create": (state, [ctypes.c_int32, number, number, data]),
        "opus_encoder_destroy": (None, [state]),
        "opus_encoder_ctl": (number, [state, number]),
        "opus_encode_float": (ctypes.c_int32, [state, data, number, data, ctypes.c_int32]),
        "opus_decoder_create": (state, [ctypes.c_int32, number, data]),
        "opus_decoder_destroy": (None, [state]),
        "opus_decoder_ctl": (number, [state, number]),
        "opus_decode_float": (number, [state, ctypes.c_char_p, ctypes.c_int32, data, number, number]),
        "opus_strerror": (ctypes.c_char_p, [number]),
        "opus_get_version_string": (ctypes.c_char_p, []),
    }
    for name, (restype, argtypes) in wanted.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = restype, argtypes
    return lib
