"""What can happen to a frame between the account and the socket: lost, late, doubled, out of order, held."""

from collections.abc import Iterator
from contextlib import contextmanager
import random
from typing import TYPE_CHECKING

from .account import AssetEvent

if TYPE_CHECKING:
    from .connection import Connection


class HeldFrames:
    """Frames that are held back; each is bound to the connection it was meant for."""

    def __init__(self) -> None:
        self.frames: list[tuple[Connection, AssetEvent]] = []

    def release(self, *indices: int) -> None:
        """Send the frames at these indices, in this order; all of them when none is named."""
        order = indices or range(len(self.frames))
        chosen = [self.frames[index] for index in order]
        self.frames = [frame for index, frame in enumerate(self.frames) if index not in set(order)]
        for connection, event in chosen:
            connection.send_frame(event)

    def discard(self) -> None:
        """Lose everything that is held."""
        self.frames.clear()


class Outbound:
    """The way of every asset frame.

    `lose` is the share of frames lost (1.0: all), `drop_next` the number of next frames lost. `delay` and the
    random addition up to `jitter` are seconds; with jitter frames overtake each other. `copies` sends each
    frame so many times. A delayed frame is lost with its connection.
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._held: HeldFrames | None = None
        self.recover()

    def recover(self) -> None:
        """Let every frame through once, at once and in order."""
        self.lose = 0.0
        self.drop_next = 0
        self.delay = 0.0
        self.jitter = 0.0
        self.copies = 1

    @contextmanager
    def hold(self) -> Iterator[HeldFrames]:
        """Hold all frames back; whatever is still held at the end is sent in order."""
        held = self._held = HeldFrames()
        try:
            yield held
        finally:
            self._held = None
            held.release()

    def push(self, connection: Connection, event: AssetEvent) -> None:
        """Send one frame's event to a connection, by whatever way is set."""
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
