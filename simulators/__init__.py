"""Simulated Asterisk, callers and agents: over sockets, and in one thread on a virtual clock."""
