"""The business clock: when we are open, what a working day is, when something is due. Pure.

The router switches by it and the centre counts limits with it, so both have the same answer. Times
are microseconds since 1970 UTC; days are counted from 1970-01-01 in the calendar's own fixed zone.
Start at `clock.py`; `docs/contracts.md` says when to use which function.
"""
