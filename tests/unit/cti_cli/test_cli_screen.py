"""The live screen: every window is filled exactly, and what does not fit is left out in order."""

import io

import msgspec
import pytest
from rich.cells import cell_len
from rich.console import Console

from cti.cli.client import UnreachableError
from cti.cli.frame import frame
from cti.cli.shapes import definition, duration, percent
from cti.cli.tables import level_style, table, text
from cti.cli.watch import watch
from cti.cli.words import Words
from cti.view import Level
from cti.watch.check import Check
from cti.zone import clock, moment
from tests.worlds.api.router import NOON, Router

SIZES = [(100, 30), (80, 24), (120, 40), (96, 20), (95, 30), (60, 16), (250, 70)]


def busy_status(queues=2):
    router = Router()
    router.ready("8001", "8002")
    for n in range(30):
        router.arrives(f"a1-1795293525.{n}", "cards" if n % 2 else "loans")
        router.wait(2)
    status = router.control().status()
    rows = [
        msgspec.structs.replace(status.queues[n % 2], queue_id=f"queue-{n}", waiting=n)
        for n in range(queues)
    ]
    return msgspec.structs.replace(status, queues=rows)


def drawn(status, width=100, height=30, language="en", **options):
    console = Console(width=width, height=height, color_system=None, legacy_windows=False)
    with console.capture() as capture:
        console.print(frame(status, Words(language), width, height, **options))
    return capture.get().splitlines()


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("queues", [0, 1, 2, 9, 40])
def test_every_window_is_filled_and_nothing_runs_over(width, height, language, queues):
    lines = drawn(busy_status(queues), width, height, language)
    assert len(lines) == height
    assert all(cell_len(line) <= width for line in lines)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_an_idle_router_fills_it_too(width, height):
    lines = drawn(Router().control().status(), width, height)
    assert len(lines) == height
    assert any("nothing has happened yet" in line for line in lines)


@pytest.mark.parametrize(("width", "height"), [(40, 10), (59, 40), (100, 15), (20, 4)])
def test_a_window_that_is_too_small_keeps_the_figures(width, height):
    lines = drawn(busy_status(), width, height)
    assert len(lines) <= height
    assert any("window" in line for line in lines)


def test_it_shows_what_the_issue_asks_for():
    lines = drawn(busy_status())
    said = "\n".join(lines)
    for word in ("Calls/s", "Waiting", "Longest", "SL-B ≤20 s", "queue-0", "Ready", "Last events"):
        assert word in said
    assert "q leaves" in lines[-1]
    assert "cti serve --config FILE" in lines[-1]
    assert "healthy" in lines[0]


def test_the_newest_event_is_on_top():
    status = busy_status()
    lines = drawn(status)
    first = lines[lines.index(next(line for line in lines if line.startswith("Last"))) + 1]
    assert first.startswith(clock(status.last_events[-1].at_us))


def test_too_many_queues_show_those_where_most_wait():
    lines = drawn(busy_status(queues=40), 100, 24)
    said = "\n".join(lines)
    assert "queue-39" in said
    assert "queue-0 " not in said
    shown = sum(line.startswith("queue-") for line in lines)
    assert f"+ {40 - shown} more queues" in said


def test_what_is_wrong_is_in_the_first_line():
    status = busy_status()
    failing = msgspec.structs.replace(status, ok=False, failing=(Check("journal", ok=False),))
    assert "unhealthy: journal" in drawn(failing)[0]
    lost = msgspec.structs.replace(status, telephony={"a1": "up", "a2": "lost"})
    assert "Asterisk 1/2 lost: a2" in drawn(lost)[0]
    assert "no answer from the daemon" in drawn(status, trying=True)[0]


def test_a_rate_over_several_queues_adds_counts_and_never_averages():
    status = busy_status()
    levels = (Level("SL-B", 20_000_000, 1, 2), Level("SL-B", 20_000_000, 90, 98))
    rows = [
        msgspec.structs.replace(row, service_level=level)
        for row, level in zip(status.queues, levels, strict=True)
    ]
    assert "91.00 %" in "\n".join(drawn(msgspec.structs.replace(status, queues=rows))[:5])


def test_texts_of_the_daemon_are_no_markup_and_no_escape_sequences():
    status = busy_status()
    rows = [msgspec.structs.replace(status.queues[0], queue_id="[red]x[/]\x1b[2J")]
    said = "\n".join(drawn(msgspec.structs.replace(status, queues=rows)))
    assert "[red]x[/]" in said
    assert "\x1b" not in said


# --- the loop -------------------------------------------------------------------------------------


class Asked:
    """Answers of a daemon, one after the other; None for none."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def __call__(self):
        answer = self.answers.pop(0)
        if answer is None:
            raise UnreachableError("gone")
        return answer


def test_the_screen_goes_on_while_the_daemon_is_away_and_leaves_the_terminal_as_it_was():
    status, out, pictures = busy_status(), io.StringIO(), []

    def wait(_seconds):
        pictures.append(out.getvalue()[sum(map(len, pictures)) :])
        return len(pictures) == 4

    ask = Asked(status, None, None, status)
    console = Console(file=out, width=100, height=30, force_terminal=True)
    watch(ask, Words("en"), console, wait)
    assert ask.answers == []
    trying = ["no answer" in picture for picture in pictures]
    assert trying == [False, True, True, False]
    said = out.getvalue()
    assert said.count("\x1b[?1049h") == said.count("\x1b[?1049l") == 1  # the alternate screen
    # Drawn over in place: a picture begins at the corner and nothing is cleared.
    assert all("\x1b[H" in picture and "\x1b[2J" not in picture for picture in pictures[1:])


def test_ctrl_c_leaves():
    def wait(_seconds):
        raise KeyboardInterrupt

    console = Console(width=100, height=30, force_terminal=True)
    with console.capture():
        watch(Asked(busy_status()), Words("zh"), console, wait)


def test_the_first_question_without_an_answer_is_an_error():
    with pytest.raises(UnreachableError):
        watch(Asked(None), Words("zh"), Console(), lambda _: True)


def test_one_picture_where_there_is_no_terminal(daemon, cti):
    code, out, _ = cti("watch")
    assert code == 0
    assert "Last events" in out
    assert cti("watch", "--once")[0] == 0
    assert cti("watch", "--json")[0] == 2


# --- shapes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (7.9, "0:07"), (61, "1:01"), (3599, "59:59"), (3600, "1:00:00"), (-5, "0:00"),
     (360_000, "100:00:00")],
)  # fmt: skip
def test_durations(seconds, shown):
    assert duration(int(seconds * 1e6)) == shown


def test_clocks_are_the_centres_whatever_the_machines_is(monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    assert clock(NOON) == "12:00:00"
    assert moment(NOON) == "2026-11-22 12:00:00+08:00"


@pytest.mark.parametrize(
    ("count", "of", "shown"),
    [  # SL-B of the published example, and half up
        (860, 1060, "81.13 %"), (4, 10, "40.00 %"), (0, 0, ""), (1, 3, "33.33 %"),
        (2, 3, "66.67 %"), (1, 800, "0.13 %"), (1, 1, "100.00 %"), (0, 5, "0.00 %"),
    ],
)  # fmt: skip
def test_rates(count, of, shown):
    assert percent(Level("SL-B", 20_000_000, count, of)) == shown


def test_a_rate_is_shown_with_its_definition_and_its_colour():
    assert definition(Level("SL-B", 2_500_000, 0, 0)) == "SL-B ≤2.5 s"
    styles = [level_style(Level("SL-B", 1, count, 100)) for count in (80, 79, 60, 59)]
    assert styles == ["green", "yellow", "yellow", "red"]


def test_a_table_cuts_what_is_too_long():
    made = table([("x", False)])
    made.add_row(text("y" * 500))
    console = Console(width=40)
    with console.capture() as capture:
        console.print(made)
    assert max(cell_len(line) for line in capture.get().splitlines()) <= 40
