"""`python -m tests.scenarios FILE…`: what the engine makes of a scenario, as rows to compare with.

For writing new scenarios; what it prints is what the engine does, not what it ought to do.
"""

import sys
from pathlib import Path

from routing.engine import RoutingEngine
from tests.scenarios.language import ARROW, TITLE, read_file
from tests.scenarios.play import Player, same
from tests.scenarios.words import event_text

for name in sys.argv[1:]:
    for scenario in read_file(Path(name)):
        player = Player(scenario, RoutingEngine)
        player.begin()
        sys.stdout.write(f"{TITLE} {scenario.title}\n")
        for row in scenario.rows:
            actual = player.events_of(row)
            came = ", ".join(map(event_text, actual)) or "nothing"
            mark = " " if same(row, actual) else "!"
            sys.stdout.write(f"{mark} {row.text.split(ARROW)[0].strip():40} {ARROW} {came}\n")
