"""Make the demo speech again: flite's voices, 16 kHz, and loss traces for each burst-length stratum.

Needs the program flite 2.2 (Debian package "flite"); run from any folder: python make_demo.py
"""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile as sf

HERE = Path(__file__).resolve().parent
RATE, PACKET = 16000, 320
# (voice, longest burst in packets, share of packets lost, seed, sentence)
CLIPS = [
    (
        "slt",
        5,
        0.08,
        11,
        "The parcel left the harbour on Monday, and nobody on the island noticed that it was missing.",
    ),
    (
        "rms",
        6,
        0.12,
        22,
        "Please read the numbers back to me slowly: four, nine, seven, one, and then the letter R.",
    ),
    (
        "awb",
        10,
        0.15,
        33,
        "A thin layer of ice covered the river, but the ferry kept its usual timetable all winter.",
    ),
    (
        "slt",
        15,
        0.18,
        44,
        "When the line goes quiet for a moment, a good listener waits and fills in the missing words.",
    ),
    (
        "rms",
        24,
        0.22,
        55,
        "Our train was late again, so we sat in the station and talked about music until midnight.",
    ),
    (
        "awb",
        40,
        0.30,
        66,
        "She measured every gap twice, wrote the answer in a small blue book, and closed it carefully.",
    ),
]


def speak(voice: str, sentence: str) -> np.ndarray:
    """Return flite's speech, int16, brought to an RMS of -26 dB re full scale."""
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder, "speech.wav")
        subprocess.run(["flite", "-voice", voice, "-t", sentence, "-o", str(wav)], check=True)
        samples, rate = sf.read(wav, dtype="float64")
    assert rate == RATE
    gain = min(10 ** (-26 / 20) / np.sqrt(np.mean(samples**2)), 0.95 / np.abs(samples).max())
    return np.round(samples * gain * 32767).astype(np.int16)


def losses(packets: int, longest: int, share: float, seed: int) -> np.ndarray:
    """Return one flag per packet: one burst of the longest length, the rest shorter, apart by two or more."""
    draw = np.random.default_rng(seed)
    lost = np.zeros(packets, bool)
    burst = longest
    for _ in range(1000):
        start = int(draw.integers(8, packets - burst - 8))
        if not lost[start - 2 : start + burst + 2].any():
            lost[start : start + burst] = True
            if lost.mean() >= share:
                break
        burst = int(min(draw.geometric(2 / longest if longest > 6 else 0.6), longest))
    return lost


def main() -> None:
    """Write clean and lossy FLAC files and the traces, in the layout of the 2022 challenge."""
    for folder in ("clean", "lossy_signals"):
        (HERE / folder).mkdir(exist_ok=True)
    for number, (voice, longest, share, seed, sentence) in enumerate(CLIPS, start=1):
        clean = speak(voice, sentence)
        lost = losses(-(-clean.size // PACKET), longest, share, seed)
        lossy = np.where(np.repeat(lost, PACKET)[: clean.size], 0, clean).astype(np.int16)
        sf.write(HERE / "clean" / f"demo{number}.flac", clean, RATE, subtype="PCM_16")
        sf.write(HERE / "lossy_signals" / f"demo{number}.flac", lossy, RATE, subtype="PCM_16")
        flags = "".join(f"{int(flag)}\r\n" for flag in lost)
        (HERE / "lossy_signals" / f"demo{number}_is_lost.txt").write_text(flags, newline="")


if __name__ == "__main__":
    main()
