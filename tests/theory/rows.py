"""Reference rows: 100 calls in half an hour, 180 s each.

Computed by two methods and checked by long simulations.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from routing.config import AgentSpec, QueueSpec
from tests.theory.experiment import Experiment, Stream
from tests.theory.formulas import Figures, erlang_a, erlang_c

GAP_S = 18.0
MEAN_S = 180.0
WITHIN_S = 20


@dataclass(frozen=True, slots=True)
class Case:
    """One row: how many agents, how patient the callers (0: for ever), and what it must give."""

    name: str
    agents: int
    patience_s: float
    published: dict[str, float]

    @property
    def theory(self) -> Figures:
        rate = 1 / GAP_S
        if not self.patience_s:
            return erlang_c(self.agents, rate, MEAN_S, WITHIN_S)
        return erlang_a(self.agents, rate, MEAN_S, self.patience_s, WITHIN_S)

    def experiment(self) -> Experiment:
        queue = QueueSpec("q", need="s", after_call_work_us=0)
        agents = [AgentSpec(str(n), f"phone-{n}", (("s", 1),)) for n in range(self.agents)]
        stream = Stream(queue, GAP_S, MEAN_S, self.patience_s)
        seed = 200 + self.agents + (100 if self.patience_s else 0)
        return Experiment([stream], agents, seed, batch_s=54_000)


def row(name: str, agents: int, patience_s: float, **published: float) -> Case:
    return Case(f"{name} {agents}", agents, patience_s, published)


def cases() -> Iterator[Case]:
    """Erlang C, then Erlang A with a mean patience of 120 s."""
    for agents, waits, level, mean_wait_s, occupancy in (
        (11, 0.682118, 0.389614, 122.7813, 0.909091),
        (12, 0.449388, 0.640158, 40.4449, 0.833333),
        (13, 0.285270, 0.795595, 17.1162, 0.769231),
        (14, 0.1741319336, 0.8883500192, 7.835937, 0.714286),
    ):
        yield row(
            "Erlang C", agents, 0.0,
            waits=waits, service_level=level, mean_wait_s=mean_wait_s, occupancy=occupancy,
        )  # fmt: skip
    for agents, waits, abandons, mean_wait_s, level, level_c, occupancy in (
        (10, 0.496853, 0.137464, 16.4957, 0.639941, 0.684459, 0.862536),
        (11, 0.382816, 0.094155, 11.2986, 0.742209, 0.779898, 0.823495),
        (12, 0.279807, 0.061597, 7.3917, 0.825583, 0.854645, 0.782002),
        (13, 0.193722, 0.038426, 4.6112, 0.888550, 0.909132, 0.739672),
        (14, 0.126976, 0.022839, 2.7407, 0.932730, 0.946220, 0.697972),
    ):
        yield row(
            "Erlang A", agents, 120.0,
            waits=waits, abandons=abandons, mean_wait_s=mean_wait_s, service_level=level,
            service_level_c=level_c, occupancy=occupancy,
        )  # fmt: skip


CASES = tuple(cases())
