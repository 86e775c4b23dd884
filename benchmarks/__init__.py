"""Figures, peers side by side: `python -m benchmarks --help`."""
