"""Whether the balances are known to be current: the one rule for availability, apart from what feeds it."""


class Health:
    """Follows one account's two sources; times are the event loop's, in seconds.

    The stream alone keeps the balances current once it has spoken, and a snapshot has been merged that was asked for
    when nothing was in doubt any more: after the connection, and after the last frame that could not be used. When
    that is no longer so, they were current until that moment, and each snapshot makes them current again for a
    while. Once that while is over they are not known to be right any more.
    """

    def __init__(self, grace: float, poll: float) -> None:
        self._grace = grace
        self._poll = poll
        self._current_until = 0.0
        self.connection = 0
        """Number of the current or the last connection."""
        self.doubts = 0
        """How often the stream may have missed something: a mark, taken when a snapshot is asked for."""
        self.live = False
        """Whether the stream is connected and subscribed."""
        self._replacing = False
        self.reconciled = False
        """Whether a snapshot asked for on this connection, after the last doubt, has been merged."""
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
        """Whether all is there that the stream has not told."""
        return self.live and self.reconciled

    @property
    def proved(self) -> bool:
        """Whether the stream alone keeps the balances current: one that never spoke may be deaf."""
        return self.complete and self.spoke

    def available(self, now: float) -> bool:
        """Whether the balances are known to be current."""
        return self.proved or now < self._current_until

    def expires_at(self, now: float) -> float | None:
        """When the balances stop being current by themselves; None while they do not."""
        return None if self.proved or now >= self._current_until else self._current_until

    def connected(self, now: float) -> None:
        """Note a new connection: nothing is known of what changed before it."""
        self.connection += 1
        self.doubts += 1
        self.connected_at = now
        self.live = True
        self._replacing = False
        self.reconciled = False
        self.spoke = False

    def frame(self) -> None:
        """Note that the stream speaks."""
        self.spoke = True
        self.spoke_ever = True

    def refused(self, now: float) -> None:
        """Note a frame that could not be used: it may have told of a change that only a new snapshot can show."""
        self.doubts += 1
        self._unsettle(now)

    def interrupted(self, now: float) -> None:
        """Note that we closed the connection, to open another one at once."""
        self._unsettle(now)
        self.live = False
        self._replacing = True

    def _unsettle(self, now: float) -> None:
        """Note that the stream alone no longer keeps the balances current."""
        if self.proved:
            self._current_until = now + self._grace
        elif self.complete:
            # Also when an earlier snapshot promised more: another one is due at once.
            self.doubted(now)
        self.reconciled = False

    def lost(self, now: float) -> None:
        """Note that the connection is gone, or could not be had."""
        self.interrupted(now)
        self._replacing = False

    def snapshot(self, now: float, doubts: int) -> None:
        """Note a merged snapshot.

        Args:
            now: The time.
            doubts: The mark from when the snapshot was asked for.
        """
        self._current_until = now + self._grace
        # One that is older than the last doubt does not end it: another one is due at once.
        if doubts == self.doubts:
            self._current_until += self._poll
            self.reconciled = self.live

    def lapsed(self) -> None:
        """Note that the balances are current no more: from now on a first frame proves nothing of what came before."""
        self.reconciled = False

    def doubted(self, now: float) -> None:
        """Note that more time may have passed than we know of, so that what was known is soon out of date."""
        self._current_until = min(self._current_until, now + self._grace)

    def ended(self) -> None:
        """Note that nothing is known any more, and that there is no connection."""
        self._current_until = 0.0
        self.reconciled = False
        self.live = False
        self._replacing = False
