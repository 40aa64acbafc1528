"""The simulated exchange itself: one region of Upbit on a loopback port, strict unless a fault is set."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Self

from .account import Account, Number
from .faults import Endpoint
from .keys import ApiKey, KeyRing, Permission
from .limits import Limits
from .listener import Listener
from .record import Record
from .regions import REGIONS
from .rest import HeldSnapshots, Rest
from .router import Router
from .stream import Stream

# Obviously not real ones, of the length that real ones have.
ACCESS_KEY = "DEMOACCESSKEY" * 3 + "0"
SECRET_KEY = "DEMOSECRETKEY" * 3 + "0"


class SimulatedExchange:
    """One region of Upbit with its accounts and keys: `async with SimulatedExchange("sg") as exchange`.

    `account` and `key` are the ones it starts with. `rest`, `handshake` and `stream` have the
    faults, `limits` has the request limits, and `record` has what clients did.
    """

    def __init__(
        self,
        region: str = "sg",
        *,
        port: int = 0,
        holdings: Mapping[str, tuple[Number, Number]] | None = None,
        access_key: str = ACCESS_KEY,
        secret_key: str = SECRET_KEY,
    ) -> None:
        self.region = REGIONS[region]
        self.limits = Limits()
        self.record = Record()
        self.keys = KeyRing(region)
        self.rest = Rest(fiat=self.region.fiat, korean=self.region.korean)
        self.handshake = Endpoint(korean=self.region.korean)
        self.stream = Stream(
            korean=self.region.korean,
            limits=self.limits,
            record=self.record,
            changed=self.changed,
            until=self.until,
        )
        self._router = Router(
            self.region,
            keys=self.keys,
            limits=self.limits,
            record=self.record,
            changed=self.changed,
            rest=self.rest,
            handshake=self.handshake,
            stream=self.stream,
        )
        self._listener = Listener(self._router.handle, port)
        self._waiters: set[asyncio.Event] = set()
        self.account = self.add_account(holdings)
        self.key = self.add_key(access_key=access_key, secret_key=secret_key)

    # Start and stop

    async def start(self) -> None:
        """Listen; raises OSError when the port is taken."""
        await self._listener.start()

    async def stop(self) -> None:
        """Break all connections and free the port."""
        await self._listener.stop()

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
        account = Account(holdings)
        account.listeners.append(partial(self.stream.announce, account))
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
        """Wait until exactly so many connections are subscribed."""
        await self.until(lambda: len(self.stream.subscriptions) == count)

    async def flushed(self) -> None:
        """Wait until everything queued so far is written to the sockets."""
        for connection in tuple(self.stream.connections):
            await connection.flushed()

    # Faults of the network

    def cut(self) -> None:
        """Break every private connection without a close frame (1006)."""
        for connection in self.stream.connections:
            connection.cut()

    def close_all(self, code: int = 1000, message: bytes = b"") -> None:
        """Close every private connection with a code."""
        for connection in self.stream.connections:
            connection.close(code, message)

    def half_open(self) -> None:
        """Make the current private connections half open until they end: no data, no pong, no close."""
        for connection in self.stream.connections:
            connection.half_open = True

    @property
    def silent(self) -> bool:
        """Return whether the network is silenced."""
        return self._router.silent

    def silence(self) -> None:
        """Silence the network: connections become half open, new requests are never answered."""
        self.half_open()
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
        """End every fault; accounts, keys and limits stay as they are."""
        self._router.silent = False
        self.keys.client_address = self.keys.second_address = None
        self.rest.recover()
        self.handshake.recover()
        self.stream.recover()
        await self._listener.open()

    def hold_snapshots(self) -> AbstractAsyncContextManager[HeldSnapshots]:
        """Hold snapshots: `async with … as snapshots: await snapshots.held(); snapshots.release()`."""
        return self.rest.hold_snapshots()
