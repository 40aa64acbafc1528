"""Does the I/O of one account: connects its stream, takes its snapshots, notifies its listeners."""

import asyncio
from collections.abc import Iterable, Sequence
import contextlib
from dataclasses import replace
from datetime import datetime
from functools import partial
import logging
from math import inf

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.util import dt as dt_util

from . import issues
from .account_value import AccountValue
from .api.auth import Credentials
from .api.errors import ErrorKind, UpbitError
from .api.ledger import Change
from .api.regions import Region
from .api.rest import RestClient
from .api.stream import Stream, open_stream
from .api.throttle import Backoff
from .api.websocket import reject_redirect
from .api.wire import AssetUpdate, DecodeErrorReason, Holdings
from .bugs import place_of
from .const import CONF_PRICE_UPDATES, DOMAIN, TIMINGS
from .deadline import DeadlineTimer
from .key_expiration import KeyExpirationCheck
from .listeners import Listeners
from .price_updates import PriceUpdates
from .rate_limits import async_get_rate_limit
from .stats import ConnectionStats
from .sync import AccountSync, ReconnectReason

_LOGGER = logging.getLogger(__name__)

type UpbitConfigEntry = ConfigEntry[UpbitCoordinator]


class UpbitCoordinator:
    """One account: its connection to Upbit and its listeners. All rules are in `AccountSync`.

    This is not a `DataUpdateCoordinator`: that one calls every listener on every update, so a message about one
    currency would cost as much as the account is large, and its `last_update_success` has one source where there
    are two.

    Three loops run side by side in one background task: the stream, the snapshots and a check of the clock. Each
    reports to the sync what happened, and then calls `_advance`, which acts on what the sync answers; after most
    updates there is nothing to do but to notify. A key that Upbit rejects ends all of them and asks the user for
    another one.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        config_entry: UpbitConfigEntry,
        region: Region,
        credentials: Credentials,
    ) -> None:
        self.hass = hass
        self._now = hass.loop.time
        self.config_entry = config_entry
        self.region = region
        self.sync = AccountSync(TIMINGS)
        self.ledger = self.sync.ledger
        self.stats = ConnectionStats()
        self.listeners = Listeners(hass, config_entry.entry_id, self._on_listener_error)
        self.value: AccountValue | None = None
        """What the account is worth; None while the user has switched price updates off."""
        self.rate_limit = async_get_rate_limit(hass, config_entry.entry_id, region)

        # Detached in async_stop(): Home Assistant would do so too late when it stops during a set-up.
        session = async_create_clientsession(hass, auto_cleanup=False, middlewares=[reject_redirect])
        self._detach_session = session.detach
        self._open_stream = partial(open_stream, session, region, credentials, self.rate_limit)
        self._rest = RestClient(session, region, credentials, self.rate_limit)
        self._key_expiration = KeyExpirationCheck(self._rest, TIMINGS.key_expiry)

        self._task: asyncio.Task[None] | None = None
        self._stream_attempted = asyncio.Event()
        self._retry_stream = asyncio.Event()
        self._connection_scope: asyncio.Timeout | None = None
        self._snapshot_due = asyncio.Event()
        self._snapshot_planned_at = 0.0
        self._snapshot_succeeded = asyncio.Event()
        self._waiters: list[tuple[float, asyncio.Future[None]]] = []
        """Who waits for a snapshot, with the time by which it has to be requested."""
        self._timer = DeadlineTimer(hass, self._advance)

        # What the listeners know.
        self._current = False
        self._not_current: frozenset[str] = frozenset()
        self._online = False
        self._held: dict[str, Change] = {}
        """By currency: a change that they get once its balance is available."""

        self._last_error: UpbitError | None = None
        self._logged: set[str] = set()

    @property
    def available(self) -> bool:
        """Whether the balances as a whole are known to be up to date."""
        return self._current

    def is_available(self, currency: str) -> bool:
        """Whether the amount of a currency is known to be up to date."""
        return self._current and currency not in self._not_current

    @property
    def unavailable_currencies(self) -> frozenset[str]:
        """The currencies whose amount is not known to be up to date while the others are."""
        return self._not_current

    @property
    def key_expires_at(self) -> datetime | None:
        """When the key expires; None where the region has no such information."""
        return self._key_expiration.expires_at

    async def async_start(self, known_currencies: Iterable[str]) -> None:
        """Connect and take the first snapshot.

        Args:
            known_currencies: Currencies that have an entity from an earlier run.

        Raises:
            UpbitError: The first snapshot failed; nothing is left running.
        """
        self.ledger.restore(known_currencies)
        first_snapshot = self._next_snapshot()
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

    async def async_refresh(self, within: float = 0.0) -> None:
        """Take a snapshot, and return when it is merged.

        Args:
            within: Seconds until it is requested at the latest, for others that ask meanwhile to share it.

        Raises:
            UpbitError: The snapshot failed.
        """
        if self._task is None or self._task.done():
            raise UpbitError(ErrorKind.UNAUTHORIZED, "ended")
        await self._next_snapshot(within)

    @callback
    def snapshot_by(self, deadline: float) -> None:
        """Have a snapshot taken until then, on the event loop's clock; infinite for none."""
        if deadline < inf:
            self.sync.snapshot_within(deadline - self._now(), self._now())
            self._snapshot_due.set()

    # What the account is worth

    @property
    def price_updates(self) -> PriceUpdates:
        """How often values are written, as the user has selected it."""
        return PriceUpdates(self.config_entry.options.get(CONF_PRICE_UPDATES, PriceUpdates.NORMAL))

    @callback
    def async_start_value(self) -> None:
        """Value the account from now on, unless the user has switched price updates off."""
        if (mode := self.price_updates) is not PriceUpdates.OFF:
            self.value = AccountValue(self.hass, self, mode)
            self.value.async_start()

    async def async_stop_value(self) -> None:
        """Value the account no longer."""
        value, self.value = self.value, None
        if value is not None:
            await value.async_stop()

    async def async_apply_price_updates(self) -> None:
        """Act on another selection of the user; the balances go on."""
        if self.price_updates is PriceUpdates.OFF:
            await self.async_stop_value()
        elif self.value is not None:
            self.value.async_set_mode(self.price_updates)
        else:
            self.async_start_value()
            self.snapshot_by(self._now())  # for the average buy prices
            self.listeners.async_notify_valued()

    @callback
    def mark_unavailable(self, error: UpbitError) -> None:
        """Make every balance unavailable, because nothing is connected any more."""
        if self.sync.connected:
            self.stats.disconnected(error.reason)
        self.sync.stopped()
        self._advance(error=error)

    # The background task

    async def _async_run(self) -> None:
        backoff = Backoff(TIMINGS.first_delay, TIMINGS.longest_delay)
        try:
            while True:
                try:
                    async with asyncio.TaskGroup() as group:
                        group.create_task(self._async_run_stream())
                        group.create_task(self._async_run_snapshots())
                        group.create_task(self._async_watch_clock())
                except ExceptionGroup as errors:
                    for error in errors.exceptions:
                        if isinstance(error, UpbitError):
                            self._stop_for_reauth(error)
                            return
                    self._handle_unexpected_error(errors.exceptions[0])
                await asyncio.sleep(backoff.next_delay())
        finally:
            self._resolve_waiters(UpbitError(ErrorKind.UNKNOWN, "ended"))
            self._timer.cancel()
            if self.value is not None:
                self.value.async_cancel_timer()

    @callback
    def _stop_for_reauth(self, error: UpbitError) -> None:
        """Stop for good: only the user can help, with another key."""
        self.mark_unavailable(error)
        self._resolve_waiters(error)
        # The issues are about this key; the next one has allowed addresses and an expiration of its own.
        issues.async_clear(self.hass, self.config_entry)
        if self.sync.has_baseline:  # before that, set-up fails and Home Assistant starts reauthentication
            self.config_entry.async_start_reauth(self.hass)

    @callback
    def _handle_unexpected_error(self, error: Exception) -> None:
        """Log a bug, without the text of the error, and start again."""
        place = place_of(error)
        self.stats.unexpected_errors[place] += 1
        failure = UpbitError(ErrorKind.UNKNOWN, place)
        self.mark_unavailable(failure)
        self._resolve_waiters(failure)
        _LOGGER.error("Unexpected %s; %s starts again", place, self.config_entry.title)

    @callback
    def _on_listener_error(self, error: Exception) -> None:
        """Log a bug in a listener once: it may occur with every message."""
        place = place_of(error)
        if place not in self.stats.unexpected_errors:
            _LOGGER.error("Unexpected %s while listeners of %s were notified", place, self.config_entry.title)
        self.stats.unexpected_errors[place] += 1

    # The stream

    async def _async_run_stream(self) -> None:
        backoff = Backoff(TIMINGS.first_delay, TIMINGS.longest_delay)
        while True:
            try:
                async with self._open_stream() as stream:
                    self._on_connected()
                    try:
                        await self._async_read(stream)
                    finally:
                        # A connection that is lost soon is no reason to connect quickly again.
                        if self._now() - self.sync.connected_at >= TIMINGS.held:
                            backoff.reset()
            except UpbitError as error:
                if error.kind.needs_new_key:
                    raise
                self._on_lost(error)
                if error.kind is ErrorKind.UNAUTHORIZED:
                    # A rejected handshake has no reason. Only a snapshot shows whether it is the key.
                    await self._async_next_success()
                await self._async_wait_to_connect(backoff.next_delay())

    async def _async_wait_to_connect(self, delay: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._retry_stream.wait()
        self._retry_stream.clear()
        await asyncio.sleep(self.rate_limit.remaining())

    async def _async_read(self, stream: Stream) -> None:
        """Merge what the stream delivers, until the connection is lost or has to be replaced."""
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._connection_scope = scope
                await stream.read(self._on_update, self._on_invalid_frame)
        except TimeoutError:
            if not scope.expired():  # by _replace_stream()
                raise
        finally:
            self._connection_scope = None

    @callback
    def _replace_stream(self, scope: asyncio.Timeout, reason: ReconnectReason) -> None:
        """Close the connection and open another one after it, since a key may have only one."""
        self.stats.planned_reconnects[reason] += 1
        self.stats.disconnected(f"replaced_{reason}")
        if reason is ReconnectReason.MISSED_UPDATE and reason not in self._logged:
            self._logged.add(reason)
            _LOGGER.info(
                "%s: the stream did not deliver what a snapshot showed; connecting again",
                self.config_entry.title,
            )
        self.sync.stream_lost(self._now(), replacing=True)
        self._connection_scope = None
        scope.reschedule(self._now())

    @callback
    def _on_connected(self) -> None:
        self.sync.stream_connected(self._now())
        self.stats.connected()
        self._retry_stream.clear()
        self._stream_attempted.set()
        self._advance()

    @callback
    def _on_lost(self, error: UpbitError) -> None:
        if self.sync.connected:
            self.stats.losses[error.reason] += 1
            self.stats.disconnected(error.reason)
        else:
            self.stats.failed_connects[error.reason] += 1
        self.sync.stream_lost(self._now())
        self._stream_attempted.set()
        self._advance(error=error)
        _LOGGER.debug("%s: the stream is disconnected: %s", self.config_entry.title, error)

    @callback
    def _on_update(self, update: AssetUpdate) -> None:
        sync = self.sync
        changes = sync.updated(update, self._now)
        if sync.steady:  # as after most updates
            self._notify(changes)
            return
        self.stats.first_update()
        if not sync.has_baseline and self.value is not None:
            self.value.async_note_first(update.amounts)
        self._log_undecodable(update)
        self._advance(changes)

    @callback
    def _on_invalid_frame(self, reason: DecodeErrorReason) -> None:
        self.stats.invalid_messages[reason] += 1
        if reason not in self._logged:
            self._logged.add(reason)
            _LOGGER.warning("%s: a message is invalid: %s", self.config_entry.title, reason)
        self.sync.message_invalid(self._now())
        self._advance()

    # Snapshots

    async def _async_run_snapshots(self) -> None:
        # Subscribe first: what changes while the snapshot is under way is then delivered by the stream.
        await self._stream_attempted.wait()
        backoff = Backoff(TIMINGS.first_delay, TIMINGS.longest_snapshot_delay)
        while True:
            await self._async_wait_for_snapshot()
            waiters, self._waiters = self._waiters, []
            try:
                await self._async_take_snapshot(backoff)
            except UpbitError as error:
                _resolve(waiters, error)
                if error.kind.needs_new_key:
                    raise
                continue
            except BaseException:
                self._waiters += waiters
                raise
            _resolve(waiters)
            await self._async_check_key_expiration()

    async def _async_wait_for_snapshot(self) -> None:
        """Wait until a snapshot is due, also because somebody waits for one."""
        while True:
            due_at = self.sync.next_snapshot_at
            if remaining := self.rate_limit.remaining():
                # The stream goes first: the snapshot that its connection needs then serves both.
                due_at = max(due_at, self._now() + remaining + TIMINGS.first_delay)
            due_at = min([due_at, *(requested_by for requested_by, _ in self._waiters)])
            if due_at <= self._now():
                return
            self._snapshot_planned_at = due_at
            self._snapshot_due.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(due_at):
                    await self._snapshot_due.wait()

    async def _async_take_snapshot(self, backoff: Backoff) -> None:
        """Take a snapshot, merge it and notify.

        Raises:
            UpbitError: The snapshot failed.
        """
        request = self.sync.snapshot_requested(self._now())
        try:
            snapshot = await self._rest.accounts()
        except UpbitError as error:
            address_rejected = error.kind is ErrorKind.IP_NOT_ALLOWED
            delay = TIMINGS.address_retry if address_rejected else backoff.next_delay()
            self.sync.snapshot_failed(self._now(), delay, address_rejected=address_rejected)
            self.stats.failed_snapshots[error.reason] += 1
            if address_rejected:
                issues.async_address_not_allowed(self.hass, self.config_entry)
            _LOGGER.debug("%s: the snapshot failed: %s", self.config_entry.title, error)
            self._advance(error=error)
            raise
        changes = self.sync.snapshot_merged(snapshot, request, self._now())
        self.stats.snapshot(self._now() - request.at)
        backoff.reset()
        self._log_undecodable(snapshot)
        if self.sync.is_address_allowed(self._now()):
            issues.async_address_allowed(self.hass, self.config_entry)
        self._snapshot_succeeded.set()
        self._advance(changes)
        self.listeners.async_notify_snapshot(snapshot, request.at)

    def _next_snapshot(self, within: float = 0.0) -> asyncio.Future[None]:
        """Have a snapshot taken within so many seconds; the future has its outcome, an UpbitError if it fails."""
        waiter = self.hass.loop.create_future()
        self._waiters.append((self._now() + within, waiter))
        self._snapshot_due.set()
        return waiter

    async def _async_next_success(self) -> None:
        """Have a snapshot taken now, and wait until one succeeds."""
        self._snapshot_succeeded.clear()
        self.sync.snapshot_within(0, self._now())
        self._snapshot_due.set()
        await self._snapshot_succeeded.wait()

    @callback
    def _resolve_waiters(self, error: UpbitError) -> None:
        waiters, self._waiters = self._waiters, []
        _resolve(waiters, error)

    async def _async_check_key_expiration(self) -> None:
        try:
            if not await self._key_expiration.async_check(self._now()):
                return
        except UpbitError as error:
            # No balance depends on it; it is requested again after the next snapshot.
            _LOGGER.debug("%s: the key's expiration is unknown: %s", self.config_entry.title, error)
            return
        issues.async_key_expiration(self.hass, self.config_entry, self.key_expires_at)
        self.listeners.async_notify_status()

    @callback
    def _log_undecodable(self, holdings: Holdings) -> None:
        """Count items that can't be decoded; log each currency once."""
        for currency, reason in holdings.undecodable.items():
            self.stats.undecodable_items[reason] += 1
            if (key := f"currency {currency}") not in self._logged:
                self._logged.add(key)
                _LOGGER.warning(
                    "%s: the amount of %s can't be decoded: %s", self.config_entry.title, currency, reason
                )
        if holdings.unreadable:
            self.stats.undecodable_items["unreadable_currency"] += holdings.unreadable
            if "unreadable" not in self._logged:
                self._logged.add("unreadable")
                _LOGGER.warning("%s: a currency code can't be read", self.config_entry.title)

    # The clock

    async def _async_watch_clock(self) -> None:
        """Report when the clock moves against the monotonic one: the host slept."""
        offset = self._clock_offset()
        while True:
            await asyncio.sleep(TIMINGS.tick)
            previous, offset = offset, self._clock_offset()
            if abs(offset - previous) > TIMINGS.clock_jump:
                self.sync.clock_jumped(self._now())
                self._advance()

    def _clock_offset(self) -> float:
        return dt_util.utcnow().timestamp() - self._now()

    # What follows from each event

    @callback
    def _advance(self, changes: Sequence[Change] = (), *, error: UpbitError | None = None) -> None:
        """Act on what the sync answers now: reconnect, notify, and call this again at its next deadline.

        Availability is notified before changes, and these wait for it: what runs for a change then sees balances that
        are available.

        Args:
            changes: The changes of a merge, to be notified.
            error: What failed, if something did; the log names the last one when the balances become unavailable.
        """
        if error is not None:
            self._last_error = error
        if self.value is not None:
            self.value.async_note_growth(changes)
        self._advance_status()
        self._notify(self._take_due(changes))

    @callback
    def _advance_status(self) -> None:
        """Act on what does not follow from amounts: reconnect, notify of availability and of the connection."""
        sync, now = self.sync, self._now()
        if (reason := sync.advance(now)) is not None:
            if (scope := self._connection_scope) is not None:
                self._replace_stream(scope, reason)
            else:
                self._retry_stream.set()
        current, not_current = sync.is_current(now), sync.not_current(now)
        if current is not self._current or not_current != self._not_current:
            self._notify_availability(current, not_current)
        if sync.online is not self._online:
            self._online = sync.online
            self.listeners.async_notify_status()
        self._timer.set(sync.next_deadline(now))
        if sync.next_snapshot_at < self._snapshot_planned_at:
            self._snapshot_due.set()

    @callback
    def _notify_availability(self, current: bool, not_current: frozenset[str]) -> None:
        changed = None if current is not self._current else not_current ^ self._not_current
        was_current, self._current, self._not_current = self._current, current, not_current
        if current and not was_current and self.stats.times_unavailable:
            _LOGGER.info("%s: the balances are available again", self.config_entry.title)
        elif was_current and not current:
            self.stats.times_unavailable += 1
            _LOGGER.info("%s: the balances are unavailable: %s", self.config_entry.title, self._last_error)
        self.listeners.async_notify_availability(changed)

    def _take_due(self, changes: Sequence[Change]) -> list[Change]:
        """Return the changes to notify now, one of each currency; keep those of balances that are not available."""
        held = self._held
        for change in changes:
            before = held.pop(change.currency, change).before
            if before != change.after:
                held[change.currency] = replace(change, before=before)
        due = [change for change in held.values() if self.is_available(change.currency)]
        for change in due:
            del held[change.currency]
        return due

    @callback
    def _notify(self, changes: list[Change]) -> None:
        """Notify of currencies that are new, and of changes."""
        if added := self.ledger.added:
            self.ledger.added = []
            self.listeners.async_notify_currencies(added)
        if changes:
            self.stats.changes += len(changes)
            self.listeners.async_notify_changes(changes)


def _resolve(waiters: list[tuple[float, asyncio.Future[None]]], error: UpbitError | None = None) -> None:
    for _, waiter in waiters:
        if waiter.done():
            continue
        if error is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(error)
