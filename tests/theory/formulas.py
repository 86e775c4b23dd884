"""Erlang B, C and A in closed or recursive form.

Koole and Mandelbaum 2002; Garnett, Mandelbaum and Reiman 2002.
Notation: `load` is the offered load in erlang, `agents` how many there are, `mean_s` the mean
service time, `patience_s` the mean patience, `rate` arrivals a second, `within_s` the threshold of
the service level.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figures:
    """What theory says, and simulation measures. Abandonment is nought in Erlang C."""

    waits: float  # probability of waiting at all
    abandons: float
    mean_wait_s: float  # of all, served or not
    service_level: float  # answered within the threshold, of all offered
    service_level_c: float  # … of those who did not abandon within it
    occupancy: float


def erlang_b(agents: int, load: float) -> float:
    """Blocking probability, by the recursion that does not overflow."""
    inverse = 1.0
    for number in range(1, agents + 1):
        inverse = 1.0 + number / load * inverse
    return 1.0 / inverse


def erlang_c(agents: int, rate: float, mean_s: float, within_s: float) -> Figures:
    """M/M/n: everyone waits until served. Needs agents > load."""
    load = rate * mean_s
    blocking = erlang_b(agents, load)
    waits = agents * blocking / (agents - load * (1 - blocking))
    level = 1 - waits * math.exp(-(agents - load) * within_s / mean_s)
    mean_wait_s = waits * mean_s / (agents - load)
    return Figures(waits, 0.0, mean_wait_s, level, level, load / agents)


def erlang_a(
    agents: int, rate: float, mean_s: float, patience_s: float, within_s: float
) -> Figures:
    """M/M/n+M: who has waited longer than his patience leaves. Birth and death, summed."""
    chances = _birth_death(agents, rate, 1 / mean_s, 1 / patience_s)
    waits = sum(chances[agents:])
    queue = sum((state - agents) * chance for state, chance in enumerate(chances[agents:], agents))
    mean_wait_s = queue / rate
    abandons = mean_wait_s / patience_s
    served, left = _within(chances[agents - 1], agents, rate, 1 / mean_s, 1 / patience_s, within_s)
    level = (1 - waits) + served
    occupancy = rate * mean_s * (1 - abandons) / agents
    return Figures(waits, abandons, mean_wait_s, level, level / (1 - left), occupancy)


def _birth_death(agents: int, rate: float, service: float, leaving: float) -> list[float]:
    """The chance of each number of calls in the house."""
    weights = [1.0]
    while len(weights) <= agents or weights[-1] > 1e-16 * max(weights):
        state = len(weights)
        out = min(state, agents) * service + max(0, state - agents) * leaving
        weights.append(weights[-1] * rate / out)
    whole = sum(weights)
    return [weight / whole for weight in weights]


def _within(
    full_but_one: float, agents: int, rate: float, service: float, leaving: float, within_s: float
) -> tuple[float, float]:
    """Served after a wait of at most `within_s`, and abandoned within it, as shares of all.

    The offered wait V has density rate * p(n-1) * exp((rate/leaving)(1-exp(-leaving t)) - n
    service t); who is offered V waits for it if his patience lasts. Simpson's rule, 20,000 steps.
    """

    def density(at_s: float) -> float:
        grown = rate / leaving * (1 - math.exp(-leaving * at_s))
        return rate * full_but_one * math.exp(grown - agents * service * at_s)

    def integral(function, upper_s: float) -> float:
        steps = 20_000
        width = upper_s / steps
        inner = sum((4 if i % 2 else 2) * function(i * width) for i in range(1, steps))
        return (function(0.0) + inner + function(upper_s)) * width / 3

    served = integral(lambda t: density(t) * math.exp(-leaving * t), within_s)
    left = integral(lambda t: density(t) * (1 - math.exp(-leaving * t)), within_s)
    still_waiting = integral(density, within_s + 60 / leaving) - integral(density, within_s)
    return served, left + still_waiting * (1 - math.exp(-leaving * within_s))
