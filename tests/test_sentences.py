"""The files for Assist without a language model: their sentences, and the answers by the intent script."""

from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, intent
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
import pytest

from tests.helpers.assist import ACCOUNT, ASSISTANT, expose
from tests.helpers.harness import Harness
from tests.helpers.prices import end_prices
from tests.helpers.virtual_time import wait_until

FOLDER = Path(__file__).parent.parent / "assist"
LANGUAGES = ("en", "id", "ko", "th")
INTENT = "UpbitAnswer"


@pytest.fixture
async def assist(valued: Harness) -> Harness:
    """Return the harness with 61440.75 SGD in total, some named sensors, and the intent script."""
    assert await async_setup_component(valued.hass, "homeassistant", {})
    for name, alias in (("btc", "coin"), ("total_value", "account"), ("daily_change", "day")):
        expose(valued, name)
        er.async_get(valued.hass).async_update_entity(f"{ACCOUNT}{name}", aliases=[alias])
    script = load_yaml_dict(str(FOLDER / "upbit_intent_script.yaml"))
    assert await async_setup_component(valued.hass, "intent_script", {"intent_script": script})
    return valued


async def answer(hass: HomeAssistant, name: str, **slots: str) -> str:
    """Return the answer to a recognized sentence about an entity."""
    values = {slot: {"value": value} for slot, value in {"name": name, **slots}.items()}
    response = await intent.async_handle(hass, "test", INTENT, values, assistant=ASSISTANT)
    return response.speech["plain"]["speech"]


def sentences(language: str) -> list[dict[str, Any]]:
    """Return the groups of sentences of a language, one for each kind of question."""
    content = load_yaml_dict(str(FOLDER / "custom_sentences" / language / "upbit.yaml"))
    assert content["language"] == language
    assert content["intents"].keys() == {INTENT}
    return content["intents"][INTENT]["data"]


def test_each_language_has_its_sentences() -> None:
    assert sorted(path.name for path in (FOLDER / "custom_sentences").iterdir()) == [*LANGUAGES]


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_differ_in_their_sentences_only(language: str) -> None:
    for ours, english in zip(sentences(language), sentences("en"), strict=True):
        assert ours.pop("slots") == {**english.pop("slots"), "language": language}
        assert all("{name}" in sentence for sentence in ours["sentences"])
        assert {**ours, "sentences": None} == {**english, "sentences": None}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_answers_have_the_number_in_each_language(assist: Harness, language: str) -> None:
    assist.account.set("BTC", "0.600000000000000001")
    await assist.caught_up()
    expected = {"balance": ("coin", "0.600000000000000001 BTC"), "daily_change": ("day", "%")}
    for question, (name, text) in expected.items():
        assert text in await answer(assist.hass, name, language=language, question=question)
    value = await answer(assist.hass, "account", language=language, question="value", device_class="monetary")
    assert "61440.75 SGD" in value


@pytest.mark.parametrize("name", ["btc", "total_value", "return"])
async def test_other_entity_than_a_value_or_the_daily_change_has_no_change(
    assist: Harness, name: str
) -> None:
    expose(assist, name)
    er.async_get(assist.hass).async_update_entity(f"{ACCOUNT}{name}", aliases=["it"])
    assist.exchange.rest.average_prices["BTC"] = ("90000", "SGD")
    await assist.refresh()
    assert await answer(assist.hass, "it", question="daily_change") == (
        "it has no daily change. Ask about the value of a coin, or about the daily change of the account."
    )


async def test_change_of_a_coin_is_that_of_its_price(assist: Harness) -> None:
    expose(assist, "btc_value")
    er.async_get(assist.hass).async_update_entity(f"{ACCOUNT}btc_value", aliases=["my coin"])
    assist.exchange.markets.list_market("SGD-BTC", 100_000, previous_close=100_000)
    assist.exchange.markets.set_price("SGD-BTC", 99_000)
    await assist.becomes(f"{ACCOUNT}btc_value", "59400.0000", within=40)
    assert await answer(assist.hass, "my coin", question="daily_change") == (
        "my coin has changed by -1.00% since 00:00 UTC."
    )


async def test_incomplete_value_is_said_to_be(assist: Harness) -> None:
    assist.account.set("ZZZ", "5")
    await assist.caught_up()
    await wait_until(lambda: assist.coordinator.value.account().unpriced, within=60)
    expected = "account is worth 61440.75 SGD. Coins without a price are not included."
    assert await answer(assist.hass, "account", question="value") == expected


async def test_what_is_not_available_is_said_to_be(assist: Harness) -> None:
    await end_prices(assist)
    expected = "account is not available at the moment."
    assert await answer(assist.hass, "account", question="value") == expected


async def test_nothing_is_read_that_is_not_exposed(assist: Harness) -> None:
    er.async_get(assist.hass).async_update_entity(f"{ACCOUNT}xrp", aliases=["secret"])
    assert "No sensor of Upbit has this name" in await answer(assist.hass, "secret")


async def test_name_that_two_entities_have_is_not_answered(assist: Harness) -> None:
    expose(assist, "xrp")
    er.async_get(assist.hass).async_update_entity(f"{ACCOUNT}xrp", aliases=["coin"])
    assert "more than one entity" in await answer(assist.hass, "coin")
