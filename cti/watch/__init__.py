"""How the router itself is doing: health, metrics, invariants, timings and the log."""
