"""Output of the demo in the terminal."""

import contextlib


class DemoError(Exception):
    """The demo cannot go on. The message names the cause and what to do."""


def say(message: str = "") -> None:
    """Print immediately. Without a terminal go on, because the demo still has to end its children."""
    with contextlib.suppress(OSError):
        print(message, flush=True)
