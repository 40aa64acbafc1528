"""Fair timing on a noisy machine: rounds that interleave what is compared, and medians of the rounds' ratios."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
import gc
import random
from statistics import median, quantiles

type Measure = Callable[[], float | Awaitable[float]]
"""Does a fixed piece of work; returns what one unit of it took."""


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Keep the garbage collector out of a measurement, with nothing left over from before it."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def changing_order(names: Iterable[str], rounds: int) -> Iterator[list[str]]:
    """Yield the names once a round, each time in another order that is the same in every run."""
    order = random.Random(1)
    shuffled = list(names)
    for _ in range(rounds):
        order.shuffle(shuffled)
        yield list(shuffled)


class Rounds:
    """The samples of measures that were taken in turns: the n-th of each belongs to the same moment."""

    def __init__(self) -> None:
        self._samples: dict[str, list[float]] = {}

    async def take(self, measures: dict[str, Measure], rounds: int) -> None:
        """Take every measure once a round, in changing order, for each finds the caches that another has left."""
        # What is there already is left out of the collections between the rounds.
        gc.collect()
        gc.freeze()
        for number, names in enumerate(changing_order(measures, rounds + 1)):
            with no_garbage_collection():
                for name in names:
                    result = measures[name]()
                    sample = result if isinstance(result, float) else await result
                    # The first round warms up: caches of the code and of the processor.
                    if number:
                        self.add(name, sample)
        gc.unfreeze()

    def add(self, name: str, sample: float) -> None:
        """Add a sample that was taken elsewhere."""
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


def percentile(samples: Sequence[float], per_cent: int) -> float:
    """Return the value that so many per cent of the samples do not exceed."""
    return quantiles(samples, n=100, method="inclusive")[per_cent - 1]
