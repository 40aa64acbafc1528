"""The card and the dashboard strategy: how pages load them, and their texts in each language."""

from http import HTTPStatus
import json
from pathlib import Path
import re

from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL, UrlManager
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import mock_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.upbit import frontend
from custom_components.upbit.const import DOMAIN

FOLDER = Path(frontend.__file__).parent
MODULES = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.js")}


def texts() -> dict[str, dict[str, str]]:
    """Return the texts of the card and the dashboard, by language and key."""
    written = re.search(r"export const TEXTS = ({.*});", MODULES["texts.js"], re.DOTALL)
    return json.loads(written[1])


def picker_texts() -> dict[str, list[str]]:
    """Return name and description of the card in the picker, by language."""
    written = re.findall(r"^  (\w\w): (\[.*\]),$", MODULES["upbit.js"], re.MULTILINE)
    return {language: json.loads(texts) for language, texts in written}


def placeholders(text: str) -> list[str]:
    """Return the names in braces."""
    return sorted(re.findall(r"{(\w+)}", text))


@pytest.fixture
async def pages(hass: HomeAssistant) -> UrlManager:
    """Set up what serves pages, and return the modules that they load."""
    assert await async_setup_component(hass, "http", {})
    mock_component(hass, "frontend")  # the pages, which are not installed with the tests
    modules = UrlManager(lambda change_type, url: None, [])
    hass.data[DATA_EXTRA_MODULE_URL] = modules
    return modules


async def test_pages_load_one_small_module(
    hass: HomeAssistant, pages: UrlManager, hass_client_no_auth: ClientSessionGenerator
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    (entry,) = pages.urls
    client = await hass_client_no_auth()
    body = await (await client.get(entry)).read()
    assert len(body) <= 3_000
    # What it imports, it imports on first use.
    assert not re.search(rb"^(?:import|export)\b", body, re.MULTILINE)


async def test_entry_module_leads_to_all_others(
    hass: HomeAssistant, pages: UrlManager, hass_client_no_auth: ClientSessionGenerator
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    (entry,) = pages.urls
    client = await hass_client_no_auth()
    wanted, loaded = [entry], set()
    while wanted:
        url = wanted.pop()
        answer = await client.get(url)
        assert answer.status == HTTPStatus.OK, url
        assert answer.content_type in ("application/javascript", "text/javascript")
        assert "max-age" in answer.headers["Cache-Control"]
        folder, _, name = url.rpartition("/")
        loaded.add(name)
        imported = re.findall(r'(?:from |import |import\()"\./([^"]+)"', await answer.text())
        wanted += [f"{folder}/{other}" for other in imported if other not in loaded]
    assert loaded == set(MODULES)


async def test_changed_module_has_another_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontend, "_FOLDER", tmp_path)
    (tmp_path / "upbit.js").write_text("1")
    first = frontend._version()
    assert frontend._version() == first
    (tmp_path / "upbit.js").write_text("2")
    second = frontend._version()
    (tmp_path / "upbit.js").rename(tmp_path / "other.js")
    assert len({first, second, frontend._version()}) == 3


async def test_nothing_is_registered_without_pages(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    assert DATA_EXTRA_MODULE_URL not in hass.data


@pytest.mark.parametrize("name", MODULES)
def test_module_loads_nothing_from_another_host(name: str) -> None:
    # This is a link, which only a user who selects it follows.
    code = re.sub(r'^const documentationURL = "[^"]+";$', "", MODULES[name], flags=re.MULTILINE)
    assert not re.search(r"(?:https?:)?//\w|@import|url\(|fetch\(|import\((?!\"\./)", code)


def test_documentation_that_the_pages_link_to_exists() -> None:
    (url,) = re.findall(r'^const documentationURL = "([^"]+)";$', MODULES["main.js"], re.MULTILINE)
    integration = json.loads((FOLDER.parent / "manifest.json").read_text(encoding="utf-8"))
    base = f"{integration['documentation']}/blob/main/"
    assert url.startswith(base)
    assert (FOLDER.parents[2] / url.removeprefix(base)).is_file()


@pytest.mark.parametrize("language", ["ko", "id", "th"])
def test_texts_are_complete_in_each_language(language: str) -> None:
    english, translated = texts()["en"], texts()[language]
    assert list(translated) == list(english)
    for key, text in english.items():
        assert translated[key].strip(), key
        assert translated[key] != text or text == "Upbit", key
        assert placeholders(translated[key]) == placeholders(text), key


def test_texts_of_the_picker_are_translated_into_each_language() -> None:
    languages = {path.stem for path in (FOLDER.parent / "translations").glob("*.json")}
    assert texts().keys() == picker_texts().keys() == languages
    names, descriptions = zip(*picker_texts().values(), strict=True)
    assert len(set(names)) == len(set(descriptions)) == len(picker_texts())


def test_each_text_is_used() -> None:
    code = "".join(text for name, text in MODULES.items() if name != "texts.js")
    # Keys of options are composed of their names: `option_${name}`, `sort_${value}`.
    used = set(re.findall(r'"([a-z0-9_]+)"', code))
    prefixes = ("option_", "help_", "sort_", "digits_", "section_")
    for key in texts()["en"]:
        prefix = next((prefix for prefix in prefixes if key.startswith(prefix)), "")
        assert used & {key, key.removeprefix(prefix)}, f"no module uses {key}"
