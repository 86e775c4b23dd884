"""Agents and callers who act by chance, from a seed. Pure but for `desk`, which speaks HTTP."""
