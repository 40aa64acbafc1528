"""All entities of an account: the format of their unique ids, and which ones are disabled by default."""

from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.upbit.entity import (
    balance_key,
    currency_of,
    is_of_prices,
    price_key,
    profit_key,
    unique_id,
    value_currency_of,
    value_key,
)
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import wait_until

CODES = ("币安人生", "비트코인", "<b>", "balance_", "A_B")


@pytest.mark.parametrize("region", ["sg", "kr"])
async def test_unique_ids_distinguish_the_sensors_of_currencies_from_other_entities(
    connected: Harness,
) -> None:
    connected.account.change(dict.fromkeys(CODES, ("1", "0")))
    await wait_until(lambda: connected.ledger.currencies >= {*CODES})
    await connected.hass.async_block_till_done()
    currencies, entry_id = connected.ledger.currencies, connected.entry.entry_id
    coins = currencies - {connected.exchange.region.fiat}
    registered = er.async_entries_for_config_entry(er.async_get(connected.hass), entry_id)
    of_currencies = {
        "balance": (balance_key, currencies),
        "value": (value_key, coins),
        "coin_unrealized_profit": (profit_key, coins),
        "price": (price_key, coins),
    }
    for name, (key, those) in of_currencies.items():
        ids = {entity.unique_id for entity in registered if entity.translation_key == name}
        assert ids == {unique_id(entry_id, key(currency)) for currency in those}
    balances = [entity for entity in registered if entity.translation_key == "balance"]
    values = [entity for entity in registered if entity.translation_key == "value"]
    assert {currency_of(entity) for entity in balances} == currencies
    assert {value_currency_of(entity) for entity in values} == coins
    account_wide = [entity for entity in registered if entity.translation_key not in of_currencies]
    # Figures of the account, both connections, the event, the last change, the button and, where the region has it,
    # the expiration of the key.
    assert len(account_wide) >= 10
    assert {currency_of(entity) for entity in account_wide} == {None}
    assert {value_currency_of(entity) for entity in account_wide} == {None}
    # Each change, or each move of a price, would write a state of theirs; the button is for exceptions.
    assert {entity.translation_key for entity in registered if entity.disabled} == {
        "balance_change",
        "last_change",
        "refresh",
        "coin_unrealized_profit",
        "price",
        "cost_basis",
    }
    assert {entity.translation_key for entity in registered if is_of_prices(entity)} == {
        *("value", "coin_unrealized_profit", "price"),
        *("total_value", "unrealized_profit", "return", "daily_change", "cost_basis", "price_feed"),
    }


@pytest.mark.parametrize(("language", "total_value"), [("ko", "total_value"), ("id", "total_aset")])
async def test_entity_ids_are_indonesian_on_an_indonesian_system_and_else_english(
    harness: Harness, language: str, total_value: str
) -> None:
    harness.hass.config.language = language
    await harness.start()
    assert harness.hass.states.get(f"sensor.upbit_singapore_{total_value}") is not None
