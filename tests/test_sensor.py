"""Sensors: one for each currency with its exact state, and those of the last change and the key's expiry."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
import json

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import (
    CONF_REGION,
    STATE_UNKNOWN,
    EntityCategory,
    Platform,
)
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.json import json_bytes
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from simulator import ACCESS_KEY, SECRET_KEY, Format, NumberStyle, SimulatedExchange
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import wait_until
from tests.helpers.writes import Writes

SAMPLE = ("1386929.37231066771348207123", "10329.670127489597585685")
SAMPLE_TOTAL = "1397259.04243815731106775623"

SGD, BTC, XRP = (f"sensor.upbit_singapore_{currency}" for currency in ("sgd", "btc", "xrp"))


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Record in the way of Home Assistant's own tests."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


# Exact states


async def test_there_is_a_sensor_for_each_currency(connected: Harness) -> None:
    assert {state.entity_id: state.state for state in connected.hass.states.async_all("sensor")} == {
        BTC: "0.6",
        SGD: "1200.75",
        XRP: "120",
    }
    state = connected.hass.states.get(BTC)
    assert state is not None
    assert state.attributes["balance"] == 0.5
    assert state.attributes["locked"] == 0.1
    assert state.attributes["unit_of_measurement"] == "BTC"
    assert state.name == "Upbit Singapore BTC"


@pytest.mark.parametrize("text", [False, True], ids=["binary", "text"])
@pytest.mark.parametrize("frame_format", Format)
async def test_documented_sample_is_exact_in_every_format(
    connected: Harness, frame_format: Format, text: bool
) -> None:
    connected.exchange.stream.text = text
    connected.exchange.stream.subscriptions[0].format = frame_format
    connected.account.set("SGD", *SAMPLE)
    await connected.becomes(SGD, SAMPLE_TOTAL)


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
    connected: Harness, writes: Writes, numbers: NumberStyle | None
) -> None:
    connected.exchange.stream.numbers = numbers or NumberStyle.PLAIN
    for balance, locked, total in SUMS:
        connected.account.change({"BTC": (balance, locked)}, announce=numbers is not None)
        if numbers is None:
            await connected.refresh()
        state = await connected.becomes(BTC, total)
        assert state.attributes["balance"] == float(Decimal(balance))
        assert state.attributes["locked"] == float(Decimal(locked))
    # Each was there at once, and nothing in between.
    assert [state.state for state in writes.states] == [total for *_, total in SUMS]


async def test_states_can_be_written_as_json(connected: Harness) -> None:
    connected.account.set("BTC", *SAMPLE)
    state = await connected.becomes(BTC, SAMPLE_TOTAL)
    written = json.loads(json_bytes(state.as_dict()))
    assert written["state"] == SAMPLE_TOTAL
    assert written["attributes"]["balance"] == float(SAMPLE[0])
    assert written["attributes"]["locked"] == float(SAMPLE[1])
    assert all(type(written["attributes"][name]) is float for name in ("balance", "locked"))


async def test_moving_between_available_and_locked_shows_in_the_attributes(connected: Harness) -> None:
    connected.account.place_order("XRP", 20)
    await wait_until(lambda: connected.hass.states.get(XRP).attributes["locked"] == 20)
    state = connected.hass.states.get(XRP)
    assert state.state == "120"
    assert state.attributes["balance"] == 100


# What a sensor is


@pytest.mark.parametrize(
    ("region", "fiat", "digits"), [("sg", "SGD", 2), ("id", "IDR", 0), ("th", "THB", 2), ("kr", "KRW", 0)]
)
async def test_own_fiat_is_money_and_all_else_is_a_quantity(
    connected: Harness, region: str, fiat: str, digits: int
) -> None:
    registry = er.async_get(connected.hass)
    for currency in (fiat, "USDT", "BTC", "USD"):
        connected.account.set(currency, 1)
    entity_ids = {}
    for currency in (fiat, "USDT", "BTC", "USD"):
        unique_id = f"{connected.entry.entry_id}_balance_{currency}"
        await wait_until(
            lambda unique_id=unique_id: registry.async_get_entity_id("sensor", DOMAIN, unique_id)
        )
        entity_ids[currency] = registry.async_get_entity_id("sensor", DOMAIN, unique_id)
    await connected.hass.async_block_till_done()
    for currency, entity_id in entity_ids.items():
        state, registered = connected.hass.states.get(entity_id), registry.async_get(entity_id)
        assert state.attributes["state_class"] == SensorStateClass.TOTAL
        assert state.attributes["unit_of_measurement"] == currency
        is_fiat = currency == fiat
        assert state.attributes.get("device_class") == (SensorDeviceClass.MONETARY if is_fiat else None)
        assert registered.options["sensor"]["suggested_display_precision"] == (digits if is_fiat else 8)


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
    entry.add_to_hass(harness.hass)
    assert await harness.hass.config_entries.async_setup(entry.entry_id)
    await harness.hass.async_block_till_done()
    await harness.becomes("sensor.upbit_korea_api_key_expiration", "2027-03-01T12:00:00+00:00")
    # What is the integration's own; the rest of a registry entry differs between versions of Home Assistant.
    described = {
        registered.entity_id: {
            "unique_id": registered.unique_id,
            "translation_key": registered.translation_key,
            "category": registered.entity_category,
            "options": registered.options,
            "state": harness.state(registered.entity_id),
            "attributes": dict(harness.hass.states.get(registered.entity_id).attributes),
        }
        for registered in er.async_entries_for_config_entry(er.async_get(harness.hass), entry.entry_id)
        if registered.domain in (Platform.SENSOR, Platform.BINARY_SENSOR)
    }
    assert json.loads(json_bytes(described)) == snapshot
    await harness.hass.config_entries.async_unload(entry.entry_id)


# The account's other sensors


@pytest.mark.usefixtures("all_entities_enabled")
async def test_last_change_is_the_exchange_s_time_and_survives_a_restart(connected: Harness) -> None:
    last_change = "sensor.upbit_singapore_last_change"
    assert connected.state(last_change) == STATE_UNKNOWN
    connected.account.change({"BTC": (1, 0)}, asset_timestamp=1710146517259)
    await connected.becomes(last_change, "2024-03-11T08:41:57+00:00")
    await connected.reload()
    assert connected.state(last_change) == "2024-03-11T08:41:57+00:00"

    # A snapshot does not say when: the moment it was learnt counts.
    connected.account.change({"BTC": (2, 0)}, announce=False)
    await connected.refresh()
    learnt = datetime.fromisoformat(connected.state(last_change))
    assert timedelta() <= datetime.now(UTC) - learnt < timedelta(seconds=10)


async def test_last_change_is_disabled_at_first(connected: Harness) -> None:
    registered = er.async_get(connected.hass).async_get("sensor.upbit_singapore_last_change")
    assert registered.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    assert registered.entity_category is EntityCategory.DIAGNOSTIC


@pytest.mark.parametrize("region", ["kr"])
async def test_expiry_of_the_key_is_told_where_the_region_does(harness: Harness) -> None:
    harness.exchange.key.expires_at = datetime(2027, 3, 1, 12, tzinfo=UTC)
    await harness.set_up()
    state = await harness.becomes("sensor.upbit_korea_api_key_expiration", "2027-03-01T12:00:00+00:00")
    assert state.attributes["device_class"] == "timestamp"


@pytest.mark.parametrize("region", ["kr"])
async def test_expiry_of_the_key_goes_when_the_account_moves_to_a_region_that_does_not_tell(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await harness.set_up()
    registry = er.async_get(harness.hass)
    assert registry.async_get("sensor.upbit_korea_api_key_expiration") is not None
    async with SimulatedExchange("sg", holdings={"BTC": (1, 0)}) as singapore:
        harness.accounts.append(singapore.account)
        place = replace(REGIONS["sg"], rest_url=singapore.rest_url, websocket_url=singapore.websocket_url)
        monkeypatch.setitem(REGIONS, "sg", place)
        harness.hass.config_entries.async_update_entry(
            harness.entry, data={**harness.entry.data, CONF_REGION: "sg"}
        )
        await harness.reload()
        await harness.hass.async_block_till_done()
        assert harness.entry.state is ConfigEntryState.LOADED
        assert registry.async_get("sensor.upbit_korea_api_key_expiration") is None
        assert harness.state("sensor.upbit_korea_api_key_expiration") is None
        assert harness.state("sensor.upbit_korea_btc") == "1"
