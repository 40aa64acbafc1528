"""Sensors: one for each currency with its exact state, and those of the last change and the key's expiry."""

from collections.abc import Iterator
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
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.json import json_bytes
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from custom_components.upbit.coordinator import UpbitCoordinator
from simulator import ACCESS_KEY, SECRET_KEY, Format, NumberStyle, SimulatedExchange
from tests.accounts import enable_all_entities
from tests.states import Writes, becomes, state_of
from tests.waiting import until

SAMPLE = ("1386929.37231066771348207123", "10329.670127489597585685")
SAMPLE_TOTAL = "1397259.04243815731106775623"

SGD, BTC, XRP = (f"sensor.upbit_singapore_{currency}" for currency in ("sgd", "btc", "xrp"))


@pytest.fixture
def writes(hass: HomeAssistant, coordinator: UpbitCoordinator) -> Iterator[Writes]:
    """Count the writes of a test, from after set-up on."""
    writes = Writes(hass)
    yield writes
    writes.stop()


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Record in the way of Home Assistant's own tests."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
def all_enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enable the entities that are disabled at first."""
    enable_all_entities(monkeypatch)


# Exact states


async def test_there_is_a_sensor_for_each_currency(
    hass: HomeAssistant, coordinator: UpbitCoordinator
) -> None:
    assert {state.entity_id: state.state for state in hass.states.async_all("sensor")} == {
        BTC: "0.6",
        SGD: "1200.75",
        XRP: "120",
    }
    state = hass.states.get(BTC)
    assert state is not None
    assert state.attributes["balance"] == 0.5
    assert state.attributes["locked"] == 0.1
    assert state.attributes["unit_of_measurement"] == "BTC"
    assert state.name == "Upbit Singapore BTC"


@pytest.mark.parametrize("text", [False, True], ids=["binary", "text"])
@pytest.mark.parametrize("frame_format", Format)
async def test_documented_sample_is_exact_in_every_format(
    hass: HomeAssistant,
    coordinator: UpbitCoordinator,
    exchange: SimulatedExchange,
    frame_format: Format,
    text: bool,
) -> None:
    exchange.stream.text = text
    exchange.stream.subscriptions[0].format = frame_format
    exchange.account.set("SGD", *SAMPLE)
    await becomes(hass, SGD, SAMPLE_TOTAL)


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
    hass: HomeAssistant,
    coordinator: UpbitCoordinator,
    exchange: SimulatedExchange,
    writes: Writes,
    numbers: NumberStyle | None,
) -> None:
    exchange.stream.numbers = numbers or NumberStyle.PLAIN
    for balance, locked, total in SUMS:
        exchange.account.change({"BTC": (balance, locked)}, announce=numbers is not None)
        if numbers is None:
            await coordinator.async_refresh()
        state = await becomes(hass, BTC, total)
        assert state.attributes["balance"] == float(Decimal(balance))
        assert state.attributes["locked"] == float(Decimal(locked))
    # Each was there at once, and nothing in between.
    assert [state.state for state in writes.states] == [total for *_, total in SUMS]


async def test_states_can_be_written_as_json(
    hass: HomeAssistant, coordinator: UpbitCoordinator, exchange: SimulatedExchange
) -> None:
    exchange.account.set("BTC", *SAMPLE)
    state = await becomes(hass, BTC, SAMPLE_TOTAL)
    written = json.loads(json_bytes(state.as_dict()))
    assert written["state"] == SAMPLE_TOTAL
    assert written["attributes"]["balance"] == float(SAMPLE[0])
    assert written["attributes"]["locked"] == float(SAMPLE[1])
    assert all(type(written["attributes"][name]) is float for name in ("balance", "locked"))


async def test_moving_between_available_and_locked_shows_in_the_attributes(
    hass: HomeAssistant, coordinator: UpbitCoordinator, exchange: SimulatedExchange
) -> None:
    exchange.account.place_order("XRP", 20)
    await until(lambda: hass.states.get(XRP).attributes["locked"] == 20)
    state = hass.states.get(XRP)
    assert state.state == "120"
    assert state.attributes["balance"] == 100


# What a sensor is


@pytest.mark.parametrize(
    ("region", "fiat", "digits"), [("sg", "SGD", 2), ("id", "IDR", 0), ("th", "THB", 2), ("kr", "KRW", 0)]
)
async def test_own_fiat_is_money_and_all_else_is_a_quantity(
    hass: HomeAssistant,
    exchange: SimulatedExchange,
    coordinator: UpbitCoordinator,
    entry: MockConfigEntry,
    region: str,
    fiat: str,
    digits: int,
) -> None:
    registry = er.async_get(hass)
    for currency in (fiat, "USDT", "BTC", "USD"):
        exchange.account.set(currency, 1)
    entity_ids = {}
    for currency in (fiat, "USDT", "BTC", "USD"):
        unique_id = f"{entry.entry_id}_balance_{currency}"
        await until(lambda unique_id=unique_id: registry.async_get_entity_id("sensor", DOMAIN, unique_id))
        entity_ids[currency] = registry.async_get_entity_id("sensor", DOMAIN, unique_id)
    await hass.async_block_till_done()
    for currency, entity_id in entity_ids.items():
        state, registered = hass.states.get(entity_id), registry.async_get(entity_id)
        assert state.attributes["state_class"] == SensorStateClass.TOTAL
        assert state.attributes["unit_of_measurement"] == currency
        is_fiat = currency == fiat
        assert state.attributes.get("device_class") == (SensorDeviceClass.MONETARY if is_fiat else None)
        assert registered.options["sensor"]["suggested_display_precision"] == (digits if is_fiat else 8)


@pytest.mark.parametrize("region", ["kr"])
@pytest.mark.usefixtures("all_enabled")
async def test_entities_are_as_recorded(
    hass: HomeAssistant, exchange: SimulatedExchange, snapshot: SnapshotAssertion
) -> None:
    exchange.key.expires_at = datetime(2027, 3, 1, 12, tzinfo=UTC)
    entry = MockConfigEntry(
        domain=DOMAIN,
        entry_id="01UPBIT00000000000000000000",
        title="Upbit Korea",
        data={CONF_REGION: "kr", CONF_ACCESS_KEY: ACCESS_KEY, CONF_SECRET_KEY: SECRET_KEY},
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await becomes(hass, "sensor.upbit_korea_api_key_expiration", "2027-03-01T12:00:00+00:00")
    # What is the integration's own; the rest of a registry entry differs between versions of Home Assistant.
    described = {
        registered.entity_id: {
            "unique_id": registered.unique_id,
            "translation_key": registered.translation_key,
            "category": registered.entity_category,
            "options": registered.options,
            "state": state_of(hass, registered.entity_id),
            "attributes": dict(hass.states.get(registered.entity_id).attributes),
        }
        for registered in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if registered.domain in (Platform.SENSOR, Platform.BINARY_SENSOR)
    }
    assert json.loads(json_bytes(described)) == snapshot
    await hass.config_entries.async_unload(entry.entry_id)


# The account's other sensors


@pytest.mark.usefixtures("all_enabled")
async def test_last_change_is_the_exchange_s_time_and_survives_a_restart(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, entry: MockConfigEntry
) -> None:
    last_change = "sensor.upbit_singapore_last_change"
    assert state_of(hass, last_change) == STATE_UNKNOWN
    exchange.account.change({"BTC": (1, 0)}, asset_timestamp=1710146517259)
    await becomes(hass, last_change, "2024-03-11T08:41:57+00:00")
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert state_of(hass, last_change) == "2024-03-11T08:41:57+00:00"

    # A snapshot does not say when: the moment it was learnt counts.
    exchange.account.change({"BTC": (2, 0)}, announce=False)
    await entry.runtime_data.async_refresh()
    learnt = datetime.fromisoformat(state_of(hass, last_change))
    assert timedelta() <= datetime.now(UTC) - learnt < timedelta(seconds=10)


async def test_last_change_is_disabled_at_first(hass: HomeAssistant, coordinator: UpbitCoordinator) -> None:
    registered = er.async_get(hass).async_get("sensor.upbit_singapore_last_change")
    assert registered.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    assert registered.entity_category is EntityCategory.DIAGNOSTIC


@pytest.mark.parametrize("region", ["kr"])
async def test_expiry_of_the_key_is_told_where_the_region_does(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    exchange.key.expires_at = datetime(2027, 3, 1, 12, tzinfo=UTC)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    state = await becomes(hass, "sensor.upbit_korea_api_key_expiration", "2027-03-01T12:00:00+00:00")
    assert state.attributes["device_class"] == "timestamp"
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("region", ["kr"])
async def test_expiry_of_the_key_goes_when_the_account_moves_to_a_region_that_does_not_tell(
    hass: HomeAssistant,
    exchange: SimulatedExchange,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    registry = er.async_get(hass)
    assert registry.async_get("sensor.upbit_korea_api_key_expiration") is not None
    async with SimulatedExchange("sg", holdings={"BTC": (1, 0)}) as singapore:
        place = replace(REGIONS["sg"], rest_url=singapore.rest_url, websocket_url=singapore.websocket_url)
        monkeypatch.setitem(REGIONS, "sg", place)
        hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_REGION: "sg"})
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        assert registry.async_get("sensor.upbit_korea_api_key_expiration") is None
        assert state_of(hass, "sensor.upbit_korea_api_key_expiration") is None
        assert state_of(hass, "sensor.upbit_korea_btc") == "1"
        await hass.config_entries.async_unload(entry.entry_id)
