"""Descriptions of triggers, conditions and actions for the automation editor: their targets, texts and icons."""

import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import condition, service, trigger
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from tests.helpers.harness import Harness

INTEGRATION = Path(__file__).parent.parent / "custom_components/upbit"
TRIGGERS = {
    "upbit.balance_changed",
    "upbit.balance_crossed_threshold",
    "upbit.value_changed",
    "upbit.value_crossed_threshold",
}
CONDITIONS = {"upbit.is_balance", "upbit.is_value"}


async def offered(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, kind: str, target: dict[str, Any]
) -> set[str]:
    assert await async_setup_component(hass, "automation", {})
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": f"get_{kind}_for_target", "target": target})
    answer = await client.receive_json()
    return {name for name in answer["result"] if name.startswith("upbit.")}


@pytest.mark.parametrize(("kind", "names"), [("triggers", TRIGGERS), ("conditions", CONDITIONS)])
async def test_editor_offers_them_for_balances_and_accounts(
    connected: Harness, hass_ws_client: WebSocketGenerator, kind: str, names: set[str]
) -> None:
    for target in (
        {"entity_id": ["sensor.upbit_singapore_total_value"]},
        {"device_id": [connected.device_id]},
    ):
        assert await offered(connected.hass, hass_ws_client, kind, target) == names
    coin = {"entity_id": ["sensor.upbit_singapore_btc"]}
    of_balances = {name for name in names if "balance" in name}
    assert await offered(connected.hass, hass_ws_client, kind, coin) == of_balances
    stream = {"entity_id": ["binary_sensor.upbit_singapore_live_connection"]}
    assert await offered(connected.hass, hass_ws_client, kind, stream) == set()


async def test_everything_has_a_name_a_description_and_an_icon(connected: Harness) -> None:
    assert await async_setup_component(connected.hass, "automation", {})
    triggers = await trigger.async_get_all_descriptions(connected.hass)
    conditions = await condition.async_get_all_descriptions(connected.hass)
    services = (await service.async_get_all_descriptions(connected.hass))["upbit"]
    described = {
        "triggers": {name.partition(".")[2]: triggers[name] for name in triggers if name in TRIGGERS},
        "conditions": {name.partition(".")[2]: conditions[name] for name in conditions if name in CONDITIONS},
        "services": services,
    }
    texts = json.loads((INTEGRATION / "translations/en.json").read_text())
    icons = json.loads((INTEGRATION / "icons.json").read_text())
    for kind, descriptions in described.items():
        assert descriptions.keys() == texts[kind].keys() == icons[kind].keys()
        for name, description in descriptions.items():
            assert description is not None
            described_by = texts[kind][name]
            assert described_by["name"]
            assert described_by["description"].endswith(".")
            assert description["fields"].keys() == described_by["fields"].keys()
            for field in described_by["fields"].values():
                assert field["name"]
                assert kind != "services" or field["description"]
            for field in description["fields"].values():
                if select := field["selector"].get("select"):
                    named = texts["selector"][select["translation_key"]]["options"]
                    assert set(select["options"]) == named.keys()
