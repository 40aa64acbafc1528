"""The state of an exchange that survives a restart: holdings, average prices and keys of its accounts."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
import json
from pathlib import Path
from typing import Any, Never, Self

from .account import Account
from .keys import ApiKey, Permission
from .server import SimulatedExchange


def describe_holdings(account: Account) -> dict[str, dict[str, str]]:
    """Return the available and locked amount by currency, as exact strings in plain notation."""
    return {
        currency: {"available": format(holding.available, "f"), "locked": format(holding.locked, "f")}
        for currency, holding in account.holdings.items()
    }


def describe_averages(account: Account) -> dict[str, dict[str, str]]:
    """Return the average buy prices by currency, as exact strings in plain notation."""
    return {
        currency: {"price": format(average.price, "f"), "unit": average.unit}
        for currency, average in account.averages.items()
    }


def describe_key(key: ApiKey) -> dict[str, Any]:
    """Return a key as JSON values; with the secret, because these keys are made up."""
    return {
        "access_key": key.access_key,
        "secret_key": key.secret_key,
        "region": key.region,
        "permissions": sorted(key.permissions),
        "allowed_addresses": None if key.allowed_addresses is None else sorted(key.allowed_addresses),
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "deleted": key.deleted,
    }


def key_attributes(described: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a key from its JSON values; raises KeyError or ValueError on bad ones."""
    convert: dict[str, Callable[[Any], object]] = {
        "access_key": str,
        "secret_key": str,
        "region": str,
        "permissions": lambda names: frozenset(map(Permission, names)),
        "allowed_addresses": lambda addresses: None if addresses is None else frozenset(addresses),
        "expires_at": lambda text: None if text is None else datetime.fromisoformat(text),
        "deleted": bool,
    }
    return {name: convert[name](value) for name, value in described.items()}


def save(exchange: SimulatedExchange, path: Path) -> None:
    """Write the state if the file does not have it already."""

    def described(account: Account) -> dict[str, Any]:
        return {
            "holdings": describe_holdings(account),
            "averages": describe_averages(account),
            "keys": [describe_key(key) for key in exchange.keys.keys.values() if key.account is account],
        }

    first, *others = map(described, exchange.accounts)
    state = {"region": exchange.region.code, **first, "others": others}
    text = json.dumps(state, indent=1) + "\n"
    if path.exists() and path.read_text() == text:
        return
    # A crash while writing must not damage the previous state.
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


def load(exchange: SimulatedExchange, path: Path) -> None:
    """Take over a saved state; raises ValueError if it is of another region or damaged.

    A state without average prices leaves them as they are.
    """
    try:
        state = json.loads(path.read_text())
        region = state["region"]
        accounts = [_Account.of(described) for described in (state, *state.get("others", []))]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} holds no state of an exchange") from error
    if region != exchange.region.code:
        raise ValueError(f"{path} is of the region {region}")
    exchange.account.holdings.clear()
    exchange.account.history.clear()
    for number, saved in enumerate(accounts):
        account = exchange.add_account() if number else exchange.account
        account.change(saved.holdings, announce=False)
        for currency, (price, unit) in saved.averages.items():
            account.set_average(currency, price, unit)
        for attributes in saved.keys:
            exchange.keys.add(ApiKey(account=account, **attributes))
    exchange.key = exchange.keys.keys[exchange.key.access_key]


@dataclass(frozen=True, slots=True)
class _Account:
    """An account as it was saved."""

    holdings: dict[str, tuple[str, str]]
    averages: dict[str, tuple[str, str]]
    keys: list[dict[str, Any]]

    @classmethod
    def of(cls, described: dict[str, Any]) -> Self:
        """Return what the state's JSON values describe; raises KeyError, TypeError or AttributeError on bad ones."""
        holdings, averages = described["holdings"], described.get("averages", {})
        return cls(
            {currency: (amounts["available"], amounts["locked"]) for currency, amounts in holdings.items()},
            {currency: (average["price"], average["unit"]) for currency, average in averages.items()},
            [key_attributes(key) for key in described["keys"]],
        )


async def keep_saved(exchange: SimulatedExchange, path: Path, *, every: float = 1) -> Never:
    """Save every so many seconds until canceled, and then once more."""
    try:
        while True:
            save(exchange, path)
            await asyncio.sleep(every)
    finally:
        save(exchange, path)
