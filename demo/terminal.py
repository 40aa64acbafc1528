"""What the demo says to the person who started it."""

import contextlib


class DemoError(Exception):
    """The demo cannot go on; the message says why and what to do, for the person who started it."""


def say(message: str = "") -> None:
    """Print at once, and carry on when the terminal is gone: the demo then has things left to end."""
    with contextlib.suppress(OSError):
        print(message, flush=True)
