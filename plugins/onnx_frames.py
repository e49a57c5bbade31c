"""Any ONNX or TFLite model that works by packets, hops or spectra, described by a file beside it.

The description is TOML or JSON; docs/plugins.md has complete ones.

* ``runtime``: ``onnx`` (default) or ``litert`` (TFLite files; needs the package ai-edge-litert)
* ``model``: the model's file, beside the description or in a folder under it; ``rate``: its clock in Hz
  (the host resamples clips at other rates)
* ``domain``: ``packet`` (one call per packet), ``hop`` (one per `hop` frames) or ``stft``
* ``hop``, ``window``: frames; ``window`` for stft only, with ``taper``: ``sqrt_hann`` (default),
  ``hann``, ``rect``
* ``overlap_add``: for hop only. True: an answer is two hops long and already has its window; answers are
  added up half by half, and so are received hops under a Hann window where the model is not called. False
  is the default
* ``call``: ``always``, ``lost`` (when the unit was lost; default) or ``lost+1`` (also for the first one
  received after a loss)
* ``replace``: ``lost`` (default: received units stay as they are) or ``always`` (blind models)
* ``lost_value``: what stands for lost in masks, 1 (default) or 0
* ``[input]``: ``name``; ``shape`` (one -1 allowed); for packet and hop ``context`` and ``ahead``, the
  units of past output before and of received signal behind the one to fill (lost ones are zero; with
  `overlap_add` the newest unit of context is the half of a sum that is known by then); for
  stft ``features``, a list of ``magnitude``, ``power``, ``log_power``, ``real``, ``imag``, ``sin``,
  ``cos``, ``lost_left``, ``lost_right``, and ``layout``: ``concat`` (default: one after the other) or
  ``stack`` (bin by bin)
* ``[mask]``, optional: ``name`` and ``shape`` of a tensor of one flag per unit of the input (packet and
  hop)
* ``[output]``: ``name``; for packet and hop ``start`` and ``stop``, the slice of the flattened output,
  at least one unit long: what is beyond a unit is blended linearly into what follows; for stft
  ``layout`` and ``features``: ``magnitude``, ``sin`` and ``cos``, or ``real`` and ``imag``
* ``[states]``: input name = output name; they start as zeros of the input's shape, dynamic axes as 1

Tensors of TFLite models have the names that the model gives them; where it has one input, one output or
both, their names may be left out.

In stft a frame counts as lost when its last hop was. The delay is `ahead` units, or window minus hop.

Source: the model's authors.
"""

import contextlib
import json
import os
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np

HOW = (
    "set `description` to a TOML or JSON file that describes the model (docs/plugins.md shows complete ones)"
)
KEYS = {
    "": {"model", "rate", "domain", "hop", "window", "taper", "call", "replace", "lost_value"}
    | {"input", "mask", "output", "states", "runtime", "overlap_add"},
    "input": {"name", "shape", "context", "ahead", "features", "layout"},
    "mask": {"name", "shape"},
    "output": {"name", "start", "stop", "features", "layout"},
}
CHOICES = {
    "domain": ("packet", "hop", "stft"),
    "call": ("always", "lost", "lost+1"),
    "replace": ("lost", "always"),
    "taper": ("sqrt_hann", "hann", "rect"),
    "runtime": ("onnx", "litert"),
    "overlap_add": (False, True),
}
NUMBERS = {
    "": {"rate": 1000, "hop": 1, "window": 2},
    "input": {"context": 0, "ahead": 0},
    "output": {"start": 0, "stop": 1},
}
TINY = 1e-12
FEATURES: dict[str, Callable[[np.ndarray, float, float], np.ndarray]] = {
    "magnitude": lambda x, left, right: np.abs(x),
    "power": lambda x, left, right: np.abs(x) ** 2,
    "log_power": lambda x, left, right: np.log10(np.maximum(np.abs(x) ** 2, TINY)),
    "real": lambda x, left, right: x.real,
    "imag": lambda x, left, right: x.imag,
    "sin": lambda x, left, right: np.sin(np.angle(x)),
    "cos": lambda x, left, right: np.cos(np.angle(x)),
    "lost_left": lambda x, left, right: np.full(len(x), left),
    "lost_right": lambda x, left, right: np.full(len(x), right),
}


class RefusedError(ValueError):
    """What is missing or does not fit, and what to do: for people, so shown without a traceback."""

    for_user = True


class OnnxFrames:
    """Run a described model on one channel.

    Parameters
    ----------
    rate, packet_frames, channels
        The description's rate; frames in one packet; channels (1: the host calls once per channel).
    description
        The TOML or JSON file.

    Raises
    ------
    RefusedError
        If the description or the model is missing, wrong or does not fit the clip; says what to change.
    """

    name = "ONNX or TFLite model"
    help = "Any ONNX or TFLite model, described by a TOML or JSON file beside it."
    source = "the model's authors"
    channels = 1
    causal = True

    def __init__(
        self,
        rate: int,
        packet_frames: int,
        channels: int,
        *,
        description: Annotated[Path, {"help": "TOML or JSON file that describes the model"}] = Path(),
    ) -> None:
        told = read_description(Path(description))
        self._unit = packet_frames if told["domain"] == "packet" else int(told["hop"])
        if packet_frames % self._unit:
            fact = f"a packet of {packet_frames} frames is not a whole number of hops of {self._unit}"
            raise RefusedError(f"{fact}; use packets of a multiple of it")
        self._hops = packet_frames // self._unit
        model = _Model(told, Path(description).parent)
        if told["domain"] == "stft":
            self._engine = _Spectra(told, model)
        else:
            self._engine = (_Added if told["overlap_add"] else _Units)(told, model, self._unit)
        self.delay = self._engine.delay

    @staticmethod
    def rates(description: Path = Path()) -> tuple[int, ...]:
        """Return the model's clock in Hz: the host brings clips at other rates there and back."""
        return (read_description(Path(description))["rate"],)

    def packet(self, samples: np.ndarray | None) -> np.ndarray:
        """Return one packet, `delay` frames late; `samples` is None when it is lost."""
        lost = samples is None
        now = np.zeros(self._hops * self._unit) if samples is None else samples[:, 0].astype(np.float64)
        return self._steps(now.reshape(-1, self._unit), lost)

    def flush(self) -> np.ndarray:
        """Return the last `delay` frames."""
        return self._steps(np.zeros((self.delay // self._unit, self._unit)), False)

    def _steps(self, units: np.ndarray, lost: bool) -> np.ndarray:
        pieces = [self._engine.step(unit, lost) for unit in units]
        return np.concatenate((np.empty(0), *pieces)).astype(np.float32)[:, None]


class _Units:
    """Packets or hops: context, the unit to fill and what is ahead go in, samples come out."""

    def __init__(self, told: dict[str, Any], model: "_Model", unit: int) -> None:
        self._told, self._model, self._unit = told, model, unit
        before, ahead = int(told["input"].get("context", 0)), int(told["input"].get("ahead", 0))
        self.delay = ahead * unit
        self._past = [np.zeros(unit)] * before
        self._past_lost = [False] * before
        self._coming, self._coming_lost = [np.zeros(unit)] * ahead, [False] * ahead
        self._lost_before, self._beyond = False, np.empty(0)
        stop = told["output"]["stop"] - told["output"].get("start", 0)
        if stop < unit:
            raise RefusedError(
                f"the description's output slice has {stop} frames, one unit has {unit}; enlarge it"
            )

    def step(self, samples: np.ndarray, lost: bool) -> np.ndarray:
        """Take the newest unit, return the one that is due."""
        self._coming, self._coming_lost = [*self._coming, samples], [*self._coming_lost, lost]
        due, gone = self._coming[0], self._coming_lost[0]
        out = self._filled(due, gone)
        self._past, self._past_lost = [*self._past, out][1:], [*self._past_lost, gone][1:]
        self._coming, self._coming_lost = self._coming[1:], self._coming_lost[1:]
        self._lost_before = gone
        return out

    def _filled(self, due: np.ndarray, gone: bool) -> np.ndarray:
        call = self._told["call"]
        after = call == "lost+1" and self._lost_before
        beyond, self._beyond = self._beyond, np.empty(0)
        if call != "always" and not gone and not after:
            return _blended(beyond, due)
        answer = self._answer()
        if gone or self._told["replace"] == "always":
            self._beyond = answer[self._unit :]
            return _blended(beyond, answer[: self._unit])
        return _blended(answer[: self._unit], due) if after else _blended(beyond, due)

    def _answer(self) -> np.ndarray:
        value = float(self._told["lost_value"])
        flags = np.array([value if gone else 1 - value for gone in self._past_lost + self._coming_lost])
        output = self._model.run(np.concatenate((*self._past, *self._coming)), flags)
        told = self._told["output"]
        return output.ravel()[told.get("start", 0) : told["stop"]].astype(np.float64)


class _Added:
    """Hops whose answers overlap by half: two hops come out under the model's own window and are added up.

    What is due is always one hop older than the newest: an answer reaches from the one to the other.
    """

    def __init__(self, told: dict[str, Any], model: "_Model", unit: int) -> None:
        self._told, self._model, self._unit = told, model, unit
        before, ahead = int(told["input"].get("context", 0)), int(told["input"].get("ahead", 0))
        if ahead < 1:
            raise RefusedError(
                "with overlap_add an answer reaches one hop ahead; set [input] ahead to 1 or more"
            )
        if told["output"]["stop"] - told["output"].get("start", 0) != 2 * unit:
            raise RefusedError(f"with overlap_add the output slice has two hops, {2 * unit} frames; mend it")
        self.delay = ahead * unit
        self._past = [np.zeros(unit)] * before
        self._past_lost = [False] * before
        self._coming, self._coming_lost = [np.zeros(unit)] * ahead, [False] * ahead
        self._sum = np.zeros(2 * unit)
        self._window = 0.5 - 0.5 * np.cos(np.pi * np.arange(2 * unit) / unit)

    def step(self, samples: np.ndarray, lost: bool) -> np.ndarray:
        """Take the newest hop, return the one that is complete."""
        self._coming, self._coming_lost = [*self._coming, samples], [*self._coming_lost, lost]
        if self._past:  # what came out last is the newest context
            self._past = [*self._past[1:], self._sum[: self._unit].copy()]
        self._sum = np.concatenate((self._sum[self._unit :], np.zeros(self._unit)))
        due, ahead = self._coming_lost[0], self._coming_lost[1]
        called = self._told["call"] == "always" or due or ahead
        self._sum += self._answer() if called else np.concatenate(self._coming[:2]) * self._window
        self._past_lost = [*self._past_lost, due][1:] if self._past_lost else []
        self._coming, self._coming_lost = self._coming[1:], self._coming_lost[1:]
        return self._sum[: self._unit].copy()

    def _answer(self) -> np.ndarray:
        value = float(self._told["lost_value"])
        flags = np.array([value if gone else 1 - value for gone in self._past_lost + self._coming_lost])
        output = self._model.run(np.concatenate((*self._past, *self._coming)), flags)
        told = self._told["output"]
        return output.ravel()[told.get("start", 0) : told["stop"]].astype(np.float64)


def _blended(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Blend linearly from `old` into `new` over the length of `old`."""
    n = min(len(old), len(new))
    rise = np.arange(1, n + 1) / (n + 1)
    return np.concatenate((rise * new[:n] + (1 - rise) * old[:n], new[n:]))


class _Spectra:
    """Short-time spectra: features go in, a spectrum comes out, overlap-add."""

    def __init__(self, told: dict[str, Any], model: "_Model") -> None:
        self._told, self._model = told, model
        self._hop, window = int(told["hop"]), int(told["window"])
        if window % self._hop:
            raise RefusedError(
                f"the description's window of {window} is no multiple of its hop of {self._hop}"
            )
        self.delay = window - self._hop
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
        self._taper = {"hann": hann, "sqrt_hann": np.sqrt(hann), "rect": np.ones(window)}[told["taper"]]
        scale = (self._taper**2).reshape(-1, self._hop).sum(axis=0)
        self._undo = self._taper / np.tile(scale, window // self._hop)
        self._held, self._sum = np.zeros(window), np.zeros(window)
        self._flags, self._ran = [False] * (window // self._hop), False

    def step(self, samples: np.ndarray, lost: bool) -> np.ndarray:
        """Take the newest hop, return the one that is complete."""
        self._held = np.concatenate((self._held[self._hop :], samples))
        self._flags = [*self._flags[1:], lost]
        spectrum = np.fft.rfft(self._held * self._taper)
        after = self._told["call"] == "lost+1" and self._ran
        self._ran = lost
        if lost or after or self._told["call"] == "always":
            guess = self._answer(spectrum)
            spectrum = guess if lost or self._told["replace"] == "always" else spectrum
        self._sum += np.fft.irfft(spectrum, len(self._held)) * self._undo
        out, self._sum = self._sum[: self._hop], np.concatenate((self._sum[self._hop :], np.zeros(self._hop)))
        return out

    def _answer(self, spectrum: np.ndarray) -> np.ndarray:
        value = float(self._told["lost_value"])
        left, right = (value if flag else 1 - value for flag in (self._flags[0], self._flags[-1]))
        told = self._told["input"]
        rows = np.stack([FEATURES[name](spectrum, left, right) for name in told["features"]])
        rows = rows.T if told.get("layout", "concat") == "stack" else rows
        return self._spectrum(self._model.run(rows.ravel(), None), len(spectrum))

    def _spectrum(self, output: np.ndarray, bins: int) -> np.ndarray:
        told = self._told["output"]
        names = told["features"]
        if output.size != bins * len(names):
            fact = f"the model gave {output.size} numbers, {len(names)} features of {bins} bins are described"
            raise RefusedError(f"{fact}; mend the description's output")
        rows = (
            output.reshape(bins, -1).T
            if told.get("layout", "concat") == "stack"
            else output.reshape(-1, bins)
        )
        part = dict(zip(names, rows.astype(np.float64), strict=True))
        if "real" in part:
            return np.asarray(part["real"] + 1j * part["imag"])
        return np.asarray(part["magnitude"] * (part["cos"] + 1j * part["sin"]))


class _Model:
    """The model, its states and the shapes of what goes in."""

    def __init__(self, told: dict[str, Any], folder: Path) -> None:
        self._told = told
        self._session = RUNTIMES[told["runtime"]](folder / str(told["model"]))
        found = self._session.inputs
        self._input = told["input"].get("name") or _only(tuple(found), "input")
        self._output = told["output"].get("name") or _only(self._session.outputs, "output")
        named = {self._input, *told["states"], *([told["mask"]["name"]] if "mask" in told else [])}
        if unknown := {self._output, *told["states"].values()} - set(self._session.outputs):
            fact = f"the model has no output {', '.join(sorted(unknown))}; it has"
            raise RefusedError(f"{fact} {', '.join(self._session.outputs)}; mend the description")
        if named != set(found):
            fact = (
                f"the model's inputs are {', '.join(sorted(found))}; described are {', '.join(sorted(named))}"
            )
            raise RefusedError(f"{fact}; mend the description")
        self._states = {
            name: np.zeros([n if isinstance(n, int) and n > 0 else 1 for n in found[name]], np.float32)
            for name in told["states"]
        }

    def run(self, values: np.ndarray, flags: np.ndarray | None) -> np.ndarray:
        """Call the model once; carry its states."""
        told = self._told
        feed = {self._input: _shaped(values, told["input"]), **self._states}
        if "mask" in told and flags is not None:
            feed[told["mask"]["name"]] = _shaped(flags, told["mask"])
        output, *states = self._session.run([self._output, *told["states"].values()], feed)
        self._states = dict(zip(told["states"], states, strict=True))
        return np.asarray(output)


def _shaped(values: np.ndarray, told: dict[str, Any]) -> np.ndarray:
    try:
        return values.astype(np.float32).reshape(told["shape"])
    except ValueError as error:
        what = told.get("name", "the input")
        fact = f"{values.size} numbers for {what} do not fit its described shape {told['shape']}"
        raise RefusedError(f"{fact}; mend the description") from error


def read_description(path: Path) -> dict[str, Any]:
    """Return the checked description with its defaults filled in."""
    if path == Path():
        raise RefusedError(f"no model is described; {HOW}")
    if not path.is_file():
        raise RefusedError(f"{path} is not there; {HOW}")
    try:
        text = path.read_text(encoding="utf-8")
        told: dict[str, Any] = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"{path} cannot be read: {error}; {HOW}") from error
    if not isinstance(told, dict):
        raise RefusedError(f"{path} holds no table of keys and values; {HOW}")
    if told.get("overlap_add") and told.get("domain") != "hop":
        raise RefusedError(f"{path}: overlap_add is for domain hop; change the one or the other")
    if told.get("overlap_add") and ("replace" in told or told.get("call") == "lost+1"):
        fact = "with overlap_add every answer is added up: `replace` and call = lost+1 have no meaning"
        raise RefusedError(f"{path}: {fact}; leave them out")
    told = {"call": "lost", "replace": "lost", "lost_value": 1, "taper": "sqrt_hann", "states": {}, **told}
    told = {"runtime": "onnx", "overlap_add": False, **told}
    _check(told, path)
    return told


def _check(told: dict[str, Any], path: Path) -> None:
    domain = told.get("domain")
    for table in ("input", "mask", "output", "states"):
        if not isinstance(told.get(table, {}), dict):
            raise RefusedError(f"{path}: {table} is {told[table]!r}; it is a table; {HOW}")
    for key, allowed in CHOICES.items():
        if told.get(key) not in allowed:
            raise RefusedError(f"{path}: {key} is {told.get(key)!r}; it may be {', '.join(allowed)}")
    needed = {"model", "rate", "domain", "input", "output"} | ({"hop"} if domain != "packet" else set())
    needed |= {"window"} if domain == "stft" else set()
    if missing := needed - set(told):
        raise RefusedError(f"{path} lacks {', '.join(sorted(missing))}; {HOW}")
    if told["lost_value"] not in (0, 1):
        raise RefusedError(f"{path}: lost_value is {told['lost_value']!r}; it may be 1 or 0")
    for table, known in KEYS.items():
        if unknown := set(told.get(table, {}) if table else told) - known:
            where = f"[{table}]" if table else "the top level"
            raise RefusedError(
                f"{path}: {where} has unknown {', '.join(sorted(unknown))}; known: {sorted(known)}"
            )
    model = Path(str(told["model"]))
    if model.is_absolute() or ".." in model.parts:
        raise RefusedError(f"{path}: model {model} is outside the description's folder; put the two together")
    _check_tensors(told, path, domain == "stft")
    _check_numbers(told, path)


def _check_tensors(told: dict[str, Any], path: Path, spectra: bool) -> None:
    name = set() if told["runtime"] == "litert" else {"name"}
    needed = {"input": {"shape"} | name, "output": set(name), "mask": {"name", "shape"}}
    needed["output"] |= {"features"} if spectra else {"stop"}
    needed["input"] |= {"features"} if spectra else set()
    for table, keys in needed.items():
        if table in told and (missing := keys - set(told[table])):
            raise RefusedError(f"{path}: [{table}] lacks {', '.join(sorted(missing))}; {HOW}")
    if not spectra:
        return
    if unknown := set(told["input"]["features"]) - set(FEATURES):
        raise RefusedError(f"{path}: unknown features {sorted(unknown)}; known are {', '.join(FEATURES)}")
    if set(told["output"]["features"]) not in ({"magnitude", "sin", "cos"}, {"real", "imag"}):
        raise RefusedError(f"{path}: output features are magnitude, sin and cos, or real and imag")


def _check_numbers(told: dict[str, Any], path: Path) -> None:
    for table, least in NUMBERS.items():
        given = told.get(table, {}) if table else told
        for key in least.keys() & given.keys():
            number = given[key]
            if not isinstance(number, int) or number < least[key]:
                where = f"[{table}] {key}" if table else key
                raise RefusedError(f"{path}: {where} is {number!r}; it is a whole number from {least[key]}")


def _only(names: tuple[str, ...], what: str) -> str:
    if len(names) != 1:
        raise RefusedError(f"the model has several {what}s ({', '.join(names)}); name one in [{what}]")
    return names[0]


def check_file(path: Path) -> None:
    """Refuse what is not there, and a Git LFS pointer in place of a model."""
    if not path.is_file():
        raise RefusedError(f"{path} is not there; put the model beside its description or mend `model`")
    with path.open("rb") as file:
        if file.read(40).startswith(b"version https://git-lfs"):
            raise RefusedError(f"{path} is a Git LFS pointer, not the model; fetch it with: git lfs pull")


class _Onnx:
    """An ONNX file on one thread: the shape of each input by name, and the names of the outputs."""

    def __init__(self, path: Path) -> None:
        check_file(path)
        try:
            import onnxruntime
        except ImportError as error:
            raise RefusedError("the package onnxruntime is missing; pip install onnxruntime") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise RefusedError(f"{path} cannot be read as an ONNX model ({error})") from error
        self.inputs = {item.name: list(item.shape) for item in self._session.get_inputs()}
        self.outputs = tuple(item.name for item in self._session.get_outputs())

    def run(self, names: list[str], feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        """Return the outputs of these names."""
        return list(self._session.run(names, feed))


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Keep the runtime's own remarks about processors off the lane."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


class _Litert:
    """A TFLite file on one thread, with the same face."""

    def __init__(self, path: Path) -> None:
        check_file(path)
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise RefusedError("the package ai-edge-litert is missing; pip install ai-edge-litert") from error
        try:
            with hushed():
                self._interpreter = Interpreter(model_path=str(path), num_threads=1)
                self._interpreter.allocate_tensors()
        except Exception as error:
            raise RefusedError(f"{path} cannot be read as a TFLite model ({error})") from error
        given, made = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        self.inputs = {item["name"]: [int(n) for n in item["shape"]] for item in given}
        self.outputs = tuple(item["name"] for item in made)
        self._places = {item["name"]: item["index"] for item in (*given, *made)}

    def run(self, names: list[str], feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        """Return the outputs of these names."""
        for name, values in feed.items():
            if list(values.shape) != self.inputs[name]:
                fact = f"the model's {name} has shape {self.inputs[name]}, described is {list(values.shape)}"
                raise RefusedError(f"{fact}; mend the description")
            self._interpreter.set_tensor(self._places[name], values)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(self._places[name]) for name in names]


RUNTIMES = {"onnx": _Onnx, "litert": _Litert}
