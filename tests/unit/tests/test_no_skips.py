"""A skip is a skip on a desk and a failure where CI is set."""

import pytest

pytest_plugins = ["pytester"]

SKIPS = """
import pytest

@pytest.mark.skip(reason="by mark")
def test_mark(): ...

@pytest.mark.skipif(True, reason="by condition")
def test_condition(): ...

def test_inside():
    pytest.skip("in the test")

@pytest.fixture
def tool():
    pytest.skip("in a fixture")

def test_fixture(tool): ...

@pytest.mark.xfail(strict=True)
def test_that_has_to_fail():
    raise AssertionError

def test_that_runs(): ...
"""

WHOLE_FILE = "import pytest\nno = pytest.importorskip('no_such_library')\ndef test(): ..."


@pytest.fixture
def outcomes(pytester, monkeypatch):
    """Run a file of tests with CI as given; how many of what there were, and what was said."""

    def run(source, ci):
        monkeypatch.setenv("CI", ci)
        pytester.makepyfile(source)
        result = pytester.runpytest_inprocess(
            "-p", "tests.no_skips", "-p", "no:cacheprovider", "-p", "no:asyncio"
        )
        return result.parseoutcomes(), result.stdout.str()

    return run


@pytest.mark.parametrize("ci", ["true", "1", "yes"])
def test_in_ci_each_way_to_skip_is_a_failure(outcomes, ci):
    counted, said = outcomes(SKIPS, ci)
    assert counted == {"failed": 1, "errors": 3, "passed": 1, "xfailed": 1}
    for reason in ("by mark", "by condition", "in the test", "in a fixture"):
        assert f"nothing may be skipped: {reason}" in said.replace("Skipped: ", "")


def test_on_a_desk_they_are_skips(outcomes):
    counted, _ = outcomes(SKIPS, "")
    assert counted == {"skipped": 4, "passed": 1, "xfailed": 1}


@pytest.mark.parametrize(("ci", "outcome"), [("true", "errors"), ("", "skipped")])
def test_a_file_that_skips_itself_counts_as_well(outcomes, ci, outcome):
    counted, said = outcomes(WHOLE_FILE, ci)
    assert counted == {outcome: 1}
    assert ("no_such_library" in said) == bool(ci)
