"""The PLC-MOS service of the Deep PLC Challenge: scores computed by a server that a team runs.

As the challenge's API notebook does it: POST ``score-plc`` with a JSON object of ``degraded`` and
``reference`` (lists of samples, 16 kHz, full scale ±1) and ``filename``, HTTP basic authentication; the
answer holds ``plc_mos`` and ``model_version``. GET ``health``, without an account, answers ``OK``. The
challenge's own server is gone.
"""

from __future__ import annotations

import base64
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gaplisten.audio.signal import Signal
from gaplisten.exchange.service_client import ServiceClient, sent_samples
from gaplisten.exchange.service_settings import Service, ServiceError
from gaplisten.jobs import Job
from gaplisten.metrics.plcmos_service import RATE


@dataclass(frozen=True)
class ServiceScore:
    """What the service answered."""

    plcmos: float
    model_version: str


class PlcmosClient:
    """Asks one service.

    Parameters
    ----------
    service
        Address, account and limits.
    sleep
        Waits between repeated requests; tests put their own.
    """

    def __init__(self, service: Service, sleep: Callable[[float], None] = time.sleep) -> None:
        account = base64.b64encode(f"{service.user}:{service.token}".encode()).decode("ascii")
        self._service = service
        self._client = ServiceClient(service, f"Basic {account}", sleep)

    def health(self) -> str:
        """Return what the service says of itself, normally ``OK``.

        Raises
        ------
        ServiceError
            If it cannot be reached or is not well.
        """
        return self._client.shown(self._client.ask("health").decode("utf-8", "replace"), 200)

    def score(
        self, degraded: Signal, reference: Signal, filename: str, job: Job | None = None
    ) -> ServiceScore:
        """Have one file scored.

        Parameters
        ----------
        degraded, reference
            Brought to one channel at 16 kHz; to be within ±1.
        filename
            Sent along; only the name, never a path.
        job
            Can stop the waiting.

        Raises
        ------
        ServiceError
            Saying whether the account, the load, the network, the service or its answer is at fault.
        """
        body = {
            "degraded": _samples(degraded),
            "reference": _samples(reference),
            "filename": filename.replace("\\", "/").rsplit("/", 1)[-1],
        }
        data = json.dumps(body).encode()
        return self._understood(self._client.ask("score-plc", data, "application/json", job))

    def _understood(self, content: bytes) -> ServiceScore:
        address = self._service.address
        try:
            answer = json.loads(content)
            if type(answer["plc_mos"]) not in (int, float):  # true and "3.0" are no scores
                raise TypeError
            value = float(answer["plc_mos"])
            version = self._client.shown(str(answer.get("model_version", "")))
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
            start = self._client.shown(content[:4096].decode("utf-8", "replace"))
            fact = f"answers with something else than a score ({start!r})"
            raise ServiceError(address, fact, "check that it is a PLC-MOS service") from error
        if not math.isfinite(value) or not 1.0 <= value <= 5.0:
            raise ServiceError(address, f"answers with a score that cannot be ({value})", "ask who runs it")
        return ServiceScore(value, version)


def _samples(signal: Signal) -> list[float]:
    values: list[float] = sent_samples(signal, RATE).astype(np.float64).tolist()
    return values
