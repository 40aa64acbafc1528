"""Whether the balances are known to be current: the one rule for availability, apart from what feeds it."""


class Health:
    """Follows one account's two sources; times are the event loop's, in seconds.

    The balances are current while the stream is connected and a snapshot asked for on this connection has been
    merged. When the stream is gone, they were current until that moment, and each snapshot makes them current again
    for a while. Once that while is over they are not known to be right any more.
    """

    def __init__(self, grace: float, poll: float) -> None:
        self._grace = grace
        self._poll = poll
        self._current_until = 0.0
        self.connection = 0
        """Number of the current or the last connection."""
        self.live = False
        """Whether the stream is connected and subscribed."""
        self._replacing = False
        self.reconciled = False
        """Whether a snapshot asked for on this connection has been merged."""
        self.spoke = False
        """Whether a frame has come on this connection."""
        self.spoke_ever = False
        self.connected_at = 0.0

    @property
    def online(self) -> bool:
        """Whether the stream is live, or we are just replacing it by a new connection."""
        return self.live or self._replacing

    @property
    def complete(self) -> bool:
        """Whether the stream alone keeps the balances current."""
        return self.live and self.reconciled

    def available(self, now: float) -> bool:
        """Whether the balances are known to be current."""
        return self.complete or now < self._current_until

    def expires_in(self, now: float) -> float | None:
        """Seconds until the balances stop being current by themselves; None while they do not."""
        return None if self.complete or now >= self._current_until else self._current_until - now

    def connected(self, now: float) -> None:
        """Note a new connection: nothing is known of what changed before it."""
        self.connection += 1
        self.connected_at = now
        self.live = True
        self._replacing = False
        self.reconciled = False
        self.spoke = False

    def frame(self) -> None:
        """Note that the stream speaks."""
        self.spoke = True
        self.spoke_ever = True

    def interrupted(self, now: float) -> None:
        """Note that we closed the connection, to open another one at once."""
        if self.complete:
            # Also when an earlier snapshot promised more: without the stream another one is due at once.
            self._current_until = now + self._grace
        self.live = False
        self._replacing = True
        self.reconciled = False

    def lost(self, now: float) -> None:
        """Note that the connection is gone, or could not be had."""
        self.interrupted(now)
        self._replacing = False

    def snapshot(self, now: float, asked_on: int | None) -> None:
        """Note a merged snapshot.

        Args:
            now: The time.
            asked_on: The connection that was live when the snapshot was asked for, if one was.
        """
        self._current_until = now + self._poll + self._grace
        if self.live and asked_on == self.connection:
            self.reconciled = True

    def doubted(self, now: float) -> None:
        """Note that more time may have passed than we know of, so that what was known is soon out of date."""
        self._current_until = min(self._current_until, now + self._grace)

    def ended(self) -> None:
        """Note that nothing is known any more, and that there is no connection."""
        self._current_until = 0.0
        self.reconciled = False
        self.live = False
        self._replacing = False
