"""Absolute category rating of annoyance: ACR that asks how much what was heard annoys."""

from __future__ import annotations

from dataclasses import replace

from gaplisten.panel.methods.acr import METHOD as ACR

METHOD = replace(ACR, name="acr_annoyance", title="ACR, annoyance", result="MOS_A", place=12)
