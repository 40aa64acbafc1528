"""The repository around the integration: what Home Assistant, HACS and a reader rely on agrees with itself."""

import ast
import json
from pathlib import Path
import re
from typing import Any

import homeassistant.components
from homeassistant.const import Platform
from homeassistant.util.yaml import parse_yaml
import pytest

from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import DOCUMENTATION_URL, DOMAIN

ROOT = Path(__file__).parent.parent
INTEGRATION = ROOT / "custom_components" / "upbit"
MANIFEST = json.loads((INTEGRATION / "manifest.json").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


# The manifest


def test_manifest_has_what_home_assistant_and_hacs_demand() -> None:
    assert MANIFEST.keys() >= {
        "codeowners",
        "config_flow",
        "documentation",
        "integration_type",
        "iot_class",
        "issue_tracker",
        "version",
    }
    assert MANIFEST["domain"] == DOMAIN
    assert MANIFEST["documentation"] == DOCUMENTATION_URL
    assert MANIFEST["iot_class"] == "cloud_push"
    assert MANIFEST["requirements"] == []


def test_parts_of_home_assistant_that_are_imported_are_declared() -> None:
    imported = set[str]()
    for module in INTEGRATION.glob("**/*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            match node:
                case ast.ImportFrom(module="homeassistant.components", names=names):
                    imported |= {alias.name for alias in names}
                case ast.ImportFrom(module=str(name)) if name.startswith("homeassistant.components."):
                    imported.add(name.split(".")[2])
    assert "sensor" in imported
    # What every Home Assistant has: its core, platforms, and what loads a module of ours by its name.
    by_name = ("llm", "logbook", "system_health")
    free = {
        "homeassistant",
        *Platform,
        *(each.stem for each in INTEGRATION.glob("*.py") if each.stem in by_name),
    }
    declared = {*MANIFEST.get("dependencies", ()), *MANIFEST.get("after_dependencies", ())}
    assert imported - free <= declared
    assert declared <= imported


# Versions


def test_version_is_that_of_the_changelog() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", MANIFEST["version"])
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    latest = re.search(r"^## \[(\d[^]]*)\]", changelog, re.MULTILINE)
    assert latest is not None
    assert latest[1] == MANIFEST["version"]


def test_oldest_home_assistant_is_the_oldest_that_the_tests_run_on() -> None:
    hacs = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    assert hacs.keys() <= {
        "name",
        "homeassistant",
        "hacs",
        "hide_default_branch",
        "country",
        "render_readme",
        "zip_release",
        "filename",
    }
    environments = (ROOT / "scripts" / "lib" / "environment.sh").read_text(encoding="utf-8")
    versions = dict(re.findall(r"^HA_(OLDEST|NEWEST)=(\S+)$", environments, re.MULTILINE))
    assert hacs["homeassistant"] == versions["OLDEST"]
    for page in ("README.md", "SECURITY.md", "docs/blueprints.md"):
        assert versions["OLDEST"] in (ROOT / page).read_text(encoding="utf-8"), page


# The quality scale


def quality_scale() -> dict[str, Any]:
    """Return the rules with their status and comment."""
    return parse_yaml((INTEGRATION / "quality_scale.yaml").read_text(encoding="utf-8"))["rules"]


def test_quality_scale_has_every_rule() -> None:
    components = Path(homeassistant.components.__file__).parent
    monzo = parse_yaml((components / "monzo" / "quality_scale.yaml").read_text(encoding="utf-8"))
    assert quality_scale().keys() == monzo["rules"].keys()


def test_scale_that_is_claimed_is_reached() -> None:
    open_rules = [name for name, rule in quality_scale().items() if rule["status"] == "todo"]
    assert not open_rules or MANIFEST.get("quality_scale") is None


# The documentation


def test_architecture_names_every_module() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    modules = {path.relative_to(INTEGRATION).as_posix() for path in INTEGRATION.glob("**/*.py")}
    assert {module for module in modules - {"api/__init__.py"} if f"`{module}`" not in text} == set()


# Issue forms


@pytest.mark.parametrize("form", ["bug_report", "feature_request"])
def test_issue_forms_demand_that_no_key_is_pasted(form: str) -> None:
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / f"{form}.yml").read_text(encoding="utf-8")
    fields = {field["id"]: field for field in parse_yaml(text)["body"] if "id" in field}
    (option,) = fields["no_key"]["attributes"]["options"]
    assert option["required"] is True
    assert "key" in option["label"]
    regions = {f"Upbit {region.name}" for region in REGIONS.values()}
    assert regions <= {*fields["region"]["attributes"]["options"]}


def test_issues_are_written_in_a_form() -> None:
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml").read_text(encoding="utf-8")
    assert parse_yaml(text)["blank_issues_enabled"] is False


# Brand, scripts and workflows


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.stem)
def test_actions_are_pinned_and_permitted_little(workflow: Path) -> None:
    text = workflow.read_text(encoding="utf-8")
    for action in re.findall(r"uses: *(\S+)", text):
        assert re.search(r"@[0-9a-f]{40}$", action), action
    permissions = parse_yaml(text)["permissions"]
    assert permissions == {"contents": "read"}
