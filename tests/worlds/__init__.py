"""Worlds that tests share: a folder for each room whose tests use them.

A test file imports from here, from `tests.lab` (the real Asterisk) and from `tests.naive`, never
from another test file (`tests/architecture/test_rooms_of_tests.py`).
"""
