"""Objective scores beside what is seen and heard."""
