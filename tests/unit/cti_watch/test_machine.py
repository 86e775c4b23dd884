"""What the machine allows the daemon, and what is said when that is too little."""

import resource

import pytest

from cti.watch import machine
from cti.watch.machine import FILES_KEPT, Machine, prepare

ENDLESS = resource.RLIM_INFINITY


class Limits:
    """Stands in for the process's own limit."""

    def __init__(self, soft, hard):
        self.now = (soft, hard)
        self.asked = []

    def getrlimit(self, which):
        assert which == resource.RLIMIT_NOFILE
        return self.now

    def setrlimit(self, which, limits):
        self.asked.append(limits)
        self.now = limits


@pytest.mark.parametrize(
    ("soft", "hard", "files", "asked"),
    [
        (1024, 524_288, 1256, [(1256, 524_288)]),
        (1024, ENDLESS, 1256, [(1256, ENDLESS)]),
        (1024, 1100, 1100, [(1100, 1100)]),
        (20_000, 20_000, 20_000, []),
        (ENDLESS, ENDLESS, 1256, []),
    ],
)
def test_as_many_files_are_taken_as_are_wanted_or_may_be(monkeypatch, soft, hard, files, asked):
    limits = Limits(soft, hard)
    monkeypatch.setattr(machine.resource, "getrlimit", limits.getrlimit)
    monkeypatch.setattr(machine.resource, "setrlimit", limits.setrlimit)
    assert prepare(questions=1000, queue=1).files == files
    assert limits.asked == asked


def test_a_machine_that_allows_enough_has_nothing_to_say():
    assert all(check.ok and not check.detail for check in Machine(100, 100, 356, 100).checks())


def test_too_few_files_are_said_with_what_to_set_and_bound_the_questions():
    small = Machine(4096, 4096, 1024, 4096)
    files, queue = small.checks()
    assert (files.ok, queue.ok) == (False, True)
    assert files.detail == "1024, 4352 wanted: raise LimitNOFILE of the service"
    assert small.questions == 1024 - FILES_KEPT
    assert Machine(4096, 4096, 100, 4096).questions == 1


def test_a_short_queue_of_the_kernel_is_said(tmp_path, monkeypatch, caplog):
    somaxconn = tmp_path / "somaxconn"
    somaxconn.write_text("128\n")
    monkeypatch.setattr(machine, "_SOMAXCONN", somaxconn)
    _, queue = prepare(questions=10, queue=4096).checks()
    assert queue.detail == "128, 4096 wanted: sysctl net.core.somaxconn"
    assert queue.detail in caplog.text
    monkeypatch.setattr(machine, "_SOMAXCONN", tmp_path / "none")
    assert prepare(questions=10, queue=4096).queue == 4096
