"""Buttons that make something happen at the simulated exchange, through its control interface."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
import itertools
import os
import secrets
from typing import Any, override

import aiohttp
from homeassistant.components.button import ENTITY_ID_FORMAT, ButtonEntity
from homeassistant.config_entries import SOURCE_USER, ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from homeassistant.helpers.typing import ConfigType, DiscoveryInfoType

# The coins that nobody trades but these buttons, so that what they do stays to be seen.
ORDER = {"currency": "TRX", "amount": "1000"}
DEPOSIT = {"currency": "ADA", "amount": "500"}
DELISTED = "SGD-SOL"
RISE = Decimal("1.1")
SECOND_ACCOUNT = {"SGD": {"available": "12500", "locked": "500"}, "BTC": {"available": "0.25"}}


class Exchange:
    """The simulated exchange, and the accounts that Home Assistant has there."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.next_key: dict[str, str] = {}
        """The access key and the secret key to enter after the account's key has expired."""
        self._delisted: dict[str, Any] = {}

    async def control(self, method: str, path: str, body: object | None = None) -> Any:
        """Return the answer of the control interface; raises HomeAssistantError when it rejects the command."""
        url = f"{os.environ['UPBIT_SIMULATED_CONTROL_URL']}/{path}"
        try:
            session = async_get_clientsession(self.hass)
            async with session.request(method, url, json=body) as response:
                answer = await response.json()
        except aiohttp.ClientError as error:
            raise HomeAssistantError(f"The simulated exchange does not answer: {error}") from error
        if response.status >= 400:
            raise HomeAssistantError(f"The simulated exchange answers: {answer['error']}")
        return answer

    def first_entry(self) -> ConfigEntry:
        """Return the account that the demo began with; raises HomeAssistantError when it was removed."""
        for entry in self.hass.config_entries.async_entries("upbit"):
            if entry.data.get("region") == "sim":
                return entry
        raise HomeAssistantError("Add the account of the simulated exchange first")

    async def place_order(self) -> None:
        """Offer a part of a coin."""
        await self.control("POST", "orders", ORDER)

    async def deposit(self) -> None:
        """Let coins come in."""
        await self.control("POST", "deposits", DEPOSIT)

    async def move_prices(self) -> None:
        """Let all prices rise, with the account in the mode that shows it soonest."""
        entry = self.first_entry()
        options = {**entry.options, "price_updates": "live"}
        self.hass.config_entries.async_update_entry(entry, options=options)
        for code, market in (await self.control("GET", "markets")).items():
            if market["price"] is not None:
                price = Decimal(market["price"]) * RISE
                await self.control("PUT", f"markets/{code}", {"price": format(price, "f")})

    async def delist(self) -> None:
        """Delist a coin that the account holds."""
        markets = await self.control("GET", "markets")
        if DELISTED in markets:
            self._delisted = markets[DELISTED]
            await self.control("DELETE", f"markets/{DELISTED}")

    async def cut_connection(self) -> None:
        """End the account's stream, and reject the first attempts to connect it again."""
        await self.control("PUT", "handshake", {"status": 503, "times": 3})
        await self.control("POST", "cut")

    async def stop(self) -> None:
        """Refuse all connections, as an exchange that is down does."""
        await self.control("POST", "go_down")

    async def expire_key(self) -> None:
        """Let the key expire that Home Assistant uses, and issue the one to go on with."""
        used = self.first_entry().data["access_key"]
        known = {key["access_key"] for key in await self.control("GET", "keys")}
        number = next(number for number in itertools.count(1) if f"NEWKEY{number}" not in known)
        # Short ones, because Home Assistant's form covers the page that shows them.
        self.next_key = {"access_key": f"NEWKEY{number}", "secret_key": f"NEWSECRET{number}"}
        await self.control("POST", "keys", self.next_key)
        await self.control("PATCH", f"keys/{used}", {"expires_at": datetime.now(UTC).isoformat()})
        await self.control("POST", "cut")

    async def add_account(self) -> None:
        """Open another account at the exchange, and add it as the form does."""
        body = {"access_key": _new_access_key(), "holdings": SECOND_ACCOUNT}
        key = await self.control("POST", "accounts", body)
        answers = {"region": "sim", "access_key": key["access_key"], "secret_key": key["secret_key"]}
        flow = self.hass.config_entries.flow
        await flow.async_init("upbit", context={"source": SOURCE_USER}, data=answers)

    async def back_to_normal(self) -> None:
        """Start the exchange again, and list the coin again."""
        await self.control("POST", "recover")
        if not self._delisted:
            return
        market = {name: self._delisted[name] for name in ("price", "previous_close")}
        await self.control("POST", "markets", {"code": DELISTED, **market})
        self._delisted = {}
        # The accounts share a list of markets, which is otherwise requested again within the hour.
        entries = self.hass.config_entries
        loaded = [entry.entry_id for entry in entries.async_loaded_entries("upbit")]
        for entry_id in loaded:
            await entries.async_unload(entry_id)
        for entry_id in loaded:
            await entries.async_setup(entry_id)


def _new_access_key() -> str:
    return secrets.token_hex(20).upper()


@dataclass(frozen=True, slots=True)
class Trial:
    """Something to try; `key` is the end of the entity ID."""

    key: str
    name: str
    icon: str
    press: Callable[[Exchange], Awaitable[None]]


TRIALS = (
    Trial("place_order", "Place an order", "mdi:cart-outline", Exchange.place_order),
    Trial("deposit", "Deposit", "mdi:cash-plus", Exchange.deposit),
    Trial("move_prices", "Move prices", "mdi:trending-up", Exchange.move_prices),
    Trial("delist", "Delist a coin", "mdi:cancel", Exchange.delist),
    Trial("cut", "Cut connection", "mdi:lan-disconnect", Exchange.cut_connection),
    Trial("stop", "Stop exchange", "mdi:power", Exchange.stop),
    Trial("expire_key", "Let the key expire", "mdi:key-remove", Exchange.expire_key),
    Trial("add_account", "Add account", "mdi:account-plus-outline", Exchange.add_account),
    Trial("back_to_normal", "Back to normal", "mdi:restore", Exchange.back_to_normal),
)


async def async_setup_platform(
    hass: HomeAssistant,
    config: ConfigType,
    async_add_entities: AddEntitiesCallback,
    discovery_info: DiscoveryInfoType | None = None,
) -> None:
    """Add a button for each thing to try."""
    exchange = Exchange(hass)
    async_add_entities(TrialButton(exchange, trial) for trial in TRIALS)


class TrialButton(ButtonEntity):
    """Makes one thing happen."""

    _attr_should_poll = False

    def __init__(self, exchange: Exchange, trial: Trial) -> None:
        self._exchange = exchange
        self._trial = trial
        self.entity_id = ENTITY_ID_FORMAT.format(f"upbit_demo_{trial.key}")
        self._attr_unique_id = trial.key
        self._attr_name = trial.name
        self._attr_icon = trial.icon

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        return self._exchange.next_key if self._trial.key == "expire_key" else None

    @override
    async def async_press(self) -> None:
        await self._trial.press(self._exchange)
        # Home Assistant writes the state before.
        self.async_write_ha_state()
