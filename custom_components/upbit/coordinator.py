"""Owns an account's private stream: connects it, has it checked against snapshots, tells who is concerned."""

import asyncio
from collections.abc import Iterable
import contextlib
from datetime import datetime
from functools import partial
import logging
import traceback

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession

from . import issues
from .api.auth import Credentials
from .api.errors import ErrorKind, UpbitError
from .api.ledger import Change, Ledger
from .api.regions import Region
from .api.rest import RestClient
from .api.stream import InvalidFrame, Stream, open_stream, refuse_redirect
from .api.throttle import Backoff, RateLimit
from .api.wire import AssetUpdate
from .const import DOMAIN, TIMINGS
from .health import Health
from .listeners import Listeners
from .reconciler import Reconciler
from .stats import ConnectionStats

_LOGGER = logging.getLogger(__name__)

type UpbitConfigEntry = ConfigEntry[UpbitCoordinator]


class UpbitCoordinator:
    """One account: its ledger, its health, its stream, and the listeners.

    This is not a `DataUpdateCoordinator`: that one tells every listener of every update, so a frame about
    one currency would cost as much as the account is large, and its `last_update_success` knows of one source
    where there are two.

    Two loops run side by side in one background task. The stream loop, here, keeps one private connection. The
    reconciler compares the ledger with snapshots. A key that Upbit refuses ends both and asks the user for
    another one.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: UpbitConfigEntry,
        region: Region,
        credentials: Credentials,
        rate_limit: RateLimit,
    ) -> None:
        self.hass = hass
        self.config_entry = entry
        self.region = region
        self.timings = TIMINGS
        self.ledger = Ledger()
        self.health = Health(self.timings.grace, self.timings.poll)
        self.stats = ConnectionStats()
        self.listeners = Listeners(hass, entry.entry_id, self._on_listener_failed)
        self.key_expires_at: datetime | None = None
        """When the key expires; None where the region does not tell."""

        # Let go of in async_stop(): Home Assistant would do so too late when it stops during a set-up.
        session = async_create_clientsession(hass, auto_cleanup=False, middlewares=[refuse_redirect])
        self._detach_session = session.detach
        self.rate_limit = rate_limit
        self._open_stream = partial(open_stream, session, region, credentials, rate_limit)
        self._reconciler = Reconciler(self, RestClient(session, region, credentials, rate_limit))

        self._task: asyncio.Task[None] | None = None
        self._available = False
        self._told_online = False
        self._last_error: UpbitError | None = None
        self._connection_scope: asyncio.Timeout | None = None
        self._hastened = asyncio.Event()
        self._may_hasten_at = 0.0
        self._expiry_timer: asyncio.TimerHandle | None = None
        self._refusals_logged: set[str] = set()

    @property
    def available(self) -> bool:
        """Whether the balances are known to be current."""
        return self._available

    async def async_start(self, known_currencies: Iterable[str]) -> None:
        """Connect and take the first snapshot.

        Args:
            known_currencies: Currencies that have an entity from earlier; they are held at zero until told
                otherwise.

        Raises:
            UpbitError: The first snapshot could not be had; nothing is left running.
        """
        self.ledger.restore(known_currencies)
        first_snapshot = self._reconciler.next_snapshot()
        self._task = self.config_entry.async_create_background_task(
            self.hass, self._async_run(), f"{DOMAIN} {self.config_entry.title}"
        )
        try:
            await first_snapshot
        except BaseException:
            await self.async_stop()
            raise

    async def async_stop(self) -> None:
        """Close the connection and end everything that runs."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        self._detach_session()

    async def async_refresh(self) -> None:
        """Take a snapshot now.

        Raises:
            UpbitError: It could not be had.
        """
        if self._task is None or self._task.done():
            raise UpbitError(ErrorKind.UNAUTHORIZED, "ended")
        await self._reconciler.next_snapshot()

    async def _async_run(self) -> None:
        backoff = Backoff(self.timings.first_delay, self.timings.longest_delay)
        try:
            while True:
                try:
                    async with asyncio.TaskGroup() as group:
                        group.create_task(self._async_run_stream())
                        group.create_task(self._reconciler.async_run())
                except ExceptionGroup as errors:
                    for error in errors.exceptions:
                        if isinstance(error, UpbitError):
                            self._end(error)
                            return
                    self._note_unexpected(errors.exceptions[0])
                await asyncio.sleep(backoff.next_delay())
        finally:
            self._reconciler.close()
            self._cancel_expiry()

    @callback
    def _end(self, error: UpbitError) -> None:
        """Stop for good: only another key can help, and only the user has one."""
        self.lose(error)
        self._reconciler.close(error)
        # What they say of this key matters no more: the next one has a list and a term of its own.
        issues.async_clear(self.hass, self.config_entry)
        if self._reconciler.baseline_known:  # before that, set-up fails and Home Assistant asks by itself
            self.config_entry.async_start_reauth(self.hass)

    @callback
    def _note_unexpected(self, error: Exception) -> None:
        """Note a fault of ours, which must neither end in silence nor print what it held in its hands."""
        place = _place_of(error)
        self.stats.unexpected_errors[place] += 1
        self.lose(UpbitError(ErrorKind.UNKNOWN, place))
        self._reconciler.close()
        _LOGGER.error("Unexpected %s; %s starts again", place, self.config_entry.title)

    @callback
    def _on_listener_failed(self, error: Exception) -> None:
        """Note that one of those who are told could not bear it; the balances and the others are none the worse."""
        place = _place_of(error)
        if place not in self.stats.unexpected_errors:  # once: it may come with every frame
            _LOGGER.error("Unexpected %s while changes of %s were told", place, self.config_entry.title)
        self.stats.unexpected_errors[place] += 1

    @callback
    def lose(self, error: UpbitError) -> None:
        """Take it that nothing is known any more, and that the connection is closed."""
        if self.health.live:
            self.stats.disconnected(error.reason)
        self.health.ended()
        self.update_health(error)

    async def _async_run_stream(self) -> None:
        backoff = Backoff(self.timings.first_delay, self.timings.longest_delay)
        while True:
            try:
                async with self._open_stream() as stream:
                    self._on_connected()
                    try:
                        await self._async_read(stream)
                    finally:
                        # Only a connection that held shows that the exchange is well: a flapping one is left alone.
                        if self._now() - self.health.connected_at >= self.timings.held:
                            backoff.reset()
            except UpbitError as error:
                if error.kind.needs_new_key:
                    raise
                self._on_lost(error)
                if error.kind is ErrorKind.UNAUTHORIZED:
                    # The key may be dead, and only a snapshot can say: no further attempt before one succeeds.
                    await self._reconciler.next_success()
                await self._async_wait_to_reconnect(backoff.next_delay())

    async def _async_wait_to_reconnect(self, delay: float) -> None:
        """Wait before the next attempt; a first snapshot after failed ones shows that it need not be longer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._hastened.wait()
                self._hastened.clear()
        await asyncio.sleep(self.rate_limit.remaining())

    @callback
    def hasten(self) -> None:
        """Do not wait any longer before the next attempt to connect: the exchange is back.

        Where snapshots fail and succeed by turns, this is no reason for more attempts than one a while.
        """
        if not self.health.live and self._now() >= self._may_hasten_at:
            self._may_hasten_at = self._now() + self.timings.poll
            self._hastened.set()

    async def _async_read(self, stream: Stream) -> None:
        """Merge what the stream says, until the connection is lost or a new one is wanted."""
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._connection_scope = scope
                async for event in stream.events():
                    if isinstance(event, InvalidFrame):
                        self._on_refused(event)
                    else:
                        self._on_update(event)
        except TimeoutError:
            if not scope.expired():  # by reconnect(), which so interrupts the wait for the next frame
                raise
        finally:
            self._connection_scope = None

    @callback
    def reconnect(self, reason: str) -> None:
        """Replace the connection: close it, then open another one, since a key may have only one."""
        if self._connection_scope is not None:
            self.stats.planned_reconnects[reason] += 1
            self.stats.disconnected(f"replaced_{reason}")
            self.health.interrupted(self._now())
            self._connection_scope.reschedule(self._now())
            self._connection_scope = None
            self.update_health()

    def _now(self) -> float:
        return self.hass.loop.time()

    @callback
    def _on_connected(self) -> None:
        self.health.connected(self._now())
        self.stats.connected()
        self._hastened.clear()
        self._refusals_logged.clear()
        self._reconciler.stream_attempted()
        self._reconciler.ask()
        self.update_health()

    @callback
    def _on_lost(self, error: UpbitError) -> None:
        if self.health.online:
            self._reconciler.ask()
        if self.health.live:
            self.stats.losses[error.reason] += 1
            self.stats.disconnected(error.reason)
        else:
            self.stats.failed_connects[error.reason] += 1
        self.health.lost(self._now())
        self._reconciler.stream_attempted()
        self.update_health(error)
        _LOGGER.debug("%s: the stream is down: %s", self.config_entry.title, error)

    @callback
    def _on_update(self, update: AssetUpdate) -> None:
        self.stats.frame()
        stale = self.ledger.stale_count
        changes = self.ledger.merge_update(update)
        if not self.health.spoke:
            self.health.frame()
            self.update_health()
        if changes:
            self.tell(changes)
            self._reconciler.follow_up()
        if self.ledger.stale_count > stale:
            # Perhaps it was an earlier frame whose time was wrong.
            self._reconciler.ask_within(self.timings.refused_frame)

    @callback
    def _on_refused(self, frame: InvalidFrame) -> None:
        self.stats.refused_frames[frame.reason] += 1
        if frame.reason not in self._refusals_logged:
            self._refusals_logged.add(frame.reason)
            _LOGGER.warning("%s: a frame was refused whole: %s", self.config_entry.title, frame.reason)
        # It may have been about a balance: a snapshot will tell.
        self.health.refused(self._now())
        self._reconciler.acquit()
        self._reconciler.ask_within(self.timings.refused_frame)
        self.update_health()

    @callback
    def tell(self, changes: list[Change]) -> None:
        """Tell those whom the changes of a merge concern."""
        # Before the first snapshot an amount that turns up is news to us, but it is no change.
        if self._reconciler.baseline_known:
            self.stats.changes += len(changes)
            self.listeners.async_notify_changes(changes)

    @callback
    def update_health(self, error: UpbitError | None = None) -> None:
        """Tell when the balances stop or start being current, and when the stream comes or goes.

        Args:
            error: What went wrong, if something did; the log names the last one when the balances are lost.
        """
        self._last_error = error or self._last_error
        now = self._now()
        available = self._reconciler.baseline_known and self.health.available(now)
        self._cancel_expiry()
        if (expires_at := self.health.expires_at(now)) is not None:
            self._expiry_timer = self.hass.loop.call_at(expires_at, self.update_health)
        if available is not self._available:
            self._available = available
            if available:
                if self.stats.times_unavailable:
                    _LOGGER.info("%s: the balances are available again", self.config_entry.title)
            else:
                self.health.lapsed()
                self.stats.times_unavailable += 1
                _LOGGER.info(
                    "%s: the balances are unavailable: %s", self.config_entry.title, self._last_error
                )
            self.listeners.async_notify_availability()
        if self.health.online is not self._told_online:
            self._told_online = self.health.online
            self.listeners.async_notify_health()

    @callback
    def _cancel_expiry(self) -> None:
        if self._expiry_timer is not None:
            self._expiry_timer.cancel()
            self._expiry_timer = None


def _place_of(error: Exception) -> str:
    """Return what was raised and where, without the text of the error, which may carry an amount."""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    return f"{type(error).__name__} at {frame.f_code.co_name}:{line}"
