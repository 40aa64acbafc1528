"""The REST calls: the account's rows and, in Korea, its keys."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
import json
from typing import TYPE_CHECKING

from .account import Account, Average, Holding
from .faults import Endpoint

if TYPE_CHECKING:
    from .keys import KeyRing

_SEOUL = timezone(timedelta(hours=9))
NEVER_EXPIRES = datetime(2999, 12, 31, tzinfo=_SEOUL)

type Row = dict[str, object]


class HeldSnapshots:
    """Holds answers to `GET /v1/accounts` that have been computed and not sent."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._arrived = asyncio.Condition()
        self.waiting = 0

    async def held(self, count: int = 1) -> None:
        """Wait until so many answers are computed and held."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: self.waiting >= count)

    def release(self) -> None:
        """Send the held answers, and later ones immediately."""
        self._open.set()

    async def released(self) -> None:
        """Wait for the release; called when the answer has been computed."""
        async with self._arrived:
            self.waiting += 1
            self._arrived.notify_all()
        try:
            await self._open.wait()
        finally:
            self.waiting -= 1


class Rest(Endpoint):
    """The REST calls and their answers.

    `list_zeros` lists empty holdings, `duplicate_rows` sends every row twice, `extra_rows` are added unchanged.
    `row_faults` has the fields to replace in the row of a currency; with None the row is absent.
    An average price appears in the rows `average_lag` seconds after the fill that moved it. `average_prices` maps a
    currency to an average price and its unit currency that are in the rows in place of the account's.
    """

    def __init__(self, *, fiat: str, korean: bool) -> None:
        super().__init__(korean=korean)
        self._fiat = fiat
        self._held: HeldSnapshots | None = None
        self.average_prices: dict[str, tuple[str, str]] = {}
        self.average_lag = 0.0
        self.recover()

    def recover(self) -> None:
        """End every fault."""
        super().recover()
        self.list_zeros = False
        self.duplicate_rows = False
        self.row_faults: dict[str, Row | None] = {}
        self.extra_rows: list[Row] = []

    def accounts(self, account: Account) -> str:
        """Return the rows of an account as JSON text, numbers as decimal strings."""
        rows = [
            self._row(currency, holding, account.average(currency, lag=self.average_lag)) | fault
            for currency, holding in account.holdings.items()
            if holding.total or self.list_zeros
            if (fault := self.row_faults.get(currency, {})) is not None
        ]
        if self.duplicate_rows:
            rows += rows
        return json.dumps([*rows, *self.extra_rows], ensure_ascii=False)

    def _row(self, currency: str, holding: Holding, average: Average | None) -> Row:
        price, unit = "0", self._fiat
        if average is not None:
            price, unit = format(average.price, "f"), average.unit
        price, unit = self.average_prices.get(currency, (price, unit))
        return {
            "currency": currency,
            "balance": format(holding.available, "f"),
            "locked": format(holding.locked, "f"),
            "avg_buy_price": price,
            "avg_buy_price_modified": False,
            "unit_currency": unit,
        }

    async def answer_accounts(self, account: Account) -> str:
        """Return the rows of now, after the release if snapshots are held."""
        rows = self.accounts(account)
        if self._held is not None:
            await self._held.released()
        return rows

    @staticmethod
    def api_keys(keys: KeyRing, account: Account) -> str:
        """Return the keys of an account with their expiry, as JSON text."""
        return json.dumps(
            [
                {
                    "access_key": key.access_key,
                    "expire_at": (key.expires_at or NEVER_EXPIRES)
                    .astimezone(_SEOUL)
                    .isoformat(timespec="seconds"),
                }
                for key in keys.of_account(account)
            ]
        )

    @asynccontextmanager
    async def hold_snapshots(self) -> AsyncIterator[HeldSnapshots]:
        """Hold every snapshot between computing and sending it; leaving the block releases them."""
        held = self._held = HeldSnapshots()
        try:
            yield held
        finally:
            self._held = None
            held.release()
