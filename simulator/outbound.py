"""Faults of frames between their origin and the socket: lost, late, repeated, out of order, held."""

from collections.abc import Iterator
from contextlib import contextmanager
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .connection import Connection


class HeldFrames[Event]:
    """Frames that are held back; each belongs to one connection."""

    def __init__(self) -> None:
        self.frames: list[tuple[Connection[Event], Event]] = []

    def release(self, *indices: int) -> None:
        """Send the frames at these indices, in this order; all of them if none is named."""
        order = indices or range(len(self.frames))
        chosen = [self.frames[index] for index in order]
        self.frames = [frame for index, frame in enumerate(self.frames) if index not in set(order)]
        for connection, event in chosen:
            connection.send_frame(event)

    def discard(self) -> None:
        """Drop every held frame."""
        self.frames.clear()


class Outbound[Event]:
    """Sends every frame to its connection, or does to it what is set.

    `lose` is the share of frames lost (1.0: all), `drop_next` the number of next frames lost. `delay` and the
    random addition up to `jitter` are seconds; with jitter frames overtake each other. `copies` is how
    many times each frame is sent. A delayed frame is lost with its connection.
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._held: HeldFrames[Event] | None = None
        self.recover()

    def recover(self) -> None:
        """Send every frame once, immediately and in order."""
        self.lose = 0.0
        self.drop_next = 0
        self.delay = 0.0
        self.jitter = 0.0
        self.copies = 1

    @contextmanager
    def hold(self) -> Iterator[HeldFrames[Event]]:
        """Hold all frames; what is still held at the end is sent in order."""
        held = self._held = HeldFrames[Event]()
        try:
            yield held
        finally:
            self._held = None
            held.release()

    def push(self, connection: Connection[Event], event: Event) -> None:
        """Send one frame's event to a connection, with the faults that are set."""
        if self.drop_next > 0:
            self.drop_next -= 1
            return
        if self.lose and self._random.random() < self.lose:
            return
        for _ in range(self.copies):
            if self._held is not None:
                self._held.frames.append((connection, event))
            elif self.delay or self.jitter:
                wait = self.delay + self._random.uniform(0, self.jitter)
                connection.later(wait, event)
            else:
                connection.send_frame(event)
