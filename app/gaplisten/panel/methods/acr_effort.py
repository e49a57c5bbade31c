"""Absolute category rating of listening effort (ITU-T P.800, Annex B): ACR with another question."""

from __future__ import annotations

from dataclasses import replace

from gaplisten.panel.methods.acr import METHOD as ACR

METHOD = replace(ACR, name="acr_effort", title="ACR, listening effort", result="MOS_LE", place=11)
