"""The register of scenarios: faults that each last for a while and end automatically."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from math import inf

from tests.helpers.harness import LONGEST_LAG, Harness
from tests.helpers.observer import Observer

type Course = Callable[[Harness, float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of scenario; `course` begins it, lets seconds pass and ends it."""

    name: str
    course: Course
    hides: bool
    """Whether a connected stream does not deliver changes, so that only the next snapshot shows them."""
    blinds: bool
    """Whether snapshots fail."""
    shuffles: bool
    """Whether an older frame may come after a newer frame or snapshot."""


SCENARIOS: dict[str, Scenario] = {}


def expect(observer: Observer, scenarios: Iterable[Scenario]) -> None:
    """Set what sensors may show during scenarios.

    There is no longest lag while the stream delivers no change and snapshots fail too.
    """
    hides = blinds = shuffles = False
    for each in scenarios:
        hides, blinds, shuffles = hides or each.hides, blinds or each.blinds, shuffles or each.shuffles
    observer.in_order = not shuffles
    observer.longest_lag = inf if hides and blinds else LONGEST_LAG


def scenario(
    *, hides: bool = False, blinds: bool = False, shuffles: bool = False
) -> Callable[[Course], Course]:
    """Register a scenario under the name of its course."""

    def register(course: Course) -> Course:
        name = course.__name__
        SCENARIOS[name] = Scenario(name, course, hides, blinds, shuffles)
        return course

    return register
