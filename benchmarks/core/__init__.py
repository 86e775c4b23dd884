"""`python -m benchmarks core`: how fast and how large the routing core is."""

from benchmarks.core.run import main

__all__ = ["main"]
