"""Fair timing on a busy machine, and the figures with their limits."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
import gc
import random
from statistics import median, quantiles

type Measure = Callable[[], float | Awaitable[float]]
"""Does a fixed piece of work; returns what one unit of it took."""


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Collect garbage now, and not again within the block."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Rounds:
    """Samples of measures that were taken in turns: the n-th samples of all belong to the same round."""

    def __init__(self) -> None:
        self._samples: dict[str, list[float]] = {}

    async def take(self, measures: dict[str, Measure], rounds: int) -> None:
        """Take every measure once a round, in an order that changes, because each finds the caches of another."""
        order, names = random.Random(1), list(measures)
        # What exists already is left out of the collections between the rounds.
        gc.collect()
        gc.freeze()
        for number in range(rounds + 1):
            order.shuffle(names)
            with no_garbage_collection():
                for name in names:
                    result = measures[name]()
                    sample = result if isinstance(result, float) else await result
                    # The first round only fills the caches.
                    if number:
                        self.add(name, sample)
        gc.unfreeze()

    def add(self, name: str, sample: float) -> None:
        """Add a sample to those of the current round."""
        self._samples.setdefault(name, []).append(sample)

    def typical(self, name: str) -> float:
        """Return the median of a measure."""
        return median(self._samples[name])

    def ratio(self, name: str, floor: str) -> float:
        """Return the median of the rounds' ratios of a measure to its floor."""
        pairs = zip(self._samples[name], self._samples[floor], strict=True)
        return median(sample / other for sample, other in pairs)

    def spread(self, name: str) -> float:
        """Return how far apart the middle eight tenths of a measure's samples are, as a share of the median."""
        deciles = quantiles(self._samples[name], n=10)
        return (deciles[-1] - deciles[0]) / self.typical(name)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number; without a unit it is a ratio to a floor of the same run."""

    text: str
    value: float
    details: str = ""
    unit: str = "x"
    at_most: float | None = None
    at_least: float | None = None

    @property
    def missed(self) -> bool:
        """Return whether the value is beyond its limit."""
        return (self.at_most is not None and self.value > self.at_most) or (
            self.at_least is not None and self.value < self.at_least
        )

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """Return the row of the table."""
        number = f"{self.value:.2f}" if self.unit == "x" else f"{self.value:,.4g}"
        limit = "" if self.at_most is None else f"≤ {self.at_most:g}"
        limit += "" if self.at_least is None else f"≥ {self.at_least:g}"
        verdict = "MISSED" if self.missed else "ok" if limit else ""
        return self.text, f"{number} {self.unit}".rstrip(), limit, verdict, self.details


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table in Markdown, aligned for a terminal."""
    rows = [("Figure", "Measured", "Limit", "Verdict", "Details"), *(each.cells for each in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
