"""The simulated exchange itself: one region of Upbit on a loopback port, strict unless a fault is set."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from decimal import Decimal
from functools import partial
import time
from types import TracebackType
from typing import Self

from .account import EXACT, Account, Number, exact
from .keys import ApiKey, KeyRing, Permission
from .listener import Listener
from .markets import default_markets
from .private import PrivateSide
from .quotation import Quotation
from .regions import REGIONS
from .rest import HeldSnapshots
from .router import Router

# Obviously not real ones, of the length that real ones have.
ACCESS_KEY = "DEMOACCESSKEY" * 3 + "0"
SECRET_KEY = "DEMOSECRETKEY" * 3 + "0"


def _wall_clock() -> int:
    return time.time_ns() // 1_000_000


class SimulatorError(Exception):
    """Something went wrong in the exchange itself; its text is the tracebacks."""


class SimulatedExchange:
    """One region of Upbit with its accounts and keys: `async with SimulatedExchange("sg") as exchange`.

    `account` and `key` are the ones it starts with; `accounts` has that account first. `rest`, `handshake` and
    `stream` have the faults of the private side, `limits` has its request limits, and `record` has what clients did
    there. `quotation` has the same of the public side, `markets` what it publishes. `clock` returns the exchange's
    time in milliseconds since the epoch.
    """

    def __init__(
        self,
        region: str = "sg",
        *,
        port: int = 0,
        holdings: Mapping[str, tuple[Number, Number]] | None = None,
        access_key: str = ACCESS_KEY,
        secret_key: str = SECRET_KEY,
        clock: Callable[[], int] = _wall_clock,
    ) -> None:
        self.region = REGIONS[region]
        self.clock = clock
        self.keys = KeyRing(region)
        self.markets = default_markets(self.region, clock)
        self.quotation = Quotation(
            self.region, self.markets, clock=clock, changed=self.changed, until=self.until
        )
        private = PrivateSide(
            self.region,
            self.keys,
            blocked=self.quotation.blocks_private_calls,
            clock=clock,
            changed=self.changed,
            until=self.until,
        )
        self.limits = private.limits
        self.record = private.record
        self.rest = private.rest
        self.handshake = private.handshake
        self.stream = private.stream
        self._router = Router(private, self.quotation, changed=self.changed)
        self._listener = Listener(self._router.handle, port)
        self._waiters: set[asyncio.Event] = set()
        self.accounts: list[Account] = []
        self.account = self.add_account(holdings)
        self.key = self.add_key(access_key=access_key, secret_key=secret_key)

    # Start and stop

    async def start(self) -> None:
        """Listen; raises OSError when the port is taken."""
        await self._listener.start()

    async def stop(self) -> None:
        """Break all connections and free the port; raises SimulatorError for what went wrong in the exchange itself."""
        await self._listener.stop()
        if self._router.bugs:
            raise SimulatorError("\n".join(self._router.bugs))

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        await self.stop()

    @property
    def port(self) -> int:
        """Return the port it listens on, the same after a restart."""
        return self._listener.port

    @property
    def rest_url(self) -> str:
        """Return the REST base."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def websocket_url(self) -> str:
        """Return the public stream's base; the private stream adds `/private`."""
        return f"ws://127.0.0.1:{self.port}/websocket/v1"

    # Accounts and keys

    def add_account(self, holdings: Mapping[str, tuple[Number, Number]] | None = None) -> Account:
        """Open an account whose changes are sent on the stream."""
        account = Account(holdings, fiat=self.region.fiat, clock=self.clock)
        account.listeners.append(partial(self.stream.announce, account))
        self.accounts.append(account)
        return account

    def add_key(
        self,
        *,
        access_key: str,
        secret_key: str = SECRET_KEY,
        account: Account | None = None,
        region: str | None = None,
        permissions: frozenset[Permission] = frozenset({Permission.VIEW_ACCOUNT}),
        allowed_addresses: frozenset[str] | None = None,
        expires_at: datetime | None = None,
    ) -> ApiKey:
        """Issue a key for an account, by default the first one; a key of another region is rejected."""
        return self.keys.add(
            ApiKey(
                access_key=access_key,
                secret_key=secret_key,
                account=account or self.account,
                region=region or self.region.code,
                permissions=permissions,
                allowed_addresses=allowed_addresses,
                expires_at=expires_at,
            )
        )

    # Trading

    def buy(self, market: str, quantity: Number, *, account: Account | None = None) -> None:
        """Buy at the market's price, without a fee: an order is placed and filled."""
        self._trade(market, exact(quantity), account or self.account, buys=True)

    def sell(self, market: str, quantity: Number, *, account: Account | None = None) -> None:
        """Sell at the market's price, without a fee."""
        self._trade(market, exact(quantity), account or self.account, buys=False)

    def _trade(self, market: str, quantity: Decimal, account: Account, *, buys: bool) -> None:
        quote, _, coin = market.partition("-")
        price = self.markets[market].price
        if price is None:
            raise ValueError(f"{market} has no price")
        cost = EXACT.multiply(price, quantity)
        if buys:
            account.fill(account.place_order(quote, cost), cost, coin, quantity, price=price)
        else:
            account.fill(account.place_order(coin, quantity), quantity, quote, cost)
        self.markets.trade(market, quantity)

    # Waiting

    def changed(self) -> None:
        """Check again every condition that is waited for."""
        for waiter in self._waiters:
            waiter.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on the exchange holds; limit it with asyncio.timeout."""
        waiter = asyncio.Event()
        self._waiters.add(waiter)
        try:
            while not condition():
                await waiter.wait()
                waiter.clear()
        finally:
            self._waiters.discard(waiter)

    async def subscribed(self, count: int = 1) -> None:
        """Wait until exactly so many private connections are subscribed."""
        await self.until(lambda: len(self.stream.subscriptions) == count)

    async def flushed(self) -> None:
        """Wait until everything queued so far is written to the sockets."""
        await self.stream.flushed()
        await self.quotation.stream.flushed()

    # Faults of the network

    def cut(self) -> None:
        """Break every private connection without a close frame (1006)."""
        self.stream.cut()

    def close_all(self, code: int = 1000, message: bytes = b"") -> None:
        """Close every private connection with a code."""
        self.stream.close_all(code, message)

    def half_open(self) -> None:
        """Make the current private connections half open until they end: no data, no pong, no close."""
        self.stream.half_open()

    @property
    def silent(self) -> bool:
        """Return whether the network is silenced."""
        return self._router.silent

    def silence(self) -> None:
        """Silence the network: connections become half open, new requests are never answered."""
        self.stream.half_open()
        self.quotation.stream.half_open()
        self._router.silent = True

    def end_silence(self) -> None:
        """Answer new requests again; connections that are half open stay so."""
        self._router.silent = False

    def refuse_connections(self) -> None:
        """Refuse new TCP connections; those that exist stay."""
        self._listener.close()

    async def accept_connections(self) -> None:
        """Accept TCP connections again, on the same port."""
        await self._listener.open()

    def go_down(self) -> None:
        """Refuse new connections and break those that exist, as a stopped process does."""
        self._listener.close()
        self._listener.abort_connections()

    async def recover(self) -> None:
        """End every fault; accounts, keys, markets and limits stay as they are."""
        self._router.silent = False
        self.keys.client_address = self.keys.second_address = None
        self.rest.recover()
        self.handshake.recover()
        self.stream.recover()
        self.quotation.recover()
        await self._listener.open()

    def hold_snapshots(self) -> AbstractAsyncContextManager[HeldSnapshots]:
        """Hold snapshots: `async with … as snapshots: await snapshots.held(); snapshots.release()`."""
        return self.rest.hold_snapshots()
