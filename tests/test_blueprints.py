"""Blueprints: valid, and run as the automations that a user makes of them."""

from pathlib import Path
import shutil
from typing import Any

from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint.models import Blueprint
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import CoreState, HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.upbit.const import DOCUMENTATION_URL
from simulator import Delivery
from tests.helpers.harness import Harness
from tests.helpers.prices import end_prices, total_value, trade
from tests.helpers.virtual_time import pass_time, virtual_loop, wait_until

FOLDER = Path(__file__).parent.parent / "blueprints/automation/upbit"
BLUEPRINTS = sorted(FOLDER.glob("*.yaml"))

BTC = "sensor.upbit_singapore_btc"
BTC_VALUE = "sensor.upbit_singapore_btc_value"
STREAM = "binary_sensor.upbit_singapore_live_connection"


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Give each test a configuration folder of its own, to which blueprints can be saved."""
    return hass_tmp_config_dir


async def automate(hass: HomeAssistant, blueprint: str, **inputs: Any) -> list[ServiceCall]:
    """Make an automation of a blueprint; return the list of the notifications that it makes by default."""
    folder = Path(hass.config.path("blueprints/automation/upbit"))
    await hass.async_add_executor_job(shutil.copytree, FOLDER, folder)
    sent = async_mock_service(hass, "persistent_notification", "create")
    automation = {"alias": "Test", "use_blueprint": {"path": f"upbit/{blueprint}.yaml", "input": inputs}}
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    await hass.async_block_till_done()
    assert hass.states.get("automation.test").state == "on"
    return sent


def texts(sent: list[ServiceCall]) -> list[tuple[str, str]]:
    return [(call.data["title"], call.data["message"]) for call in sent]


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_blueprint_is_valid_and_has_its_link(path: Path) -> None:
    blueprint = Blueprint(
        load_yaml_dict(path), expected_domain="automation", schema=AUTOMATION_BLUEPRINT_SCHEMA
    )
    assert blueprint.validate() is None
    link = f"{DOCUMENTATION_URL}/blob/main/blueprints/automation/upbit/{path.name}"
    assert blueprint.metadata["source_url"] == link
    assert all(field.get("selector") and field.get("name") for field in blueprint.inputs.values())


async def test_change_is_notified(connected: Harness) -> None:
    device = connected.device_id
    sent = await automate(connected.hass, "notify_on_change", balances={"device_id": [device]})
    connected.account.delivery = Delivery.ONE_FRAME
    connected.account.change({"BTC": ("0.600000000000000001", "0.1"), "SGD": ("1000", "0")})
    await connected.caught_up()
    assert texts(sent) == [
        ("Upbit Singapore BTC increased", "BTC total: 0.6 → 0.700000000000000001 (+0.100000000000000001)"),
        ("Upbit Singapore SGD decreased", "SGD total: 1200.75 → 1000 (-200.75)"),
    ]


async def test_options_of_a_change_and_actions_in_place_of_the_notification(connected: Harness) -> None:
    calls = async_mock_service(connected.hass, "notify", "send_message")
    sent = await automate(
        connected.hass,
        "notify_on_change",
        balances={"entity_id": BTC},
        amount="available",
        direction="decreased",
        at_least=0.1,
        actions=[{"action": "notify.send_message", "data": {"message": "{{ title }}: {{ message }}"}}],
    )
    for balance in ("0.400000000000000001", "0.3", "0.9", "0.8"):
        connected.account.set("BTC", balance, "0.1")
    await connected.caught_up()
    assert [call.data["message"] for call in calls] == [
        "Upbit Singapore BTC decreased: BTC available: 0.400000000000000001 → 0.3 (-0.100000000000000001)",
        "Upbit Singapore BTC decreased: BTC available: 0.9 → 0.8 (-0.1)",
    ]
    assert sent == []


async def test_threshold_is_notified_once_each_time_it_is_crossed(connected: Harness) -> None:
    sent = await automate(
        connected.hass,
        "notify_on_threshold",
        balances={"entity_id": BTC},
        threshold={"type": "below", "value": {"number": 0.5}},
    )
    for balance in ("0.5", "0.499999999999999999", "0.3", "0.6", "0.2"):
        connected.account.set("BTC", balance, "0")
    await connected.caught_up()
    assert texts(sent) == [
        ("Upbit Singapore BTC crossed a threshold", "BTC total: 0.5 → 0.499999999999999999"),
        ("Upbit Singapore BTC crossed a threshold", "BTC total: 0.6 → 0.2"),
    ]


async def test_total_value_is_notified_once_each_time_it_crosses(valued: Harness) -> None:
    sent = await automate(
        valued.hass,
        "notify_on_total_value",
        account=valued.device_id,
        threshold={"type": "above", "value": {"number": 61440.75}},
    )
    for price in ("100000.01", 110_000, 100_000, "100001.25"):
        await trade(valued, "SGD-BTC", price)
        await pass_time(5)
    assert texts(sent) == [
        ("Upbit Singapore Total value crossed a threshold", "61440.75 → 61440.76 SGD"),
        ("Upbit Singapore Total value crossed a threshold", "61440.75 → 61441.50 SGD"),
    ]


async def test_trade_that_comes_as_two_messages_is_no_loss(valued: Harness) -> None:
    """Between the two the total value lacks what was paid, or what was bought."""
    sent = await automate(
        valued.hass,
        "notify_on_total_value",
        account=valued.device_id,
        threshold={"type": "below", "value": {"number": 61_000}},
    )
    valued.account.delivery = Delivery.FRAME_EACH
    valued.account.change({"SGD": ("200.75", "0"), "BTC": ("0.61", "0")})
    await valued.caught_up()
    await pass_time(10)
    assert sent == []


@pytest.mark.parametrize(
    ("close", "prices", "risen", "fallen"),
    [
        ("100000", ("105000", "106000", "107000", "101000", "94500.5"), "6%", "5.5%"),
        ("0.0001", ("0.000105", "0.000106", "0.000107", "0.0001", "0.0000945"), "6%", "5.5%"),
    ],
)
async def test_daily_change_is_notified_in_both_directions(
    valued: Harness, close: str, prices: tuple[str, ...], risen: str, fallen: str
) -> None:
    valued.exchange.markets.list_market("SGD-BTC", close, previous_close=close)
    await trade(valued, "SGD-BTC", close)
    await pass_time(60)
    sent = await automate(valued.hass, "notify_on_daily_change", coins=[BTC_VALUE], percent=5)
    for price in prices:
        await trade(valued, "SGD-BTC", price)
        await pass_time(40)
    assert texts(sent) == [
        (f"BTC rose by {risen}", f"Since the previous close at 00:00 UTC. The price is {prices[1]} SGD."),
        (f"BTC fell by {fallen}", f"Since the previous close at 00:00 UTC. The price is {prices[-1]} SGD."),
    ]


async def test_daily_change_that_becomes_known_is_not_notified(valued: Harness) -> None:
    sent = await automate(valued.hass, "notify_on_daily_change", coins=[BTC_VALUE], percent=1)
    await end_prices(valued)
    valued.exchange.quotation.recover()
    await wait_until(lambda: total_value(valued) is not None, within=200)
    assert await valued.reload()
    await wait_until(lambda: total_value(valued) is not None, within=200)
    await valued.hass.async_block_till_done()
    assert sent == []


@pytest.mark.parametrize("connection", [STREAM, BTC])
async def test_connection_that_is_away_is_notified(connected: Harness, connection: str) -> None:
    sent = await automate(connected.hass, "notify_when_away", connection=connection, away_for={"seconds": 10})
    connected.exchange.go_down()
    await wait_until(lambda: sent, within=100)
    ((title, message),) = texts(sent)
    assert title == f"{connected.hass.states.get(connection).name} is disconnected"
    assert message.startswith("The connection to Upbit was lost at ")


# The time that a connection has to be away, by states alone


async def test_away_is_notified_once_with_its_start_and_again_only_after_it_was_back(
    hass: HomeAssistant,
) -> None:
    await hass.config.async_update(time_zone="UTC")
    hass.states.async_set(STREAM, "on")
    sent = await automate(hass, "notify_when_away", connection=STREAM)
    virtual_loop().move_wall_clock(30 - dt_util.utcnow().second)  # in the middle of a minute

    async def show(state: str, minutes: int) -> None:
        hass.states.async_set(STREAM, state)
        await hass.async_block_till_done()
        await pass_time(minutes * 60)

    # Back in time.
    await show("off", 9)
    await show("on", 9)
    expected = []
    for _ in range(2):
        expected.append(f"The connection to Upbit was lost at {dt_util.utcnow():%H:%M}.")
        # Off, then unavailable because the entry is being reloaded, is one time of being away.
        for state, minutes in (("off", 5), (STATE_UNAVAILABLE, 1), ("off", 30)):
            await show(state, minutes)
        await show("on", 0)
    assert [message for _, message in texts(sent)] == expected


async def start(hass: HomeAssistant, state: str) -> list[ServiceCall]:
    """Let Home Assistant start with the connection in this state."""
    hass.set_state(CoreState.not_running)
    hass.states.async_set(STREAM, state)
    sent = await automate(hass, "notify_when_away", connection=STREAM)
    await hass.async_start()
    return sent


def runs(hass: HomeAssistant) -> int:
    return hass.states.get("automation.test").attributes["current"]


@pytest.mark.parametrize("later", ["off", STATE_UNAVAILABLE])
async def test_away_since_the_start_is_notified(hass: HomeAssistant, later: str) -> None:
    sent = await start(hass, STATE_UNAVAILABLE)
    # The run waits, so nothing that waits for all runs may be used here.
    await wait_until(lambda: runs(hass) == 1)
    hass.states.async_set(STREAM, later)
    await pass_time(590)
    assert sent == []
    await wait_until(lambda: runs(hass) == 0, within=20)
    assert len(sent) == 1


async def test_back_after_the_start_and_away_again_is_notified_later(hass: HomeAssistant) -> None:
    sent = await start(hass, "off")
    await wait_until(lambda: runs(hass) == 1)
    hass.states.async_set(STREAM, "on")
    await wait_until(lambda: runs(hass) == 0)
    hass.states.async_set(STREAM, "off")
    await hass.async_block_till_done()
    await pass_time(590)
    assert sent == []
    await pass_time(20)
    assert len(sent) == 1
