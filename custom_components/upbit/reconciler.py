"""Compares the ledger with snapshots, for silence is no sign of health, and mends what the stream did not tell."""

import asyncio
import logging
from typing import TYPE_CHECKING

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from . import issues
from .api.errors import ErrorKind, UpbitError
from .api.ledger import Change
from .api.rest import RestClient
from .api.throttle import Backoff

if TYPE_CHECKING:
    from .coordinator import UpbitCoordinator

_LOGGER = logging.getLogger(__name__)


class Reconciler:
    """The snapshot loop of one account: when to take one, and what to do about what it shows."""

    def __init__(self, coordinator: UpbitCoordinator, rest: RestClient) -> None:
        self.baseline_known = False
        """Whether a first snapshot has been merged."""
        self._coordinator = coordinator
        self._hass = coordinator.hass
        self._loop = coordinator.hass.loop
        self._rest = rest
        self._timings = coordinator.timings
        self._backoff = Backoff(self._timings.first_delay, self._timings.longest_snapshot_delay)
        self._failed = False
        self._asked = asyncio.Event()
        self._stream_attempted = asyncio.Event()
        self._succeeded = asyncio.Event()
        self._waiters: list[asyncio.Future[None]] = []
        self._ask_timer: asyncio.TimerHandle | None = None
        self._unconfirmed: dict[str, int] = {}
        self._confirm_timer: asyncio.TimerHandle | None = None
        self._key_expiry_due = 0.0
        self._clock_offset = self._measure_clock_offset()
        self._deaf_logged = False

    @callback
    def stream_attempted(self) -> None:
        """Note that the stream is subscribed, or could not be: the first snapshot may be taken."""
        self._stream_attempted.set()
        self.acquit()

    @callback
    def acquit(self) -> None:
        """Expect no more that the stream tells what a snapshot showed: it could not, or did and was not understood."""
        if self._confirm_timer is not None:
            self._confirm_timer.cancel()
            self._confirm_timer = None
        self._unconfirmed.clear()

    @callback
    def ask(self) -> None:
        """Have a snapshot taken now."""
        self._asked.set()

    @callback
    def ask_within(self, seconds: float) -> None:
        """Have a snapshot taken in so many seconds at the latest, one for all who ask until then."""
        due = self._loop.time() + seconds
        if self._ask_timer is not None:
            if self._ask_timer.when() <= due:
                return
            self._ask_timer.cancel()
        self._ask_timer = self._loop.call_at(due, self._on_ask_timer)

    @callback
    def follow_up(self) -> None:
        """Have a snapshot taken a while after a change: what came with it is perhaps told by no frame.

        The documentation leaves open whether a currency that is sold out comes in a frame. Where snapshots fail, the
        next one that succeeds serves as well.
        """
        if not self._failed:
            self.ask_within(self._timings.poll)

    @callback
    def _on_ask_timer(self) -> None:
        self._ask_timer = None
        self._asked.set()

    def next_snapshot(self) -> asyncio.Future[None]:
        """Have a snapshot taken now; the future holds its outcome, an UpbitError if it fails."""
        self.ask()
        waiter = self._loop.create_future()
        self._waiters.append(waiter)
        return waiter

    async def next_success(self) -> None:
        """Have a snapshot taken now, and wait until one succeeds, which proves the key."""
        self._succeeded.clear()
        self.ask()
        await self._succeeded.wait()

    @callback
    def close(self, error: UpbitError | None = None) -> None:
        """Let go of everybody who waits.

        Args:
            error: Why there will be no snapshot, if there is more to say than that.
        """
        if self._ask_timer is not None:
            self._ask_timer.cancel()
            self._ask_timer = None
        self.acquit()
        self._settle(self._waiters, error or UpbitError(ErrorKind.UNKNOWN, "ended"))

    async def async_run(self) -> None:
        """Take snapshots until cancelled.

        Raises:
            UpbitError: The key is refused.
        """
        # Subscribe first: what changes while the snapshot is under way is then told by a frame.
        await self._stream_attempted.wait()
        while True:
            try:
                await self._async_reconcile()
                delay = self._delay_after_success()
            except UpbitError as error:
                if error.kind.needs_new_key:
                    raise
                delay = self._delay_after_failure(error)
            await self._async_wait(delay)

    async def _async_reconcile(self) -> None:
        """Take a snapshot and act on what it shows.

        Raises:
            UpbitError: The snapshot could not be had.
        """
        self._asked.clear()
        waiters = list(self._waiters)
        health = self._coordinator.health
        followed_by = health.connection if health.complete else None
        try:
            changes = await self._async_snapshot()
        except UpbitError as error:
            self._on_failure(error)
            self._settle(waiters, error)
            raise
        self._settle(waiters)
        if changes and health.complete and health.connection == followed_by:
            self._expect_frames(changes)
        await self._async_check_key_expiry()
        self._check_first_use()

    async def _async_snapshot(self) -> list[Change]:
        health, ledger = self._coordinator.health, self._coordinator.ledger
        asked_at, doubts = ledger.sequence, health.doubts
        started = self._loop.time()
        snapshot = await self._rest.accounts()
        changes = ledger.merge_snapshot(snapshot, asked_at)
        health.snapshot(self._loop.time(), doubts)
        self._coordinator.stats.snapshot(self._loop.time() - started)
        self._backoff.reset()
        self._succeeded.set()
        if self._failed:
            self._failed = False
            self._coordinator.hasten()
        issues.async_address_allowed(self._hass, self._coordinator.config_entry)
        is_news = self.baseline_known
        self.baseline_known = True
        # Availability first: an automation that runs for a change looks at balances that are current by then.
        self._coordinator.update_health()
        if changes and is_news:
            self._coordinator.tell(changes)
        return changes

    @callback
    def _on_failure(self, error: UpbitError) -> None:
        entry = self._coordinator.config_entry
        self._failed = True
        self._coordinator.stats.failed_snapshots[error.reason] += 1
        if error.kind is ErrorKind.IP_NOT_ALLOWED:
            issues.async_address_refused(self._hass, entry, self._coordinator.region)
        self._coordinator.update_health(error)
        _LOGGER.debug("%s: no snapshot: %s", entry.title, error)

    @callback
    def _expect_frames(self, changes: list[Change]) -> None:
        """Give the stream time to tell what a snapshot showed first."""
        sequence = self._coordinator.ledger.sequence
        for change in changes:
            # A frame that was ignored told of it, whatever was wrong with the times.
            if not self._coordinator.ledger.last_was_stale(change.currency):
                self._unconfirmed.setdefault(change.currency, sequence)
        if self._confirm_timer is None:
            self._confirm_timer = self._loop.call_later(self._timings.confirm, self._on_confirm_timer)

    @callback
    def _on_confirm_timer(self) -> None:
        """Connect the stream again if it has not told what it should have."""
        updated_since = self._coordinator.ledger.updated_since
        missed = sum(not updated_since(*expected) for expected in self._unconfirmed.items())
        self.acquit()
        if missed:
            self._coordinator.stats.changes_missed_by_stream += missed
            if not self._deaf_logged:
                self._deaf_logged = True
                _LOGGER.info(
                    "%s: the stream did not tell what a snapshot showed; connecting it again",
                    self._coordinator.config_entry.title,
                )
            self._coordinator.reconnect("deaf")

    @callback
    def _check_first_use(self) -> None:
        """Connect a stream again that never spoke.

        On the first use of an account it may stay silent for minutes, even when assets change.
        Source: https://global-docs.upbit.com/reference/websocket-myasset
        """
        health = self._coordinator.health
        since_connected = self._loop.time() - health.connected_at
        if health.live and not health.spoke_ever and since_connected >= self._timings.first_use:
            self._coordinator.reconnect("first_use")

    def _delay_after_success(self) -> float:
        health = self._coordinator.health
        # A subscription is not acknowledged. What changed before it had an effect was told by no frame, and perhaps
        # came too late for the first snapshot: there is a second one, also where the stream speaks.
        is_first = self._loop.time() - health.connected_at < self._timings.poll
        speaks = health.live and health.spoke and not is_first
        return self._timings.reconcile if speaks else self._timings.poll

    def _delay_after_failure(self, error: UpbitError) -> float:
        if error.kind is ErrorKind.IP_NOT_ALLOWED:
            delay = self._timings.address_retry
        elif self._coordinator.health.proved:
            delay = self._timings.poll
        else:
            delay = self._backoff.next_delay()
        if closed_for := self._coordinator.rate_limit.remaining():
            # When the rate_limit opens, the stream goes first: the snapshot that it asks for serves both.
            delay = max(delay, closed_for + self._timings.first_delay)
        return delay

    async def _async_wait(self, delay: float) -> bool:
        """Wait until the time is over or a snapshot is asked for; return whether one is asked for."""
        due = self._loop.time() + delay
        while (remaining := due - self._loop.time()) > 0:
            try:
                async with asyncio.timeout(min(remaining, self._timings.tick)):
                    await self._asked.wait()
            except TimeoutError:
                self._check_clock()
            else:
                return True
        return self._asked.is_set()

    def _measure_clock_offset(self) -> float:
        return dt_util.utcnow().timestamp() - self._loop.time()

    @callback
    def _check_clock(self) -> None:
        """Begin anew when the clock moved on its own: the host slept, and its connection may be long dead."""
        offset = self._measure_clock_offset()
        jump, self._clock_offset = abs(offset - self._clock_offset), offset
        if jump > self._timings.clock_jump:
            self._coordinator.reconnect("clock_jump")
            self._coordinator.health.doubted(self._loop.time())
            self._coordinator.update_health()
            self.ask()

    async def _async_check_key_expiry(self) -> None:
        coordinator = self._coordinator
        if self._loop.time() < self._key_expiry_due:
            return
        try:
            # Nothing is asked where the region does not tell, and what another region told is taken back.
            expires_at = await self._rest.key_expiry()
        except UpbitError as error:
            # No balance depends on it: the next snapshot asks again.
            _LOGGER.debug("%s: the key's expiry is not known: %s", coordinator.config_entry.title, error)
            return
        self._key_expiry_due = self._loop.time() + self._timings.key_expiry
        issues.async_key_expiry(self._hass, coordinator.config_entry, expires_at)
        if expires_at != coordinator.key_expires_at:
            coordinator.key_expires_at = expires_at
            coordinator.listeners.async_notify_health()

    def _settle(self, waiters: list[asyncio.Future[None]], error: UpbitError | None = None) -> None:
        for waiter in waiters:
            if waiter.done():
                continue
            if error is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(error)
        self._waiters = [waiter for waiter in self._waiters if not waiter.done()]
