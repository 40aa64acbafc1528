"""The markets of a region: what is listed, at which price, and when it was last traded."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import ROUND_DOWN, Context, Decimal
from enum import StrEnum

from .account import Number, exact
from .regions import Region

_DAY = 86_400_000
# Enough for the figures beside the price, which nobody computes with.
_FIGURES = Context(prec=16)

type MarketListener = Callable[[Market], None]


class MarketState(StrEnum):
    """Whether a market is about to open, open, or closed for good."""

    PREVIEW = "PREVIEW"
    ACTIVE = "ACTIVE"
    DELISTED = "DELISTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """A market as it is after its last change; times are milliseconds since the epoch.

    `code` is QUOTE-BASE. `price` and `traded_at` are None where it was never traded. `previous_close` is the price at
    the last 00:00 UTC before `day`, in days since the epoch; `opening`, `high`, `low` and `volume` are since then.
    """

    code: str
    english_name: str
    korean_name: str
    state: MarketState
    price: Decimal | None
    traded_at: int | None
    previous_close: Decimal | None
    opening: Decimal | None
    high: Decimal | None
    low: Decimal | None
    volume: Decimal
    last_volume: Decimal
    day: int
    changed_at: int
    delisting_date: date | None = None

    @property
    def quote(self) -> str:
        """Return the currency that prices are in."""
        return self.code.partition("-")[0]


class Untraded(StrEnum):
    """How a listed market that never traded is presented, which is not known of the real exchange."""

    NULL = "null"
    ABSENT = "absent"


class Markets:
    """The markets by their code; each change is a new `Market`, which the listeners get.

    `untraded` says whether a market without a price has a row and frames with nulls, or none. `closes_on_trade` has
    the previous close follow with the first trade of a day, otherwise it follows at 00:00 UTC. `clock` returns
    milliseconds since the epoch.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self.listeners: list[MarketListener] = []
        self.untraded = Untraded.NULL
        self.closes_on_trade = False
        self._clock = clock
        self._markets: dict[str, Market] = {}

    def __getitem__(self, code: str) -> Market:
        """Return a listed market as it is now; raises KeyError if there is none."""
        market = self._markets[code]
        return market if self.closes_on_trade else self._closed(market)

    def __contains__(self, code: object) -> bool:
        """Say whether a market is listed."""
        return code in self._markets

    @property
    def listed(self) -> list[Market]:
        """Return all listed markets as they are now."""
        return [self[code] for code in self._markets]

    def get(self, code: str) -> Market | None:
        """Return a listed market, or None."""
        try:
            return self[code]
        except KeyError:
            return None

    # What happens on the market

    def list_market(
        self,
        code: str,
        price: Number | None = None,
        *,
        english_name: str | None = None,
        korean_name: str | None = None,
        state: MarketState = MarketState.ACTIVE,
        previous_close: Number | None = None,
        traded_at: int | None = None,
    ) -> Market:
        """List a market, or list it anew; with a price it was traded now, or at another time.

        Without a previous close it is the price. The names are by default the base currency's.
        """
        base = code.partition("-")[2]
        names = _NAMES.get(base, (base, base))
        now = self._clock()
        last = None if price is None else _positive(price)
        close = last if previous_close is None else _positive(previous_close)
        traded_at = now if traded_at is None else traded_at
        market = Market(
            code=code,
            english_name=english_name or names[0],
            korean_name=korean_name or names[1],
            state=state,
            price=last,
            traded_at=None if last is None else traded_at,
            previous_close=close,
            opening=last,
            high=last,
            low=last,
            volume=Decimal(0),
            last_volume=Decimal(0),
            day=traded_at // _DAY,
            changed_at=traded_at,
        )
        self._markets[code] = market
        return market

    def set_price(
        self,
        code: str,
        price: Number,
        *,
        volume: Number = "0.01",
        traded_at: int | None = None,
        announce: bool = True,
    ) -> Market:
        """Trade at a price now, or at another time; without `announce` no frame is sent for it."""
        market = self._closed(self._markets[code])
        if market.state is MarketState.DELISTED:
            raise ValueError(f"{code} is delisted")
        price, volume = _positive(price), exact(volume)
        now = self._clock()
        return self._change(
            replace(
                market,
                price=price,
                traded_at=now if traded_at is None else traded_at,
                opening=price if market.opening is None else market.opening,
                high=price if market.high is None else max(price, market.high),
                low=price if market.low is None else min(price, market.low),
                previous_close=price if market.previous_close is None else market.previous_close,
                volume=_FIGURES.add(market.volume, volume),
                last_volume=volume,
                changed_at=now,
            ),
            announce=announce,
        )

    def trade(self, code: str, volume: Number = "0.01") -> Market:
        """Trade at the present price; most frames of a busy market are of this kind."""
        price = self[code].price
        if price is None:
            raise ValueError(f"{code} has no price")
        return self.set_price(code, price, volume=volume)

    def set_state(
        self, code: str, state: MarketState, *, delisting_date: date | None = None, announce: bool = True
    ) -> Market:
        """Change a market's state."""
        market = replace(self[code], state=state, delisting_date=delisting_date, changed_at=self._clock())
        return self._change(market, announce=announce)

    def delist(self, code: str, *, announce: bool = True, drop: bool = True) -> None:
        """Delist a market.

        What the exchange does then is not known. With `announce` a frame says DELISTED; with `drop` the calls no
        longer have the market immediately, otherwise only after `drop()`. The stream is silent after that frame.
        """
        today = datetime.fromtimestamp(self._clock() / 1000, UTC).date()
        self.set_state(code, MarketState.DELISTED, delisting_date=today, announce=announce)
        if drop:
            self.drop(code)

    def drop(self, code: str) -> None:
        """Remove a market from the lists without a frame."""
        del self._markets[code]

    def _change(self, market: Market, *, announce: bool) -> Market:
        self._markets[market.code] = market
        if announce:
            for listener in tuple(self.listeners):
                listener(market)
        return market

    def _closed(self, market: Market) -> Market:
        """Return a market with the previous close of today."""
        today = self._clock() // _DAY
        if market.day >= today:
            return market
        price = market.price
        return replace(
            market, day=today, previous_close=price, opening=price, high=price, low=price, volume=Decimal(0)
        )


def _positive(price: Number) -> Decimal:
    """Return a price as it is; what is no price is sent by a fault of frames or rows."""
    price = exact(price)
    if not (price.is_finite() and price > 0):
        raise ValueError("a price is above 0; use the faults to send another one")
    return price


# The markets that a region begins with

# A coin's names, and about its price in Singapore dollars.
COINS: dict[str, tuple[str, str, Decimal]] = {
    "BTC": ("Bitcoin", "비트코인", Decimal(118_000)),
    "ETH": ("Ethereum", "이더리움", Decimal(3_900)),
    "XRP": ("XRP", "엑스알피(리플)", Decimal("2.95")),
    "SOL": ("Solana", "솔라나", Decimal(182)),
    "USDT": ("Tether", "테더", Decimal("1.297")),
    "DOGE": ("Dogecoin", "도지코인", Decimal("0.213")),
    "LINK": ("Chainlink", "체인링크", Decimal("17.85")),
    "SHIB": ("Shiba Inu", "시바이누", Decimal("0.0000118")),
    "ADA": ("Cardano", "에이다", Decimal("1.06")),
    "TRX": ("TRON", "트론", Decimal("0.421")),
}
_NAMES = {coin: names[:2] for coin, names in COINS.items()}
# Singapore dollars to each region's fiat.
RATES = {"SGD": Decimal(1), "IDR": Decimal(12_800), "THB": Decimal("24.9"), "KRW": Decimal(1_120)}

_FIAT_COINS = ("BTC", "ETH", "XRP", "SOL", "USDT", "DOGE", "LINK", "SHIB")
# Singapore has only markets in its own currency.
_CRYPTO_MARKETS = ("BTC-ETH", "BTC-XRP", "BTC-ADA", "USDT-BTC", "USDT-ETH", "USDT-TRX")


def price_in(quote: str, coin: str) -> Decimal:
    """Return a coin's first price in a fiat or another coin, with six digits."""
    price = COINS[coin][2]
    price = price * RATES[quote] if quote in RATES else price / COINS[quote][2]
    return six_digits(price)


def six_digits(price: Decimal) -> Decimal:
    """Return a price cut to the digits that a market has."""
    return price.quantize(Decimal(1).scaleb(price.adjusted() - 5), rounding=ROUND_DOWN).normalize()


def default_codes(region: Region) -> Iterable[str]:
    """Return the markets a region begins with."""
    fiat = [f"{region.fiat}-{coin}" for coin in _FIAT_COINS]
    return fiat if region.code == "sg" else [*fiat, *_CRYPTO_MARKETS]


def default_markets(region: Region, clock: Callable[[], int]) -> Markets:
    """Return a region's first markets, each traded now and 2 % above its previous close."""
    markets = Markets(clock)
    for code in default_codes(region):
        quote, _, coin = code.partition("-")
        price = price_in(quote, coin)
        markets.list_market(code, price, previous_close=six_digits(price / Decimal("1.02")))
    return markets
