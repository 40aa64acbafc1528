"""The register of mishaps: what can go wrong in the simulated world, each for a while and each ending by itself."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from math import inf

from custom_components.upbit.api.rest import REQUEST_TIMEOUT
from custom_components.upbit.const import TIMINGS
from tests.world import QUIET, World

type Course = Callable[[World, float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Mishap:
    """One kind of mishap; `course` begins it, lets seconds pass and ends it."""

    name: str
    course: Course
    hides: bool
    """Whether a stream that stands leaves changes untold, so that only the next regular snapshot shows them."""
    blinds: bool
    """Whether snapshots cannot be had."""


MISHAPS: dict[str, Mishap] = {}

_POLLED = TIMINGS.poll + TIMINGS.grace + 2 * REQUEST_TIMEOUT
"""Seconds for which a balance may be old while it is available: until the snapshot after the next, at the latest."""


def longest_lag(mishaps: Iterable[Mishap]) -> float:
    """Return for how many seconds an available sensor may show what the account no longer has.

    While nothing tells a change and snapshots fail, nobody can know: then there is no limit.
    """
    hides = blinds = False
    for mishap in mishaps:
        hides, blinds = hides or mishap.hides, blinds or mishap.blinds
    if hides:
        return inf if blinds else QUIET
    return _POLLED


def mishap(*, hides: bool = False, blinds: bool = False) -> Callable[[Course], Course]:
    """Register a mishap under the name of its course."""

    def register(course: Course) -> Course:
        name = course.__name__
        MISHAPS[name] = Mishap(name, course, hides, blinds)
        return course

    return register
