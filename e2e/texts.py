"""The texts of the integration and of Home Assistant by language, read from their own files."""

from functools import cache
import json
from pathlib import Path
import re
from typing import Any

from demo.installation import REPOSITORY

# Home Assistant's own buttons and fields: by their names in English, where it has their texts.
NAMES = {
    "Add action": "ui.panel.config.automation.editor.actions.add",
    "Add card": "ui.panel.lovelace.editor.edit_card.add",
    "Add dashboard": "ui.panel.config.lovelace.dashboards.picker.add_dashboard",
    "Add target": "ui.components.target-picker.add_target",
    "Add trigger": "ui.panel.config.automation.editor.triggers.add",
    "Add": "ui.common.add",
    "By card": "ui.panel.lovelace.editor.cardpicker.by_card",
    "Create": "ui.panel.config.lovelace.dashboards.detail.create",
    "Done": "ui.panel.lovelace.menu.exit_edit_mode",
    "Edit dashboard": "ui.panel.lovelace.menu.configure_ui",
    "Import blueprint": "ui.panel.config.blueprint.add.save_btn",
    "Menu": "ui.common.menu",
    "Name": "ui.common.name",
    "New dashboard from scratch": "ui.panel.config.lovelace.dashboards.dialog_new.create_empty",
    "Notifications": "ui.notification_drawer.title",
    "Open dashboard menu": "ui.panel.lovelace.editor.menu.open",
    "OK": "ui.common.ok",
    "Preview": "ui.panel.config.blueprint.add.import_btn",
    "Save": "ui.common.save",
    "Search cards": "ui.panel.lovelace.editor.edit_card.search_cards",
    "Search": "ui.common.search",
    "Sidebar toggle": "ui.sidebar.sidebar_toggle",
    "Skip and finish": "ui.panel.config.integrations.config_flow.finish_skip",
    "Submit": "ui.panel.config.integrations.config_flow.submit",
    "Title": "ui.panel.config.lovelace.dashboards.detail.title",
    "Trace timeline": "ui.panel.config.automation.trace.tabs.timeline",
    "Traces": "ui.panel.config.automation.editor.show_trace",
}

INTEGRATION = REPOSITORY / "custom_components" / "upbit"


def translations(language: str) -> Any:
    """Return the texts of the forms, by their place in the file."""
    return json.loads((INTEGRATION / "translations" / f"{language}.json").read_text(encoding="utf-8"))


def frontend_texts(language: str) -> dict[str, str]:
    """Return the texts of the card and the dashboard."""
    source = (INTEGRATION / "frontend" / "texts.js").read_text(encoding="utf-8")
    texts = source.partition("export const TEXTS = ")[2].rpartition(";")[0]
    return json.loads(texts)[language]


def card_name(language: str) -> str:
    """Return the name of the card in the picker."""
    source = (INTEGRATION / "frontend" / "upbit.js").read_text(encoding="utf-8")
    match = re.search(rf"^  {language}: (\[.*\]),$", source, re.MULTILINE)
    assert match is not None, f"the entry module has no texts in {language}"
    return json.loads(match[1])[0]


@cache
def _packages() -> Path:
    """Return where the newest Home Assistant is."""
    (folder,) = (REPOSITORY / ".dev" / "venv-demo" / "lib").glob("python*/site-packages")
    return folder


@cache
def _pages_of_home_assistant(language: str) -> dict[str, str]:
    folder = _packages() / "hass_frontend" / "static" / "translations"
    texts: dict[str, str] = {}
    # The name ends with a hash: en-0123.json, and not en-GB-0123.json.
    for path in (path for path in folder.rglob(f"{language}-*.json") if path.stem.count("-") == 1):
        texts |= json.loads(path.read_text(encoding="utf-8"))
    return texts


def name_in(language: str, name: str) -> str:
    """Return what Home Assistant calls its own button or field in another language; a name of ours stays as it is."""
    if name not in NAMES:
        return name
    assert _pages_of_home_assistant("en")[NAMES[name]] == name
    return _pages_of_home_assistant(language)[NAMES[name]]


def home_assistant(component: str, language: str) -> Any:
    """Return the texts of a part of Home Assistant, by their place in the file."""
    path = _packages() / "homeassistant" / "components" / component / "translations" / f"{language}.json"
    return json.loads(path.read_text(encoding="utf-8"))
