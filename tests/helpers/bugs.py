"""Bugs that are planted into the integration."""

from collections.abc import Callable


class ExplosionError(Exception):
    """A bug whose text contains amounts."""


def explosive(original: Callable[..., object], times: int = 1) -> Callable[..., object]:
    """Return a function that fails some times, and then does what the original does."""
    left = times

    def explode(*arguments: object) -> object:
        nonlocal left
        if left:
            left -= 1
            raise ExplosionError("120 XRP")
        return original(*arguments)

    return explode
