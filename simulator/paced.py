"""Something that goes on in steps at a pace, and can be held."""

from abc import ABC, abstractmethod
import asyncio
from contextlib import suppress
import random
from typing import Never


class Paced(ABC):
    """Takes steps until canceled; `pace` is steps a second, `paused` holds them."""

    def __init__(self, *, seed: int, pace: float) -> None:
        self._pauses = random.Random(seed)
        self._pace = pace
        self._paused = False
        self._changed = asyncio.Event()

    @property
    def pace(self) -> float:
        """Return the steps a second."""
        return self._pace

    @pace.setter
    def pace(self, pace: float) -> None:
        if pace <= 0:
            raise ValueError("the pace must be above 0; pause instead")
        self._pace = pace
        self._changed.set()

    @property
    def paused(self) -> bool:
        """Say whether the steps are held."""
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._paused = paused
        self._changed.set()

    async def run(self) -> Never:
        """Take steps until canceled."""
        while True:
            wait = None if self._paused else self._pauses.uniform(0.5, 1.5) / self._pace
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._changed.wait()
                continue
            self.step()

    @abstractmethod
    def step(self) -> None:
        """Do one thing."""
