"""Truth from outside: queueing theory and another simulator against the engine."""
