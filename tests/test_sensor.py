"""Sensors: one for each currency with its exact state, the last change, and the expiration of the key."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
import json

from homeassistant.const import (
    CONF_REGION,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    Platform,
)
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.json import json_bytes
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from custom_components.upbit.entity import currency_of
from simulator import ACCESS_KEY, SECRET_KEY, NumberStyle
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import wait_until

SAMPLE = ("1386929.37231066771348207123", "10329.670127489597585685")
SAMPLE_TOTAL = "1397259.04243815731106775623"

BTC, XRP = "sensor.upbit_singapore_btc", "sensor.upbit_singapore_xrp"


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Record in the way of Home Assistant's own tests."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


# Exact states


# Amounts, and their sum as a state shows it.
SUMS = [
    ("0.00000010", "0", "0.0000001"),
    ("1E-30", "0", "0.000000000000000000000000000001"),
    ("0.1", "0.2", "0.3"),
    ("100000000000000000000000", "0", "100000000000000000000000"),
    ("1E+30", "1E-30", "1" + "0" * 30 + "." + "0" * 29 + "1"),
    ("9" * 40 + "." + "9" * 40, "0." + "0" * 39 + "1", "1" + "0" * 40),
    ("1" * 60 + "." + "1" * 60, "2" * 60 + "." + "2" * 60, "3" * 60 + "." + "3" * 60),
    ("7" * 117, "0." + "0" * 116 + "7", "7" * 117 + "." + "0" * 116 + "7"),
    ("1200", "0", "1200"),
    ("1200.500", "0", "1200.5"),
    (*SAMPLE, SAMPLE_TOTAL),
    ("0", "0", "0"),
]


def test_sums_of_the_table_are_right() -> None:
    for balance, locked, total in SUMS:
        assert Fraction(total) == Fraction(balance) + Fraction(locked)


@pytest.mark.parametrize("numbers", [*NumberStyle, None], ids=[*NumberStyle, "snapshot"])
async def test_state_is_the_exact_sum_in_plain_notation(
    connected: Harness, numbers: NumberStyle | None
) -> None:
    connected.exchange.stream.numbers = numbers or NumberStyle.PLAIN
    for balance, locked, total in SUMS:
        connected.account.change({"BTC": (balance, locked)}, announce=numbers is not None)
        if numbers is None:
            await connected.refresh()
        state = await connected.becomes(BTC, total)
        assert state.attributes["balance"] == float(Decimal(balance))
        assert state.attributes["locked"] == float(Decimal(locked))
    # Each was written immediately, and nothing in between.
    assert connected.shown["BTC"] == ["0.6", *(total for *_, total in SUMS)]


async def test_some_currencies_have_an_icon_of_their_own(
    connected: Harness, entity_registry: er.EntityRegistry
) -> None:
    connected.account.change(dict.fromkeys(("ETH", "LTC", "THB", "KRW"), ("1", "0")))
    await connected.caught_up()
    assert {
        currency: entity.original_icon
        for entity in er.async_entries_for_config_entry(entity_registry, connected.entry.entry_id)
        if (currency := currency_of(entity)) is not None
    } == {
        "BTC": "mdi:bitcoin",
        "ETH": "mdi:ethereum",
        "LTC": "mdi:litecoin",
        "KRW": "mdi:currency-krw",
        "THB": "mdi:currency-thb",
        # As all others, from icons.json.
        "SGD": None,
        "XRP": None,
    }


async def test_moving_between_available_and_locked_shows_in_the_attributes(connected: Harness) -> None:
    connected.account.place_order("XRP", 20)
    await wait_until(lambda: connected.hass.states.get(XRP).attributes["locked"] == 20)
    state = connected.hass.states.get(XRP)
    assert state.state == "120"
    assert state.attributes["balance"] == 100


# What a sensor is


@pytest.mark.parametrize("region", ["kr"])
@pytest.mark.usefixtures("all_entities_enabled")
async def test_entities_are_as_recorded(harness: Harness, snapshot: SnapshotAssertion) -> None:
    harness.exchange.key.expires_at = datetime(2027, 3, 1, 12, tzinfo=UTC)
    entry = MockConfigEntry(
        domain=DOMAIN,
        entry_id="01UPBIT00000000000000000000",
        title="Upbit Korea",
        data={CONF_REGION: "kr", CONF_ACCESS_KEY: ACCESS_KEY, CONF_SECRET_KEY: SECRET_KEY},
    )
    harness.account.set("KRW", "1500")
    harness.exchange.rest.average_prices["BTC"] = ("100000000", "KRW")
    entry.add_to_hass(harness.hass)
    assert await harness.hass.config_entries.async_setup(entry.entry_id)
    await harness.hass.async_block_till_done()
    await harness.becomes("sensor.upbit_korea_api_key_expiration", "2027-03-01T12:00:00+00:00")
    await wait_until(lambda: harness.state("sensor.upbit_korea_total_value") != STATE_UNAVAILABLE)
    # What is the integration's own; the rest of a registry entry differs between versions of Home Assistant.
    described = {
        registered.entity_id: {
            "unique_id": registered.unique_id,
            "translation_key": registered.translation_key,
            "category": registered.entity_category,
            "options": registered.options,
            "state": harness.state(registered.entity_id),
            "attributes": {
                name: value
                for name, value in harness.hass.states.get(registered.entity_id).attributes.items()
                if name not in ("priced_at", "since")  # by the clock
            },
        }
        for registered in er.async_entries_for_config_entry(er.async_get(harness.hass), entry.entry_id)
        if registered.domain in (Platform.SENSOR, Platform.BINARY_SENSOR)
    }
    assert json.loads(json_bytes(described)) == snapshot
    await harness.hass.config_entries.async_unload(entry.entry_id)


# The account's other sensors


@pytest.mark.usefixtures("all_entities_enabled")
async def test_last_change_is_the_time_of_the_exchange_and_survives_a_restart(connected: Harness) -> None:
    last_change = "sensor.upbit_singapore_last_change"
    assert connected.state(last_change) == STATE_UNKNOWN
    connected.account.change({"BTC": (1, 0)}, asset_timestamp=1710146517259)
    await connected.becomes(last_change, "2024-03-11T08:41:57+00:00")
    await connected.reload()
    assert connected.state(last_change) == "2024-03-11T08:41:57+00:00"

    # A snapshot has no time of the change: the time of the merge counts.
    connected.account.change({"BTC": (2, 0)}, announce=False)
    await connected.refresh()
    merged_at = datetime.fromisoformat(connected.state(last_change))
    assert timedelta() <= datetime.now(UTC) - merged_at < timedelta(seconds=10)
