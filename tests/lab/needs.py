"""A mark for tests that need programs of the machine: a skip on a desk, a failure in CI."""

import pytest

from tests.lab import tools


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip the test where one of these is missing; `make lab` installs them."""
    lacks = tools.missing(programs)
    return pytest.mark.skipif(bool(lacks), reason=f"no {', '.join(lacks)} here: `make lab`")
