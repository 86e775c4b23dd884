"""The file that a command reads or writes; `-` is its standard input or output."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def written(name: str) -> Iterator[IO[bytes]]:
    """A file of mode 0600 that appears when it is whole; `-` is standard output."""
    if name == "-":
        yield sys.stdout.buffer
        return
    path = Path(name)
    draft = path.with_name(f"{path.name}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """For reading; `-` is standard input."""
    if name == "-":
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as stream:
        yield stream
