"""The texts: every language has all that the code names, with the same placeholders, and no more."""

import ast
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
import json
from pathlib import Path
import re
from string import Formatter
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest

import custom_components.upbit
from custom_components.upbit import issues
from custom_components.upbit.api.errors import ErrorKind
from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.config_flow import _FORM_ERRORS
from custom_components.upbit.const import DOMAIN
from tests.helpers.harness import Harness

INTEGRATION = Path(custom_components.upbit.__file__).parent
ROOT = INTEGRATION.parent.parent
FILES = sorted((INTEGRATION / "translations").glob("*.json"))
TEXTS: dict[str, dict[str, Any]] = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in FILES}
ENGLISH = TEXTS["en"]

# What a user can meet. A lost stream and a used nonce are followed by another attempt, and only the price feed looks up
# markets.
ACCOUNT_ERRORS = {*ErrorKind} - {ErrorKind.CONNECTION_LOST, ErrorKind.NONCE_USED, ErrorKind.UNKNOWN_MARKET}

every_language = pytest.mark.parametrize("language", TEXTS)


def leaves(texts: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text with its path."""
    for key, value in texts.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def placeholders(text: str) -> set[str]:
    """Return the names in braces; a brace that is none of a placeholder is an error."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def provided(text: str, values: Mapping[str, str] | None) -> bool:
    """Return whether there is a value for each placeholder of a text."""
    return placeholders(text) <= set(values or {})


def constants(module: str, call: str, keyword: str) -> set[str]:
    """Return the texts that a module gives to calls of this name by this keyword."""
    tree = ast.parse((INTEGRATION / module).read_text(encoding="utf-8"))
    return {
        argument.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == call
        for argument in node.keywords
        if argument.arg == keyword and isinstance(argument.value, ast.Constant)
    }


# All languages


@every_language
def test_language_has_the_texts_and_placeholders_of_english(language: str) -> None:
    def by_path(texts: Mapping[str, Any]) -> dict[str, set[str]]:
        return {path: placeholders(text) for path, text in leaves(texts)}

    assert by_path(TEXTS[language]) == by_path(ENGLISH)


@every_language
def test_texts_are_well_formed(language: str) -> None:
    for path, text in leaves(TEXTS[language]):
        assert text, path
        assert text == text.strip(), path
        assert "  " not in text, path
        # What belongs to Home Assistant's own build, and is not filled in for a custom integration.
        assert "[%key" not in text, path
        # Home Assistant's formatter takes what is in single quotes as it stands.
        assert not re.search(r"'[^']*\{[^']*'|'[{}]", text), path
        # Neither an address nor any markup but Markdown.
        assert not re.search(r"https?:|www\.|\w+\.(com|org|io|net)\b", text), path
        assert not re.search(r"<[a-zA-Z/][^>]*>", text), path


@every_language
def test_entities_of_a_platform_have_different_names(language: str) -> None:
    for platform, entities in TEXTS[language]["entity"].items():
        names = [texts["name"] for texts in entities.values()]
        assert len(set(names)) == len(names), platform


@every_language
def test_file_is_written_as_the_others(language: str) -> None:
    text = (INTEGRATION / "translations" / f"{language}.json").read_text(encoding="utf-8")
    assert text == json.dumps(TEXTS[language], indent=2, ensure_ascii=False) + "\n"


def test_languages_of_all_regions_are_there() -> None:
    assert {"en", "id", "ko", "th"} <= TEXTS.keys()


# The forms


def test_form_errors_are_those_of_the_forms() -> None:
    kinds = {_FORM_ERRORS.get(kind, kind) for kind in ACCOUNT_ERRORS}
    assert ENGLISH["config"]["error"].keys() == kinds


def test_each_field_has_a_name_and_a_description() -> None:
    for flow in ("config", "options"):
        for step, texts in ENGLISH[flow]["step"].items():
            assert texts["title"], step
            if "menu_options" in texts:
                continue
            assert texts["description"], step
            assert texts["data"], step
            assert texts["data"].keys() == texts["data_description"].keys(), step


MENU = ENGLISH["options"]["step"]["init"]["menu_options"]


async def option(harness: Harness, step: str) -> ConfigFlowResult:
    """Open a form of the options."""
    flows = harness.hass.config_entries.options
    menu = await flows.async_init(harness.entry.entry_id)
    return await flows.async_configure(menu["flow_id"], {"next_step_id": step})


async def test_fields_of_the_forms_are_those_that_are_shown(connected: Harness) -> None:
    connected.account.set("XRP", 0)
    await connected.refresh()
    forms = {
        "config": [
            await connected.hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"}),
            await connected.entry.start_reauth_flow(connected.hass),
            await connected.entry.start_reconfigure_flow(connected.hass),
        ],
        "options": [await option(connected, step) for step in MENU],
    }
    menu = await connected.hass.config_entries.options.async_init(connected.entry.entry_id)
    assert menu["menu_options"] == list(MENU)
    for flow, shown in forms.items():
        assert {form["step_id"] for form in shown} == ENGLISH[flow]["step"].keys() - {"init"}
        for form in shown:
            texts = ENGLISH[flow]["step"][form["step_id"]]
            assert {str(field) for field in form["data_schema"].schema} == texts["data"].keys()
            for text in (texts["title"], texts["description"]):
                assert provided(text, form["description_placeholders"])
    reauth = forms["config"][1]
    title = ENGLISH["config"]["step"][reauth["step_id"]]["title"]
    # Home Assistant itself adds the name of the account.
    assert (
        title.format(**reauth["description_placeholders"])
        == f"Upbit rejected the API key for {connected.entry.title}"
    )
    for flow in connected.hass.config_entries.flow.async_progress():
        connected.hass.config_entries.flow.async_abort(flow["flow_id"])


async def test_placeholders_of_form_errors_are_provided(harness: Harness) -> None:
    harness.exchange.rest.fail_with(503)
    form = await harness.hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": "user"},
        data={"region": "sg", "access_key": "key", "secret_key": "secret" * 6},
    )
    assert form["errors"] == {"base": "cannot_connect"}
    for error, text in ENGLISH["config"]["error"].items():
        assert provided(text, form["description_placeholders"]), error


def test_reasons_to_abort_are_those_of_the_forms() -> None:
    # Home Assistant has texts of its own for reauth_successful and reconfigure_successful.
    assert ENGLISH["config"]["abort"].keys() == {"already_configured"}
    assert ENGLISH["options"]["abort"].keys() == constants("config_flow.py", "async_abort", "reason")


@every_language
def test_choices_of_the_forms_are_the_regions_by_their_brand_names(language: str) -> None:
    choices = TEXTS[language]["selector"]["region"]["options"]
    assert choices.keys() == REGIONS.keys()
    # The country may follow in the reader's language.
    for code, region in REGIONS.items():
        assert re.fullmatch(rf"Upbit {region.name}( \([^()]+\))?", choices[code]), code


# Other texts


def test_exceptions_are_those_that_are_raised() -> None:
    named = set[str]()
    for module in INTEGRATION.glob("*.py"):
        for exception in ("ConfigEntryError", "HomeAssistantError", "ServiceValidationError"):
            named |= constants(module.name, exception, "translation_key")
    assert named == {"unknown_region"}
    # Whatever kind an error is, it may be the reason that an entry is not set up, or a snapshot not taken.
    assert ENGLISH["exceptions"].keys() == named | ACCOUNT_ERRORS
    for key, texts in ENGLISH["exceptions"].items():
        assert texts.keys() == {"message"}, key
        assert provided(texts["message"], {"region": "Singapore"}), key


def errors(language: str) -> Iterator[tuple[str, str]]:
    """Yield each error with its path, with an ellipsis for what is filled in."""
    texts = TEXTS[language]
    for group in (
        texts["config"]["error"],
        texts["config"]["abort"],
        texts["options"]["abort"],
        texts["exceptions"],
    ):
        for path, text in leaves(group):
            yield path, re.sub(r"\{\w+\}", "…", text)


def test_troubleshooting_has_all_errors_word_for_word() -> None:
    text = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
    for path, error in errors("en"):
        sentence = re.match(r".+?[.:](?= |$)", error)
        assert sentence is not None, path
        assert sentence[0] in text, path


@pytest.mark.parametrize("language", ["id", "th"])
def test_troubleshooting_has_the_beginning_of_each_error(language: str) -> None:
    text = (ROOT / f"docs/troubleshooting.{language}.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)
    for path, error in errors(language):
        assert any(error.startswith(cell) for cell in cells), path


@every_language
def test_forms_link_to_how_to_create_an_api_key_in_this_language(language: str) -> None:
    names = {"en": "README.md", "ko": "README.ko.md"}
    for step in TEXTS[language]["config"]["step"].values():
        link = re.search(r"\]\(\{documentation\}/([^#)]+)(?:#([^)]+))?\)", step["description"])
        assert link is not None
        page, heading = link.groups()
        assert page == names.get(language, f"docs/api-key.{language}.md")
        titles = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
        assert heading is None or heading in {title.lower().replace(" ", "-") for title in titles}


def test_reasons_to_end_a_fix_are_those_of_the_flows() -> None:
    reasons = {
        reason for issue in ENGLISH["issues"].values() for reason in issue["fix_flow"].get("abort", {})
    }
    assert reasons == constants("repairs.py", "async_abort", "reason")


async def test_issues_are_those_that_are_raised(harness: Harness) -> None:
    issues.async_address_not_allowed(harness.hass, harness.entry)
    issues.async_key_expiration(harness.hass, harness.entry, datetime.now(UTC))
    raised = {
        issue.translation_key: issue.translation_placeholders
        for issue in ir.async_get(harness.hass).issues.values()
    }
    assert raised.keys() == ENGLISH["issues"].keys()
    for key, texts in ENGLISH["issues"].items():
        (step,) = texts["fix_flow"]["step"].values()
        assert provided(texts["title"] + step["title"] + step["description"], raised[key]), key


@pytest.mark.parametrize("region", ["kr"])
async def test_entities_are_those_that_exist_and_have_icons(connected: Harness) -> None:
    registered = er.async_entries_for_config_entry(er.async_get(connected.hass), connected.entry.entry_id)
    existing = {(each.domain, each.translation_key) for each in registered}
    named = {(platform, key) for platform, keys in ENGLISH["entity"].items() for key in keys}
    assert named == existing
    icons = json.loads((INTEGRATION / "icons.json").read_text(encoding="utf-8"))
    assert all(re.fullmatch(r"mdi:[a-z0-9-]+", icon) for _, icon in leaves(icons))
    default = {
        (platform, key) for platform, keys in icons["entity"].items() for key in keys if keys[key]["default"]
    }
    assert default == existing


def test_attributes_with_a_name_exist() -> None:
    names = ENGLISH["entity"]["sensor"]["balance"]["state_attributes"]
    assert names.keys() == {"balance", "locked"}
