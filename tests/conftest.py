"""Fixtures for every test: those of the lab (a real Asterisk) live with the lab."""

pytest_plugins = ["tests.lab.fixtures"]
