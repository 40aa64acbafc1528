"""The rules of one region's price feed, without sockets, timers or Home Assistant.

Two sources feed it: the tickers of the public stream, and `GET /v1/ticker`. Every event comes with the time; every
answer is a value or a deadline. The feed does the I/O, reports what happened, and acts on the answers. Times are those
of one monotonic clock, in seconds, except where milliseconds since 1970 are named.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from math import inf

from .api.ticker import Market, Ticker, Tickers
from .api.wire import exact_product
from .const import PriceTimings

# The markets a price may lead over, in the order in which Upbit's own page prefers them.
_BRIDGES = ("BTC", "USDT")


class Missing(Enum):
    """Why a coin has no price."""

    NO_PRICE = "no_price"
    """No price exists: no market leads to the region's currency, or one on the way has no price."""
    NOT_AVAILABLE = "not_available"
    """It is not available right now: not received yet, or the feed is down."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What one unit of a coin costs in the region's currency."""

    price: Decimal
    """Exact; over two markets the exact product."""
    path: tuple[Ticker, ...]
    """The tickers it is made of; empty for the region's own currency."""

    @property
    def source(self) -> str:
        """The markets it comes from: ``SGD-BTC``, or ``BTC-ADA × SGD-BTC``."""
        return " × ".join(ticker.market for ticker in self.path)

    @property
    def traded_at(self) -> int | None:
        """The oldest last trade on the path, in milliseconds since 1970."""
        return min((ticker.traded_at for ticker in self.path), default=None)

    def previous_close(self, day_start: int) -> Decimal | None:
        """Return the price at the previous close; None where Upbit gives none.

        Args:
            day_start: The last 00:00 UTC in milliseconds since 1970. A price that is older is itself the close.
        """
        closes = [
            ticker.price if ticker.traded_at < day_start else ticker.previous_close for ticker in self.path
        ]
        known = [close for close in closes if close is not None]
        return exact_product(*known) if len(known) == len(closes) else None


_ONE = Quote(Decimal(1), ())


def path_of(coin: str, fiat: str, listed: Collection[str]) -> tuple[str, ...] | None:
    """Return the markets over which a coin is priced in the region's currency, in Upbit's own order.

    Only what is listed decides, not how recent a price is. None means that no path exists.
    """
    if coin == fiat:
        return ()
    paths = [(f"{fiat}-{coin}",), *((f"{bridge}-{coin}", f"{fiat}-{bridge}") for bridge in _BRIDGES)]
    return next((path for path in paths if all(market in listed for market in path)), None)


class PriceBook:
    """The prices of one region, whether they are valid, and what has to be requested next.

    A price is valid for as long as the feed is healthy, however old its last trade is: while the stream is subscribed,
    or while the calls that replace it succeed. Once neither is so, it is valid for a limited time. Afterwards each
    price has to be received again.
    """

    def __init__(self, fiat: str, timings: PriceTimings) -> None:
        self.fiat = fiat
        self.listed: Mapping[str, Market] = {}
        """The markets of `GET /v1/market/all`."""
        self.markets: frozenset[str] = frozenset()
        """The markets on the paths of the wanted coins."""
        self.connected = False
        """Whether the stream is subscribed."""
        self.missed_trades = 0
        """Trades that a call showed and the stream did not deliver in time."""
        self.moved: set[str] = set()
        """Coins with another valid price than when it was last asked for; whoever reads them replaces the set."""
        self.changed: set[str] = set()
        """Coins whose price may have become valid or invalid; whoever reads them replaces the set."""
        self._timings = timings
        self._markets_at = 0.0
        self._loaded = False
        self._wanted: frozenset[str] = frozenset()
        self._seen: set[str] = set()
        self._paths: dict[str, tuple[str, ...] | None] = {}
        self._coins: dict[str, frozenset[str]] = {}
        """The wanted coins by the markets on their paths."""
        self._quotes: dict[str, Quote | Missing] = {}
        self._asked: set[str] = set()
        """Coins whose price was asked for since it moved last. Another move of the others is no news to anybody."""
        self._tickers: dict[str, Ticker] = {}
        self._valid: set[str] = set()
        """Markets whose ticker is valid."""
        self._priceless: set[str] = set()
        """Listed markets that a call showed to have no price."""
        self._lacking: set[str] = set()
        """Markets with a price that the last call did not have."""
        self._delisted: dict[str, float] = {}
        """Markets that the stream reported as delisted, with the time of that; infinite for the second time."""
        self._relisted: frozenset[str] = frozenset()
        """Markets that a list had after the stream had reported them as delisted."""
        self._missing: frozenset[str] = frozenset()
        """Markets on the paths that the last list lacked, and the one before did not."""
        self._delivered: dict[str, int] = {}
        """By market: the time of the last trade that the stream delivered, in milliseconds since 1970."""
        self._contradicted: dict[str, int] = {}
        """By market: the time of the last trade, where a call has shown an older one."""
        self._unanswered: dict[str, float] = {}
        """Subscribed markets without a ticker, with the time at which a call has to ask for it."""
        self._expected: dict[str, int] = {}
        """Trades that a call showed first, by market, in milliseconds since 1970."""
        self._expected_by = inf
        self._healthy_until = 0.0
        self._complete_call_at = inf
        """When all tickers have to be requested: instead of the stream, or to verify it."""
        self._last_complete_call = -inf

    # Answers

    def is_healthy(self, now: float) -> bool:
        """Whether the prices that were received are valid."""
        return self.connected or now < self._healthy_until

    @property
    def idle(self) -> bool:
        """Whether no price is needed: nothing is wanted, or nothing of it has a market."""
        return not self._wanted or (self._loaded and not self.markets)

    @property
    def has_prices(self) -> bool:
        """Whether prices are received: by the stream, or by a call since the last outage."""
        return self.connected or bool(self._valid)

    def quote(self, coin: str) -> Quote | Missing:
        """Return the price of a wanted coin in the region's currency."""
        if (quote := self._quotes.get(coin)) is None:
            quote = self._quotes[coin] = self._quote(coin)
            self._asked.add(coin)
        return quote

    def name(self, coin: str, *, korean: bool) -> str | None:
        """Return Upbit's name of a coin; None where it has none in this language."""
        path = path_of(coin, self.fiat, self.listed)
        if not path:
            return None
        market = self.listed[path[0]]
        return (market.korean_name if korean else None) or market.english_name

    @property
    def next_markets_at(self) -> float:
        """When the list of markets has to be requested."""
        return self._markets_at if self._wanted else inf

    @property
    def next_tickers_at(self) -> float:
        """When tickers have to be requested."""
        if not self.markets:
            return inf
        return min(self._complete_call_at, min(self._unanswered.values(), default=inf))

    def next_deadline(self, now: float) -> float:
        """When `advance` has something to do without an event; infinite for never."""
        healthy_until = self._healthy_until if not self.connected and self._healthy_until > now else inf
        return min(self._expected_by, healthy_until)

    def advance(self, now: float) -> bool:
        """Let deadlines pass; return whether the stream has to be connected again, because it missed trades."""
        self._expire(now)
        missed = 0
        if now >= self._expected_by:
            missed = sum(self._delivered.get(market, 0) < at for market, at in self._expected.items())
            self._clear_expected()
        self.missed_trades += missed
        return missed > 0

    # Events

    def want(self, coins: frozenset[str], now: float) -> None:
        """Note the coins that accounts hold; the region's own currency is none of them."""
        if coins == self._wanted:
            return
        was_idle = self.idle
        self._wanted = coins
        if coins - self._seen:
            self._seen |= coins
            self._markets_at = min(self._markets_at, now)
        self._find_paths(now)
        self._note_need(was_idle, now)

    def markets_loaded(self, listed: Mapping[str, Market], now: float) -> None:
        """Note the list of markets."""
        was_idle = self.idle
        self._loaded = True
        self._markets_at = now + self._timings.markets
        # What prices a coin is gone only when a second list lacks it, too.
        self._missing = self.markets.difference(listed, self._missing)
        if self._missing:
            self._markets_at = now + self._timings.absence
        self.listed = {**listed, **{market: self.listed[market] for market in self._missing}}
        # Upbit's list lacks what is delisted: what it has later than it takes to follow is listed again. A market that
        # is then reported as delisted once more stays in the list, and this report counts.
        delisted = {market: since for market, since in self._delisted.items() if market in listed}
        self._delisted = {
            market: since for market, since in delisted.items() if now - since < self._timings.relisted
        }
        self._relisted = self._relisted.union(delisted.keys() - self._delisted.keys()).intersection(listed)
        self._find_paths(now)
        self._note_need(was_idle, now)

    def markets_failed(self, now: float, retry_in: float) -> None:
        """Note that the list of markets could not be had; it is requested again after so many seconds."""
        self._markets_at = now + retry_in

    def subscribed(self, markets: frozenset[str], now: float) -> None:
        """Note that the stream has been asked for these markets; it answers with a ticker of each."""
        self._expire(now)
        if not self.connected:
            self._complete_call_at = now + self._timings.verification
        self.connected = True
        self._unanswered = dict.fromkeys(markets & self.markets, now + self._timings.answer)

    def lost(self, now: float) -> None:
        """Note that the stream is disconnected, or could not be connected."""
        if self.connected:
            self._healthy_until = max(self._healthy_until, now + self._timings.validity)
        self.connected = False
        self._unanswered.clear()
        self._clear_expected()
        self._complete_call_at = max(now, self._last_complete_call + self._timings.instead)

    def ticker(self, ticker: Ticker, now: float) -> None:
        """Note a ticker of the stream."""
        market = ticker.market
        if market not in self.markets:
            return  # of the subscription before this one
        if market in self._unanswered:
            del self._unanswered[market]
        if ticker.traded_at >= self._delivered.get(market, 0):
            self._delivered[market] = ticker.traded_at
        self._merge(ticker, now)

    def tickers_requested(self, now: float) -> frozenset[str]:
        """Return the markets to request the tickers of now."""
        if now >= self._complete_call_at:
            self._last_complete_call = now
            self._complete_call_at = now + (
                self._timings.verification if self.connected else self._timings.instead
            )
            return self.markets
        return frozenset(market for market, due in self._unanswered.items() if due <= now)

    def tickers_loaded(
        self, requested: frozenset[str], answer: Tickers, requested_at: float, now: float
    ) -> None:
        """Note the answer to a call: a market without a ticker in it has no price.

        Args:
            requested: The markets that were asked for, as far as they are still listed.
            answer: The tickers, and what could not be decoded.
            requested_at: When the call was made.
            now: The time.
        """
        self._expire(now)
        # Upbit has a row for each market: an answer without any, where prices are known, shows nothing.
        shows_nothing = not (answer.tickers or answer.invalid or requested.isdisjoint(self._valid))
        for market in requested & self.markets:
            if (ticker := answer.tickers.get(market)) is not None:
                self._contradict(ticker)
                self._expect(ticker, now)
                self._unanswered.pop(market, None)
                self._merge(ticker, now)
                continue
            if market in self._unanswered:
                self._unanswered[market] = now + self._timings.instead
            if shows_nothing or market in answer.invalid or market in self._missing:
                continue  # for a missing one, the next list of markets decides
            if market in self._valid and (self.connected or market not in self._lacking):
                # It has a price, if it is listed still.
                if market not in self._lacking:
                    self._markets_at = min(self._markets_at, now)
                self._lacking.add(market)
            else:
                self._unanswered.pop(market, None)
                self._valid.discard(market)
                self._priceless.add(market)
                self._invalidate(self._coins[market])
        if requested >= self.markets and not shows_nothing:
            self._healthy_until = max(self._healthy_until, requested_at + self._timings.validity)

    def tickers_failed(self, requested: frozenset[str], now: float, retry_in: float) -> None:
        """Note that a call failed; it is repeated after so many seconds."""
        if requested >= self.markets:
            self._complete_call_at = min(self._complete_call_at, now + retry_in)
        for market in requested & self._unanswered.keys():
            self._unanswered[market] = now + retry_in

    # Rules

    def _quote(self, coin: str) -> Quote | Missing:
        if coin == self.fiat:
            return _ONE
        if not self._loaded or coin not in self._paths:
            return Missing.NOT_AVAILABLE
        path = self._paths[coin]
        if path is None or not self._priceless.isdisjoint(path):
            return Missing.NO_PRICE
        if not self._valid.issuperset(path):
            return Missing.NOT_AVAILABLE
        tickers = tuple(self._tickers[market] for market in path)
        return Quote(exact_product(*(ticker.price for ticker in tickers)), tickers)

    def _expire(self, now: float) -> None:
        if (self._valid or self._priceless) and not self.is_healthy(now):
            for each in (self._valid, self._priceless, self._lacking, self._contradicted, self._delivered):
                each.clear()
            self._invalidate(self._wanted)

    def _note_need(self, was_idle: bool, now: float) -> None:
        """Give the feed some time for the first prices: that there were none while none was needed is no outage."""
        if was_idle and not self.idle:
            self._healthy_until = max(self._healthy_until, now + self._timings.validity)

    def _find_paths(self, now: float) -> None:
        if not self._loaded:
            return
        listed = self.listed.keys() - self._delisted.keys()
        paths = {coin: path_of(coin, self.fiat, listed) for coin in self._wanted}
        coins: dict[str, set[str]] = {}
        for coin, path in paths.items():
            if coin not in self._paths or self._paths[coin] != path:
                self._invalidate((coin,))
            for market in path or ():
                coins.setdefault(market, set()).add(coin)
        for coin in self._paths.keys() - paths.keys():
            self._quotes.pop(coin, None)
        self._paths = paths
        self._coins = {market: frozenset(those) for market, those in coins.items()}
        added = coins.keys() - self.markets
        self.markets = frozenset(coins)
        self._valid &= self.markets
        self._priceless &= self.markets
        self._lacking &= self.markets
        for market in self._unanswered.keys() - self.markets:
            del self._unanswered[market]
        if self.connected:
            # One that was wanted before may still be subscribed, so that the stream answers nothing.
            self._unanswered |= dict.fromkeys(added, now + self._timings.answer)
        elif added and self._last_complete_call > -inf:
            self._complete_call_at = min(self._complete_call_at, now)

    def _merge(self, ticker: Ticker, now: float) -> None:
        market = ticker.market
        self._lacking.discard(market)
        last = self._tickers.get(market)
        if last is not None and market in self._valid:
            if ticker.traded_at < last.traded_at:
                return
            if not ticker.delisted:
                self._tickers[market] = ticker
                asked = self._coins[market] & self._asked
                # The quote is made of these tickers when it is needed again.
                for coin in asked:
                    self._quotes.pop(coin, None)
                # Nothing is computed or written for a newer trade at the same price.
                if (ticker.price, ticker.previous_close) != (last.price, last.previous_close):
                    self._asked -= asked
                    self.moved |= asked
                return
        self._tickers[market] = ticker
        self._valid.add(market)
        self._priceless.discard(market)
        self._invalidate(self._coins[market])
        if ticker.delisted:
            self._delisted[market] = inf if market in self._relisted else now
            self._find_paths(now)

    def _contradict(self, ticker: Ticker) -> None:
        """Forget a trade whose time must be wrong, because two calls in a row show an older one as the last."""
        market = ticker.market
        last = self._tickers.get(market)
        if last is None or ticker.traded_at >= last.traded_at:
            self._contradicted.pop(market, None)
        elif self._contradicted.get(market) != last.traded_at:
            self._contradicted[market] = last.traded_at
        else:
            del self._contradicted[market], self._tickers[market]
            self._delivered[market] = ticker.traded_at

    def _expect(self, ticker: Ticker, now: float) -> None:
        """Expect the stream to deliver a trade that a call showed; some time is for what is on its way."""
        delivered = self._delivered.setdefault(ticker.market, ticker.traded_at)
        if self.connected and ticker.traded_at > delivered + self._timings.newer * 1000:
            self._expected[ticker.market] = ticker.traded_at
            self._expected_by = min(self._expected_by, now + self._timings.delivery)

    def _clear_expected(self) -> None:
        self._expected.clear()
        self._expected_by = inf

    def _invalidate(self, coins: Iterable[str]) -> None:
        for coin in coins:
            self._quotes.pop(coin, None)
        self.changed.update(coins)
