"""The error that says that we are wrong."""


class Bug(AssertionError):  # noqa: N818  not an error of the world
    """We are wrong, not the world: the core must stop rather than go on with a broken state."""
