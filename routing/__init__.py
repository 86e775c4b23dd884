"""The ACD core of Paidui: pure, deterministic, in memory. See README.md beside this file."""
