"""Assist without a language model: its sentences on the Home Assistant of the demo, in English and Korean."""

from collections.abc import AsyncIterator

import pytest

from demo.check import View

from .browser import Visitor
from .pages import ask_home_assistant

pytestmark = pytest.mark.oldest()

ACCOUNT = "sensor.upbit_simulated_exchange_"
# As in docs/assist.md.
ALIASES = {
    "btc": ["bitcoin", "비트코인"],
    "total_value": ["Upbit account", "업비트 계정"],
    "btc_value": ["my bitcoin", "내 비트코인"],
    "sgd": ["Upbit wallet", "업비트 지갑"],
    "daily_change": ["Upbit", "업비트"],
}


@pytest.fixture(scope="module")
async def assist(demo: View, user: Visitor) -> AsyncIterator[View]:
    """The demo with some entities exposed and named, as a user does it."""
    entities = [f"{ACCOUNT}{name}" for name in ALIASES]
    expose = {"type": "homeassistant/expose_entity", "assistants": ["conversation"], "entity_ids": entities}
    await ask_home_assistant(user.page, **expose, should_expose=True)
    for name, aliases in ALIASES.items():
        await ask_home_assistant(
            user.page, type="config/entity_registry/update", entity_id=f"{ACCOUNT}{name}", aliases=aliases
        )
    yield demo
    await ask_home_assistant(user.page, **expose, should_expose=False)


async def ask(view: View, language: str, sentence: str) -> str:
    """Return the answer of Assist."""
    request = {"text": sentence, "language": language}
    answer = await view.home_assistant.call("POST", "/api/conversation/process", request)
    return answer["response"]["speech"]["plain"]["speech"]


@pytest.mark.parametrize(
    ("language", "sentence", "entity", "digits", "expected"),
    [
        ("en", "How much bitcoin do I have?", "btc", None, "You have {} BTC."),
        ("en", "What is my bitcoin balance?", "btc", None, "You have {} BTC."),
        ("en", "What is my Upbit account worth?", "total_value", 2, "Upbit account is worth {} SGD."),
        ("en", "How much is my bitcoin worth?", "btc_value", 2, "my bitcoin is worth {} SGD."),
        ("en", "How much is in my Upbit wallet?", "sgd", 2, "Upbit wallet is worth {} SGD."),
        ("en", "What changed today on Upbit?", "daily_change", 2, "Upbit has changed by {}% since"),
        ("ko", "비트코인 얼마나 있어?", "btc", None, "비트코인 잔고는 {} BTC입니다."),
        ("ko", "내 비트코인 잔고 알려 줘", "btc", None, "비트코인 잔고는 {} BTC입니다."),
        ("ko", "업비트 계정은 얼마예요?", "total_value", 2, "업비트 계정의 평가금액은 {} SGD입니다."),
        ("ko", "내 비트코인 얼마야?", "btc_value", 2, "내 비트코인의 평가금액은 {} SGD입니다."),
        ("ko", "업비트 지갑에 얼마 있어?", "sgd", 2, "업비트 지갑의 평가금액은 {} SGD입니다."),
        ("ko", "오늘 업비트에서 뭐가 변했어?", "daily_change", 2, "업비트의 전일 대비 변동은 {}%입니다."),
    ],
)
async def test_question_is_answered(
    assist: View, language: str, sentence: str, entity: str, digits: int | None, expected: str
) -> None:
    state = (await assist.home_assistant.call("GET", f"/api/states/{ACCOUNT}{entity}"))["state"]
    # Home Assistant's templates round binary numbers, in which few decimals lie exactly between two others.
    number = state if digits is None else f"{float(state):.{digits}f}"
    assert (await ask(assist, language, sentence)).startswith(expected.format(number))


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "How much ETH do I have?"), ("ko", "ETH 얼마나 있어?")]
)
async def test_nothing_is_read_that_is_not_exposed(assist: View, language: str, sentence: str) -> None:
    (eth,) = [
        state["state"]
        for state in await assist.home_assistant.call("GET", "/api/states")
        if state["entity_id"] == f"{ACCOUNT}eth"
    ]
    assert eth not in await ask(assist, language, sentence)
