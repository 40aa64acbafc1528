"""All entities of an account: the format of their unique ids, and which ones are disabled by default."""

from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.upbit.entity import balance_key, currency_of, unique_id
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import wait_until

CODES = ("币安人生", "비트코인", "<b>", "balance_", "A_B")


@pytest.mark.parametrize("region", ["sg", "kr"])
async def test_unique_ids_distinguish_balance_sensors_from_other_entities(connected: Harness) -> None:
    connected.account.change(dict.fromkeys(CODES, ("1", "0")))
    await wait_until(lambda: connected.ledger.currencies >= {*CODES})
    await connected.hass.async_block_till_done()
    currencies, entry_id = connected.ledger.currencies, connected.entry.entry_id
    registered = er.async_entries_for_config_entry(er.async_get(connected.hass), entry_id)
    balances = {entity.unique_id for entity in registered if entity.translation_key == "balance"}
    assert balances == {unique_id(entry_id, balance_key(currency)) for currency in currencies}
    assert {currency_of(entity) for entity in registered if entity.unique_id in balances} == currencies
    account_wide = [entity for entity in registered if entity.unique_id not in balances]
    # The live connection, the event, the last change and, where the region has it, the key's expiration.
    assert len(account_wide) >= 3
    assert [currency_of(entity) for entity in account_wide] == [None] * len(account_wide)
    # Each change would write a state of theirs.
    assert {entity.translation_key for entity in registered if entity.disabled} == {
        "balance_change",
        "last_change",
    }
