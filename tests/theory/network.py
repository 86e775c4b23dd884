"""A network of two skills, simulated twice: by our engine and by ciw.

Two kinds of calls. Single-skilled agents speak only `loans`; two-skilled ones take both kinds.
A loans call goes to a single-skilled agent if one is free (least flexible first), else to a
two-skilled one; a two-skilled agent who becomes free takes whoever has waited longest. Callers
have patience. No closed formula is known, so a simulator that knows nothing of ours is the judge.

ciw has one pool of equal servers a node; the node class below gives some of them both skills. That
is all it adds: arrivals, services, patience and the records are ciw's own.
"""

import statistics

import ciw

from routing.config import AgentSpec, QueueSpec, Strategy
from tests.theory.experiment import Estimate, Experiment, Stream

SINGLE, BOTH = 6, 5
LOANS_GAP_S, CARDS_GAP_S = 25.0, 40.0
MEAN_S, PATIENCE_S = 180.0, 150.0
BATCH_S = 40_000
BATCHES = 12
WARM_UP_S = 20_000


def engine_figures(seed: int = 5) -> dict[str, dict[str, Estimate]]:
    """Figures of both kinds of calls, from our engine."""
    fewest = Strategy.LEAST_FLEXIBLE
    loans = QueueSpec("loans", need="loans", strategy=fewest, after_call_work_us=0)
    cards = QueueSpec("cards", need="cards", strategy=fewest, after_call_work_us=0)
    agents = [AgentSpec(f"s{n}", f"ps{n}", (("loans", 1),)) for n in range(SINGLE)]
    both = (("loans", 1), ("cards", 1))
    agents += [AgentSpec(f"b{n}", f"pb{n}", both) for n in range(BOTH)]
    streams = [
        Stream(loans, LOANS_GAP_S, MEAN_S, PATIENCE_S),
        Stream(cards, CARDS_GAP_S, MEAN_S, PATIENCE_S),
    ]
    run = Experiment(streams, agents, seed, BATCH_S, BATCHES, WARM_UP_S).run()
    return {queue: run.estimates(queue) for queue in ("loans", "cards")}


class TwoSkilledNode(ciw.Node):
    """Servers 1 to SINGLE take loans only; the others take both."""

    def find_free_server(self, ind):
        able = self.servers if ind.customer_class == "loans" else self.servers[SINGLE:]
        return next((server for server in able if not server.busy), None)

    def begin_service_if_possible_accept(self, next_individual):
        """The newcomer himself is tried: who waits already has found nobody able."""
        next_individual.arrival_date = self.now
        next_individual.reneging_date = self.get_reneging_date(next_individual)
        self.decide_class_change(next_individual)
        server = self.find_free_server(next_individual)
        if server is not None:
            self.serve(next_individual, server)

    def begin_service_if_possible_release(self, next_individual, newly_free_server):
        """The longest waiting caller whom this server can take."""
        kinds = ("loans",) if newly_free_server.id_number <= SINGLE else ("loans", "cards")
        for ind in self.all_individuals:
            if not ind.server and ind.customer_class in kinds:
                self.serve(ind, newly_free_server)
                return

    def serve(self, ind, server):
        self.attach_server(server, ind)
        ind.service_start_date = self.now
        ind.service_time = self.get_service_time(ind)
        ind.service_end_date = self.now + ind.service_time
        self.number_in_service += 1
        self.reset_class_change(ind)
        server.next_end_service_date = ind.service_end_date


def ciw_figures(seed: int = 5) -> dict[str, dict[str, Estimate]]:
    """The same figures, from ciw's records."""
    ciw.seed(seed)
    exponential = ciw.dists.Exponential
    gaps = {"loans": LOANS_GAP_S, "cards": CARDS_GAP_S}
    network = ciw.create_network(
        arrival_distributions={kind: [exponential(1 / gap)] for kind, gap in gaps.items()},
        service_distributions={kind: [exponential(1 / MEAN_S)] for kind in gaps},
        reneging_time_distributions={kind: [exponential(1 / PATIENCE_S)] for kind in gaps},
        number_of_servers=[SINGLE + BOTH],
    )
    simulation = ciw.Simulation(network, node_class=TwoSkilledNode)
    simulation.simulate_until_max_time(WARM_UP_S + BATCH_S * BATCHES + 2_000)
    records = simulation.get_all_records(only=["service", "renege"])
    return {kind: figures_of(records, kind) for kind in gaps}


def figures_of(records, kind: str) -> dict[str, Estimate]:
    batches: list[list] = [[] for _ in range(BATCHES)]
    for record in records:
        number = int((record.arrival_date - WARM_UP_S) // BATCH_S)
        if record.customer_class == kind and 0 <= number < BATCHES:
            batches[number].append(record)
    return {
        "waits": Estimate.of(
            statistics.fmean(record.waiting_time > 1e-9 for record in batch) for batch in batches
        ),
        "abandons": Estimate.of(
            statistics.fmean(record.record_type == "renege" for record in batch)
            for batch in batches
        ),
        "mean_wait_s": Estimate.of(
            statistics.fmean(record.waiting_time for record in batch) for batch in batches
        ),
    }


def apart(one: Estimate, other: Estimate) -> float:
    """How many standard errors of the difference lie between two estimates."""
    return (one.mean - other.mean) / (one.error**2 + other.error**2) ** 0.5
