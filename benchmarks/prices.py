"""CPU time of ticker frames and of balance frames beside them, and the delay of balances in a busy market."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
import json
from statistics import median
from time import monotonic_ns, thread_time

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.entity import currency_of

from .figures import Figure, Rounds, no_garbage_collection
from .frames import Feed, fed_streams, message
from .setting import (
    WITHOUT_PRICES,
    Exchange,
    add_entry,
    counted_events,
    currencies,
    locking_frames,
    remove_entry,
    select_prices,
    single_frames,
    values_available,
)

_BLOCK = 100
"""Frames of one measurement."""
_OVER_BTC = 244
"""Coins without a market in the region's own currency, as in Indonesia."""
_MOVES = 20
"""Prices that a market with new prices takes in turn; together they move by less than a state is written for."""

_HELD = 50
_PAIRS = 4
_BUSY_SECONDS = 15
"""Of each side of a pair, so that each side has a minute in total."""
_TICKERS, _BALANCES = 450, 10
"""Frames a second."""
_TIMEOUT = 60


# With the fields and the digits of the sample in the documentation, and as long as frames of the exchange are.
# Source: https://docs.upbit.com/kr/reference/websocket-ticker
_FRAME = (
    '{"ty":"ticker","cd":"%s","op":31883000,"hp":32310000,"lp":31855000,"tp":%s,"pcp":31883000.00000000,'
    '"atp":78039261076.51241000,"c":"RISE","cp":404000.00000000,"scp":404000.00000000,"cr":0.0126713295,'
    '"scr":0.0126713295,"ab":"ASK","tv":0.03103806,"atv":2429.58834336,"tdt":"20230221","ttm":"074102","ttms":%d,'
    '"aav":1146.25573608,"abv":1283.33260728,"h52wp":57678000.00000000,"h52wdt":"2022-03-28",'
    '"l52wp":20700000.00000000,"l52wdt":"2022-12-30","ms":"ACTIVE","its":false,"dd":null,"mw":"NONE","tms":%d,'
    '"atp24h":228827082483.70729000,"atv24h":7158.80283560,"st":"REALTIME"}'
)
_PRICE = 32_287_000


class TickerFrames:
    """Makes the frames of markets; each is of a later trade than the one before."""

    def __init__(self) -> None:
        self._traded_at = 1_800_000_000_000
        self._moves = 0

    def at(self, code: str, price: float = _PRICE) -> bytes:
        """Return the frame of a trade."""
        self._traded_at += 1
        return (_FRAME % (code, f"{price:.8f}", self._traded_at, self._traded_at)).encode()

    def same(self, code: str) -> list[bytes]:
        """Return frames of trades at one price."""
        return [self.at(code) for _ in range(_BLOCK)]

    def new(self, code: str) -> list[bytes]:
        """Return frames of trades at new prices."""
        self._moves += _BLOCK
        return [self.at(code, _PRICE + 1000 * ((self._moves + move) % _MOVES)) for move in range(_BLOCK)]


def _taking(feed: Feed, frames: Callable[[], Sequence[bytes]]) -> Callable[[], Awaitable[float]]:
    """Return a measure of what a frame costs; each round gets frames of its own."""

    async def measure() -> float:
        messages = [message(payload) for payload in frames()]
        return await feed.cost(messages) / len(messages)

    return measure


def _parsing(frames: Callable[[], Sequence[bytes]]) -> Callable[[], float]:
    """Return a measure of the CPU seconds of a frame that is parsed and nothing else."""

    def measure() -> float:
        payloads = frames()
        started = thread_time()
        for payload in payloads:
            json.loads(payload)
        return (thread_time() - started) / len(payloads)

    return measure


async def measure_ticker_frames(hass: HomeAssistant, one: Exchange, many: Exchange) -> list[Figure]:
    """Measure on an account with one coin, and on one with 500, of which 244 have their price over BTC."""
    fiat = REGIONS[many.region].fiat
    codes = currencies(500)
    over_btc, direct = codes[:_OVER_BTC], codes[_OVER_BTC:]
    own, btc = f"{REGIONS[one.region].fiat}-C000", f"{fiat}-BTC"
    listed = [*(f"BTC-{code}" for code in over_btc), *(f"{fiat}-{code}" for code in direct)]
    await one.list_markets([own])
    await many.list_markets(listed)
    frames, taken = TickerFrames(), Rounds()
    with fed_streams() as feeds:
        entries = [await add_entry(hass, "upbit", one.entry_data, WITHOUT_PRICES)]
        balances_off = feeds.pop(one.stream_url)
        entries += [await add_entry(hass, "upbit", each.entry_data) for each in (one, many)]
        async with asyncio.timeout(_TIMEOUT):
            while not {one.ticker_url, many.ticker_url} <= feeds.keys():
                await asyncio.sleep(0.05)
        balances_on, tickers_1, tickers_500 = (
            feeds[url] for url in (one.stream_url, one.ticker_url, many.ticker_url)
        )
        await tickers_1.cost([message(frames.at(own))])
        await tickers_500.cost([message(frames.at(code)) for code in (btc, *listed)])
        if not all(values_available(entry.runtime_data) for entry in entries[1:]):
            raise RuntimeError("the accounts are not valued")
        await taken.take(
            {
                "parse": _parsing(lambda: frames.same(own)),
                "same price": _taking(tickers_1, lambda: frames.same(own)),
                "new price": _taking(tickers_1, lambda: frames.new(own)),
                "locked, on": balances_on.each(locking_frames("C000", _BLOCK)),
                "locked, off": balances_off.each(locking_frames("C000", _BLOCK)),
            },
            160,
        )
        await taken.take(
            {
                "parse 244": _parsing(lambda: frames.new(btc)),
                "new price of 244": _taking(tickers_500, lambda: frames.new(btc)),
                "total, on": balances_on.each(single_frames("C000", _BLOCK)),
                "total, 500": feeds[many.stream_url].each(single_frames("C000", _BLOCK)),
                "total, off": balances_off.each(single_frames("C000", _BLOCK)),
            },
            40,
        )
        with counted_events(hass) as events:
            await balances_on.each(single_frames("C000", _BLOCK))()
            await hass.async_block_till_done()
    for entry in entries:
        await remove_entry(hass, entry)

    def micro(*names: str) -> str:
        return ", ".join(f"{name} {taken.typical(name) * 1e6:.1f} µs" for name in names)

    return [
        Figure(
            "CPU of a ticker frame without a new price, to `json.loads` of its bytes",
            taken.ratio("same price", "parse"),
            micro("same price", "parse"),
            at_most=1.3,
        ),
        Figure(
            "the same with a new price of a market with one coin, no state due",
            taken.ratio("new price", "parse"),
            micro("new price"),
            at_most=1.6,
        ),
        Figure(
            f"the same with a new price of a market with {_OVER_BTC} coins",
            taken.ratio("new price of 244", "parse 244"),
            micro("new price of 244"),
        ),
        Figure(
            "CPU of a balance frame that locks an amount, prices on to off",
            taken.ratio("locked, on", "locked, off"),
            micro("locked, on", "locked, off"),
            at_most=1.1,
        ),
        Figure(
            "CPU of a balance frame that changes a total, prices on to off",
            taken.ratio("total, on", "total, off"),
            f"{micro('total, on', 'total, off')}, {events.total() / _BLOCK:.0f} states in place of 1",
        ),
        Figure(
            "the same with prices on, 500 held to 1 held",
            taken.ratio("total, 500", "total, on"),
            micro("total, 500"),
        ),
    ]


async def measure_busy_market(hass: HomeAssistant, exchange: Exchange) -> list[Figure]:
    """Measure the delay of balances beside 450 ticker frames a second, and without prices."""
    held = currencies(_HELD)
    markets = [f"{REGIONS[exchange.region].fiat}-{code}" for code in held]
    await exchange.list_markets(markets)
    entry = await add_entry(hass, "upbit", exchange.entry_data, WITHOUT_PRICES)
    taken = Rounds()
    arrivals: list[int] = []
    balances = {
        registered.entity_id
        for registered in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if currency_of(registered) is not None
    }

    @callback
    def record(event: Event[EventStateChangedData]) -> None:
        if event.data["entity_id"] in balances:
            arrivals.append(monotonic_ns())

    async def delay() -> float:
        arrivals.clear()
        frames = _BALANCES * _BUSY_SECONDS
        with no_garbage_collection():
            async with asyncio.TaskGroup() as group:
                group.create_task(exchange.trade(_TICKERS * _BUSY_SECONDS, markets, _TICKERS))
                burst = group.create_task(exchange.burst(frames, held, rate=_BALANCES))
            async with asyncio.timeout(_TIMEOUT):
                while len(arrivals) < frames:
                    await asyncio.sleep(0.001)
        return median(arrived - sent for arrived, sent in zip(arrivals, burst.result(), strict=True)) / 1e9

    stop = hass.bus.async_listen(EVENT_STATE_CHANGED, record)
    for _ in range(_PAIRS):
        taken.add("off", await delay())
        await select_prices(hass, entry, on=True)
        async with asyncio.timeout(_TIMEOUT):
            while not values_available(entry.runtime_data):
                await asyncio.sleep(0.05)
        taken.add("on", await delay())
        await select_prices(hass, entry, on=False)
    stop()
    await remove_entry(hass, entry)
    return [
        Figure(
            f"median delay of {_BALANCES} balance frames a second beside {_TICKERS} ticker frames, "
            "to the same without prices",
            taken.ratio("on", "off"),
            f"{taken.typical('on') * 1e3:.2f} ms, without {taken.typical('off') * 1e3:.2f} ms",
            at_most=1.5,
        )
    ]
