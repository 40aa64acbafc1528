"""The YAML in the documentation is what Home Assistant takes."""

from pathlib import Path
import re
from typing import Any

from homeassistant.components.automation.config import async_validate_config_item
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
import yaml

from custom_components.upbit.coordinator import UpbitCoordinator

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = [
    pytest.param(example, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, text in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL))
    if isinstance(example := yaml.safe_load(text), dict)
    and example.keys() & {"automation", "triggers", "conditions", "actions", "threshold"}
]


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
async def test_example_is_valid(
    hass: HomeAssistant, coordinator: UpbitCoordinator, example: dict[str, Any]
) -> None:
    assert await async_setup_component(hass, "automation", {})
    for number, automation in enumerate(automations(example)):
        validated = await async_validate_config_item(hass, str(number), automation)
        assert validated is not None
        assert validated.validation_error is None
