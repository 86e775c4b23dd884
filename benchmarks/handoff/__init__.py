"""`python -m benchmarks handoff`: app_queue and our router under the same calls, in one run.

One real Asterisk, the same SIPp callers and phones, first through Asterisk's own queue, then
through our router. Times are Asterisk's own (the Timestamp of its events), so both sides include
the same part of Asterisk's work, and neither includes ours of measuring.
"""

from benchmarks.handoff.run import main

__all__ = ["main"]
