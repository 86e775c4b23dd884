"""`make run`: daemon, simulated Asterisk, agents and callers, each a process, and a live screen."""
