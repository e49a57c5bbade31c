"""A service that recognises speech, asked as many servers are: OpenAI's transcription interface.

POST ``v1/audio/transcriptions`` with a form of ``file`` (a WAV), ``model``, ``response_format`` "json",
``temperature`` "0" and, where it is set up, ``language``; a token goes as a bearer's. The answer is a JSON
object that holds ``text``. The name that a file has there says nothing of ours.
"""

from __future__ import annotations

import io
import json
import time
import wave
from collections.abc import Callable

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.exchange.service_client import ServiceClient, sent_samples
from gaplisten.exchange.service_settings import Service, ServiceError
from gaplisten.jobs import Job
from gaplisten.metrics.words_service import RATE

_MOST_LETTERS = 10_000  # nobody says more in five minutes, and longer texts take long to compare
_BOUNDARY = "gaplisten-8f1d0c5e7b"
_FILE = "sound.wav"


class WordsClient:
    """Asks one service what is said.

    Parameters
    ----------
    service
        Address, model, token and limits.
    sleep
        Waits between repeated requests; tests put their own.
    """

    def __init__(self, service: Service, sleep: Callable[[float], None] = time.sleep) -> None:
        self._service = service
        self._client = ServiceClient(service, f"Bearer {service.token}" if service.token else "", sleep)

    def hear(self, signal: Signal, job: Job | None = None) -> str:
        """Return what the service hears.

        Parameters
        ----------
        signal
            Brought to one channel at 16 kHz and 16 bits; to be within ±1.
        job
            Can stop the waiting.

        Raises
        ------
        ServiceError
            Saying whether the token, the load, the network, the service or its answer is at fault.
        """
        fields = {"model": self._service.model, "response_format": "json", "temperature": "0"}
        if self._service.language:
            fields["language"] = self._service.language
        data = _form(fields, _wav(signal))
        kind = f"multipart/form-data; boundary={_BOUNDARY}"
        return self._understood(self._client.ask("v1/audio/transcriptions", data, kind, job))

    def _understood(self, content: bytes) -> str:
        try:
            text = json.loads(content)["text"]
            if not isinstance(text, str):
                raise TypeError
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            start = self._client.shown(content[:4096].decode("utf-8", "replace"))
            fact = f"answers with something else than a text ({start!r})"
            raise ServiceError(
                self._service.address, fact, "check that it is a transcription service"
            ) from error
        if len(text) > _MOST_LETTERS:
            fact = f"answers with {len(text):,} letters, more than could be said"
            raise ServiceError(self._service.address, fact, "look at what it recognises")
        return self._client.shown(text, _MOST_LETTERS)


def _wav(signal: Signal) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.round(sent_samples(signal, RATE) * 32767.0).astype("<i2").tobytes())
    return buffer.getvalue()


def _form(fields: dict[str, str], sound: bytes) -> bytes:
    """Return a form as it is sent (RFC 7578); the boundary cannot be in samples that nobody chose."""
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{_FILE}"\r\n'
        "Content-Type: audio/wav\r\n\r\n"
    )
    return b"".join([*parts, head.encode(), sound, f"\r\n--{_BOUNDARY}--\r\n".encode()])
