"""Objective scores, each behind one small interface."""
