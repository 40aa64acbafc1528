"""Does the I/O of one region's price feed, which the accounts of that region share.

Nothing here can affect a balance: the feed has its own tasks, session, backoff and rate limit.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
import contextlib
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
import logging
from math import inf
from typing import Any

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .api.errors import ErrorKind, UpbitError
from .api.quotation import QuotationClient, TickerStream, open_ticker_stream
from .api.regions import Region
from .api.throttle import Backoff
from .api.ticker import InvalidTicker, TickerItem, Tickers
from .api.websocket import reject_redirect
from .api.wire import DecodeErrorReason
from .bugs import place_of
from .const import DOMAIN, PRICE_TIMINGS
from .deadline import DeadlineTimer
from .prices import PriceBook
from .rate_limits import QuotationRateLimit

_LOGGER = logging.getLogger(__name__)

_FEEDS: HassKey[dict[str, PriceFeed]] = HassKey(f"{DOMAIN}_price_feeds")

_MISSED_TRADES = "missed_trades"


@dataclass(slots=True)
class FeedStats:
    """Counters since the feed was started, for diagnostics."""

    connects: int = 0
    failed_connects: Counter[str] = field(default_factory=Counter)
    losses: Counter[str] = field(default_factory=Counter)
    invalid_items: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    failed_calls: Counter[str] = field(default_factory=Counter)
    times_down: int = 0
    unexpected_errors: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class FeedListener:
    """What an account is notified of."""

    on_prices: Callable[[set[str], set[str]], None]
    """Called with the coins whose price moved, and with those whose price may have become valid or invalid."""
    on_status: CALLBACK_TYPE
    """Called when the stream is subscribed or lost."""
    on_day: CALLBACK_TYPE
    """Called at 00:00 UTC."""


@callback
def async_get_price_feed(hass: HomeAssistant, region: Region) -> PriceFeed:
    """Return the feed of a region, which runs while an account has joined it."""
    feeds = hass.data.setdefault(_FEEDS, {})
    if (feed := feeds.get(region.code)) is None:
        feed = feeds[region.code] = PriceFeed(hass, region)
    return feed


@callback
def async_running_feeds(hass: HomeAssistant) -> dict[str, PriceFeed]:
    """Return the feeds that an account has joined, by region."""
    return hass.data.get(_FEEDS, {})


class PriceFeed:
    """The public stream of one region, and the calls beside it. All rules are in `PriceBook`."""

    def __init__(self, hass: HomeAssistant, region: Region) -> None:
        self.book = PriceBook(region.fiat, PRICE_TIMINGS)
        self.stats = FeedStats()
        self.rate_limit = QuotationRateLimit(hass, region)
        self._hass = hass
        self._region = region
        self._now = hass.loop.time
        self._coins: dict[FeedListener, frozenset[str]] = {}
        """The accounts and the coins they hold."""
        session = async_create_clientsession(hass, auto_cleanup=False, middlewares=[reject_redirect])
        self._detach_session = session.detach
        self._open_stream = partial(open_ticker_stream, session, region, self.rate_limit)
        self._client = QuotationClient(session, region, self.rate_limit)

        self._task: asyncio.Task[None] | None = None
        self._midnight = DeadlineTimer(hass, self._on_midnight)
        self._connection_scope: asyncio.Timeout | None = None
        self._subscription: frozenset[str] = frozenset()
        """The markets that were last asked for, or that are waited for with an open connection."""
        self._markets_changed = asyncio.Event()
        self._call_due = asyncio.Event()
        self._call_planned_at = 0.0
        self._timer = DeadlineTimer(hass, self._advance)
        self._online = False
        self._healthy = True
        self._last_error: UpbitError | None = None
        self._logged: set[str] = set()

    @callback
    def async_join(self, listener: FeedListener) -> None:
        """Notify an account; the first one starts the feed."""
        self._coins[listener] = frozenset()
        if self._task is None:
            self._task = self._hass.async_create_background_task(
                self._async_run(), f"{DOMAIN} prices of {self._region.name}"
            )
            self._await_midnight()

    async def async_leave(self, listener: FeedListener) -> None:
        """Notify an account no longer; the last one stops the feed."""
        del self._coins[listener]
        if self._coins:
            self._want()
            return
        del self._hass.data[_FEEDS][self._region.code]
        if (task := self._task) is not None:
            task.cancel()
            await asyncio.wait([task])
        self._detach_session()

    @callback
    def async_want(self, listener: FeedListener, coins: frozenset[str]) -> None:
        """Note the coins whose price an account needs."""
        if self._coins[listener] != coins:
            self._coins[listener] = coins
            self._want()

    @property
    def online(self) -> bool:
        """Whether the public stream is subscribed."""
        return self.book.connected

    def diagnostics(self) -> dict[str, Any]:
        """Return the state and the counters, without prices and without the coins of an account."""
        book, stats = self.book, self.stats
        return {
            "subscribed": book.connected,
            "healthy": book.is_healthy(self._now()),
            "markets": len(book.markets),
            "listed_markets": len(book.listed),
            "missed_trades": book.missed_trades,
            "rate_limited_seconds": round(self.rate_limit.remaining(), 1),
            "connects": stats.connects,
            "times_down": stats.times_down,
            "failed_connects": dict(stats.failed_connects),
            "losses": dict(stats.losses),
            "invalid_items": dict(stats.invalid_items),
            "calls": dict(stats.calls),
            "failed_calls": dict(stats.failed_calls),
            "unexpected_errors": dict(stats.unexpected_errors),
        }

    @callback
    def _want(self) -> None:
        self.book.want(frozenset[str]().union(*self._coins.values()), self._now())
        self._advance()

    # The background task

    async def _async_run(self) -> None:
        backoff = Backoff(PRICE_TIMINGS.first_delay, PRICE_TIMINGS.longest_delay)
        try:
            while True:
                try:
                    async with asyncio.TaskGroup() as group:
                        group.create_task(self._async_run_stream())
                        group.create_task(self._async_run_calls())
                except ExceptionGroup as errors:
                    place = place_of(errors.exceptions[0])
                    self.stats.unexpected_errors[place] += 1
                    _LOGGER.error("Unexpected %s; the prices of %s start again", place, self._region.name)
                    self.book.lost(self._now())
                    self._advance()
                await asyncio.sleep(backoff.next_delay())
        finally:
            self._timer.cancel()
            self._midnight.cancel()

    # The stream

    async def _async_run_stream(self) -> None:
        backoff = Backoff(PRICE_TIMINGS.first_delay, PRICE_TIMINGS.longest_delay)
        while True:
            while not self.book.markets:
                self._markets_changed.clear()
                await self._markets_changed.wait()
            try:
                async with self._open_stream() as stream:
                    self.stats.connects += 1
                    connected_at = self._now()
                    try:
                        await self._async_follow(stream)
                    finally:
                        if self._now() - connected_at >= PRICE_TIMINGS.held:
                            backoff.reset()
            except UpbitError as error:
                (self.stats.losses if self.book.connected else self.stats.failed_connects)[error.reason] += 1
                self._last_error = error
                _LOGGER.debug("The prices of %s are disconnected: %s", self._region.name, error)
            finally:
                self._subscription = frozenset()
            self.book.lost(self._now())
            self._advance()
            await asyncio.sleep(max(backoff.next_delay(), self.rate_limit.remaining()))

    async def _async_follow(self, stream: TickerStream) -> None:
        """Merge what the stream delivers, until the connection is lost, or has to be replaced."""
        scope = asyncio.timeout(None)
        await self._async_subscribe(stream)
        subscriber = asyncio.create_task(self._async_keep_subscribed(stream, scope))
        try:
            async with scope:
                self._connection_scope = scope
                await stream.read(self._on_ticker, self._on_invalid)
        except TimeoutError:
            if not scope.expired():
                raise
        finally:
            self._connection_scope = None
            subscriber.cancel()
            await asyncio.wait([subscriber])

    async def _async_subscribe(self, stream: TickerStream) -> None:
        self._subscription = self.book.markets
        await stream.subscribe(sorted(self._subscription))
        self.book.subscribed(self._subscription, self._now())
        self._advance()

    async def _async_keep_subscribed(self, stream: TickerStream, scope: asyncio.Timeout) -> None:
        """Send the whole list of markets again when it has changed; end the connection when it is empty."""
        try:
            while True:
                await asyncio.sleep(PRICE_TIMINGS.resubscribe)
                while self.book.markets == self._subscription:
                    self._markets_changed.clear()
                    await self._markets_changed.wait()
                if not self.book.markets:
                    break
                await self._async_subscribe(stream)
        except UpbitError as error:
            _LOGGER.debug("The prices of %s can't be subscribed: %s", self._region.name, error)
        if not scope.expired():
            scope.reschedule(self._now())

    # The calls

    async def _async_run_calls(self) -> None:
        markets_backoff = Backoff(PRICE_TIMINGS.first_delay, PRICE_TIMINGS.longest_delay)
        tickers_backoff = Backoff(PRICE_TIMINGS.first_delay, PRICE_TIMINGS.instead)
        while True:
            await self._async_wait_for_call()
            if self.book.next_markets_at <= self._now():
                await self._async_load_markets(markets_backoff)
            else:
                await self._async_load_tickers(tickers_backoff, markets_backoff)
            self._advance()

    async def _async_wait_for_call(self) -> None:
        while True:
            due_at = min(self.book.next_markets_at, self.book.next_tickers_at)
            if remaining := self.rate_limit.remaining():
                due_at = max(due_at, self._now() + remaining)
            if due_at <= self._now():
                return
            self._call_planned_at = due_at
            self._call_due.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(due_at if due_at < inf else None):
                    await self._call_due.wait()

    async def _async_load_markets(self, backoff: Backoff) -> bool:
        try:
            listed = await self._client.markets()
            if not any(market.startswith(f"{self._region.fiat}-") for market in listed):
                # Nothing would have a price any more, because of one answer that can't be true.
                raise UpbitError(ErrorKind.INVALID_RESPONSE, "markets_without_own_currency")
        except UpbitError as error:
            self._on_failed_call(error)
            self.book.markets_failed(self._now(), backoff.next_delay())
            return False
        backoff.reset()
        self.stats.calls["markets"] += 1
        self.book.markets_loaded(listed, self._now())
        return True

    async def _async_load_tickers(self, backoff: Backoff, markets_backoff: Backoff) -> None:
        requested_at = self._now()
        markets = self.book.tickers_requested(requested_at)
        try:
            answer = await self._async_request_tickers(markets, markets_backoff)
        except UpbitError as error:
            self._on_failed_call(error)
            self.book.tickers_failed(markets, self._now(), backoff.next_delay())
            return
        backoff.reset()
        self.stats.calls["tickers"] += 1
        for reason in answer.invalid.values():
            self._on_invalid(reason)
        self.book.tickers_loaded(markets, answer, requested_at, self._now())

    async def _async_request_tickers(self, markets: frozenset[str], markets_backoff: Backoff) -> Tickers:
        """Request tickers; after an unknown market with a new list of markets, and without those that stay unknown."""
        try:
            return await self._client.tickers(markets)
        except UpbitError as error:
            if error.kind is not ErrorKind.UNKNOWN_MARKET:
                raise
            self._on_failed_call(error)
            if not await self._async_load_markets(markets_backoff):
                raise
        return await self._client.tickers(markets & self.book.listed.keys(), isolate=True)

    # What follows from each event

    @callback
    def _on_failed_call(self, error: UpbitError) -> None:
        self.stats.failed_calls[error.reason] += 1
        self._last_error = error
        _LOGGER.debug("A call for the prices of %s failed: %s", self._region.name, error)

    @callback
    def _on_ticker(self, ticker: TickerItem) -> None:
        if isinstance(ticker, InvalidTicker):
            self._on_invalid(ticker.reason)
            return
        book = self.book
        book.ticker(ticker, self._now())
        # Most tickers bring no new price.
        if book.moved or book.changed:
            self._publish()

    @callback
    def _on_invalid(self, reason: DecodeErrorReason) -> None:
        if reason is DecodeErrorReason.NO_PRICE:
            return  # a call shows whether there is one
        self.stats.invalid_items[reason] += 1
        if reason not in self._logged:
            self._logged.add(reason)
            _LOGGER.warning("A price of %s can't be decoded: %s", self._region.name, reason)

    @callback
    def _await_midnight(self) -> None:
        now = dt_util.utcnow()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        self._midnight.set(self._now() + (midnight - now).total_seconds())

    @callback
    def _on_midnight(self) -> None:
        self._await_midnight()
        for listener in list(self._coins):
            self._call(listener.on_day)

    @callback
    def _publish(self) -> None:
        """Notify the accounts of prices."""
        book = self.book
        if book.moved or book.changed:
            moved, book.moved = book.moved, set()
            changed, book.changed = book.changed, set()
            for listener in list(self._coins):
                self._call(listener.on_prices, moved, changed)
            if changed:
                self._advance()

    @callback
    def _advance(self) -> None:
        """Act on what the book answers now, and call this again at its next deadline."""
        book, now = self.book, self._now()
        if book.advance(now) and (scope := self._connection_scope) is not None:
            self.stats.losses[_MISSED_TRADES] += 1
            _LOGGER.info(
                "The prices of %s: the stream did not deliver a trade; connecting again", self._region.name
            )
            self._connection_scope = None
            book.lost(now)
            scope.reschedule(now)
        if book.markets != self._subscription:
            self._markets_changed.set()
        if min(book.next_markets_at, book.next_tickers_at) < self._call_planned_at:
            self._call_due.set()
        if book.connected is not self._online:
            self._online = book.connected
            for listener in list(self._coins):
                self._call(listener.on_status)
        self._log_health(now)
        self._timer.set(book.next_deadline(now))
        self._publish()

    def _log_health(self, now: float) -> None:
        healthy = self.book.is_healthy(now)
        # While nothing is needed, nothing is tried; and what has not failed or succeeded yet is about to be tried.
        if (
            healthy is self._healthy
            or self.book.idle
            or not (self.book.has_prices if healthy else self._last_error)
        ):
            return
        self._healthy = healthy
        if healthy:
            _LOGGER.info("The prices of %s are available again", self._region.name)
        else:
            self.stats.times_down += 1
            _LOGGER.info("The prices of %s are unavailable: %s", self._region.name, self._last_error)

    def _call[*Ts](self, listener: Callable[[*Ts], None], *arguments: *Ts) -> None:
        try:
            listener(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other accounts have to be notified
            place = place_of(error)
            if place not in self.stats.unexpected_errors:
                _LOGGER.error("Unexpected %s while accounts of %s were notified", place, self._region.name)
            self.stats.unexpected_errors[place] += 1
