"""The YAML in the documentation is what Home Assistant takes, and its pictures are what they are meant to be."""

from pathlib import Path
import re
from typing import Any

from homeassistant.components.automation.config import async_validate_config_item
from homeassistant.setup import async_setup_component
import pytest
import yaml

from tests.helpers.harness import Harness

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = [
    (f"{page.stem}-{number}", yaml.safe_load(text))
    for page in PAGES
    for number, text in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL))
]
EXAMPLES = [
    pytest.param(example, id=name)
    for name, example in BLOCKS
    if isinstance(example, dict)
    and example.keys() & {"automation", "triggers", "conditions", "actions", "threshold"}
]
CARDS = [example["type"] for _, example in BLOCKS if isinstance(example, dict) and "type" in example]

IMAGES = ROOT / "docs" / "images"


def automations(example: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the automations of an example; of a part of one, one that has it."""
    if "automation" in example:
        return example["automation"]
    if "threshold" in example:
        target = {"entity_id": "sensor.upbit_singapore_sgd"}
        trigger = {"trigger": "upbit.balance_crossed_threshold", "target": target, "options": example}
        example = {"triggers": [trigger]}
    return [{"alias": "Example", "triggers": [], "actions": [], **example}]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8


@pytest.mark.parametrize("example", EXAMPLES)
async def test_example_is_valid(connected: Harness, example: dict[str, Any]) -> None:
    assert await async_setup_component(connected.hass, "automation", {})
    for number, automation in enumerate(automations(example)):
        validated = await async_validate_config_item(connected.hass, str(number), automation)
        assert validated is not None
        assert validated.validation_error is None


def test_each_example_of_a_card_has_its_picture() -> None:
    assert {"tile", "entities", "statistics-graph", "markdown"} <= set(CARDS)
    for card in CARDS:
        name = "exact" if card == "custom:upbit-balances-card" else card
        assert (IMAGES / f"card-{name}.png").is_file(), name


def test_pictures_are_those_that_the_documentation_shows() -> None:
    shown = {name for page in PAGES for name in re.findall(r"images/([\w-]+\.png)", page.read_text())}
    assert shown == {path.name for path in IMAGES.iterdir()}
