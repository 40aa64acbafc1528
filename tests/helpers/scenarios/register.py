"""The register of scenarios: what can go wrong in the simulated harness, each for a while and each ending by itself."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from math import inf

from tests.helpers.harness import QUIET, Harness
from tests.helpers.observer import Observer

type Course = Callable[[Harness, float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of scenario; `course` begins it, lets seconds pass and ends it."""

    name: str
    course: Course
    hides: bool
    """Whether a stream that stands leaves changes untold, so that only the next regular snapshot shows them."""
    blinds: bool
    """Whether snapshots cannot be had."""
    shuffles: bool
    """Whether an older frame may come after a newer frame or snapshot."""


SCENARIOS: dict[str, Scenario] = {}

_POLLED = 95.0
"""Seconds for which a balance may be old while it is available.

A minute between snapshots and 15 s of grace, when the last one took 10 s and the next one takes as long.
"""


def expect(observer: Observer, scenarios: Iterable[Scenario]) -> None:
    """Tell the observer what sensors may show during scenarios.

    While nothing tells a change and snapshots fail too, nobody can know of it: then there is no longest lag.
    """
    hides = blinds = shuffles = False
    for each in scenarios:
        hides, blinds, shuffles = hides or each.hides, blinds or each.blinds, shuffles or each.shuffles
    observer.in_order = not shuffles
    if hides:
        observer.longest_lag = inf if blinds else QUIET
    else:
        observer.longest_lag = _POLLED


def scenario(
    *, hides: bool = False, blinds: bool = False, shuffles: bool = False
) -> Callable[[Course], Course]:
    """Register a scenario under the name of its course."""

    def register(course: Course) -> Course:
        name = course.__name__
        SCENARIOS[name] = Scenario(name, course, hides, blinds, shuffles)
        return course

    return register
