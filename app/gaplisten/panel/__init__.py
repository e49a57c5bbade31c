"""Listening tests: methods, plan, session, ratings and results."""
