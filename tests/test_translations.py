"""The languages: each is complete, hands on every placeholder, and is taken by Home Assistant as it is written."""

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
import pytest

from custom_components.upbit.api.errors import ErrorKind
from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import DOMAIN
from custom_components.upbit.event import ChangeType

FOLDER = Path(__file__).parent.parent / "custom_components/upbit/translations"
WRITTEN = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
ENGLISH: dict[str, Any] = json.loads(WRITTEN["en"])

# Letters that only this language writes; Indonesian has none of its own.
SCRIPT = {"ko": re.compile("[가-힣]"), "th": re.compile("[ก-๛]")}
# What is called the same everywhere.
NAMES = {"Upbit", "Access Key", "Secret Key", "{currency}"}

other_languages = pytest.mark.parametrize("language", ["ko", "id", "th"])


def flat(texts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text with its key, in the order in which they are written."""
    for key, value in texts.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def texts(language: str) -> dict[str, str]:
    return dict(flat(json.loads(WRITTEN[language])))


def placeholders(text: str) -> list[str]:
    """Return the names in braces."""
    return sorted(re.findall(r"{(\w+)}", text))


def test_languages_are_those_of_the_regions_and_english() -> None:
    assert WRITTEN.keys() == {"en", "ko", "id", "th"}


@other_languages
def test_language_is_complete(language: str) -> None:
    english, translated = texts("en"), texts(language)
    assert list(translated) == list(english)
    for key, text in english.items():
        assert placeholders(translated[key]) == placeholders(text), key


@other_languages
def test_nothing_is_left_in_english(language: str) -> None:
    english, translated = texts("en"), texts(language)
    for key, text in translated.items():
        if text in NAMES:
            continue
        if script := SCRIPT.get(language):
            assert script.search(text), key
        elif " " in text:  # A single word may be the same in both.
            assert text != english[key], key


@pytest.mark.parametrize("language", WRITTEN)
def test_file_is_written_as_people_read_it(language: str) -> None:
    written = WRITTEN[language]
    assert json.dumps(json.loads(written), ensure_ascii=False, indent=2) + "\n" == written


@pytest.mark.parametrize("language", WRITTEN)
def test_texts_are_as_pages_can_show_them(language: str) -> None:
    for key, text in texts(language).items():
        assert text, key
        assert text == text.strip(), key
        assert not re.search(r"https?:|www\.", text), f"{key}: an address belongs into a placeholder"
        assert not re.search("'{|}'", text), f"{key}: quotes keep a placeholder from being filled in"
        assert not re.search("[{}]", re.sub(r"{\w+}", "", text)), f"{key}: a brace too many"


@pytest.mark.parametrize("language", WRITTEN)
async def test_home_assistant_takes_every_text(hass: HomeAssistant, language: str) -> None:
    written = json.loads(WRITTEN[language])
    del written["title"]  # the one that is no category of texts
    for category, section in written.items():
        loaded = await async_get_translations(hass, language, category, {DOMAIN})
        assert loaded == dict(flat(section, f"component.{DOMAIN}.{category}."))


def test_there_is_a_text_for_everything_that_has_a_name() -> None:
    regions = REGIONS.keys()
    assert ENGLISH["selector"]["region"]["options"].keys() == regions
    assert ENGLISH["system_health"]["info"].keys() == {f"can_reach_{code}" for code in regions}
    assert ENGLISH["exceptions"].keys() == {*ErrorKind, "unknown_region"}
    assert ENGLISH["common"].keys() == {f"activity_{change_type}" for change_type in ChangeType}
    event = ENGLISH["entity"]["event"]["balance"]["state_attributes"]
    assert event["event_type"]["state"].keys() == set(ChangeType)
