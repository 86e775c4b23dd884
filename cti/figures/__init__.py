"""What is counted: events folded into counts, waits and times, by day and by part of the day. Pure.

The one place that counts. The live view, metrics, reports, the twin and wallboards take their
figures from here and compute none of their own. Rules are those of the catalogue of indicators
(names C…, K…, SL-…): `requests` says how requests are counted, `agent_time` how the time of agents
is, `rates` holds the formulas.
"""

from cti.figures.book import DAY_US, INTERVAL_US, Calendar
from cti.figures.counts import AgentCounts, QueueCounts, total
from cti.figures.fold import Figures

__all__ = [
    "DAY_US",
    "INTERVAL_US",
    "AgentCounts",
    "Calendar",
    "Figures",
    "QueueCounts",
    "total",
]
