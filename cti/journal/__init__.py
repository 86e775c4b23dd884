"""Commands on disk: what the core was told, in order, so that a killed router goes on where it was.

Segments and snapshots, recovery from them, and the quarantine of a command that crashed the core.
Knows nothing of Asterisk, of events that were published, or of people.
"""
