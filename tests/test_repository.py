"""The repository around the integration: what Home Assistant, HACS and a reader rely on agrees with itself."""

import ast
import json
from pathlib import Path
import re
from typing import Any
import unicodedata

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
    for page in ("README.md", "README.ko.md", "SECURITY.md", "docs/blueprints.md"):
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


# Links


PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
CODE_BLOCK = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)


def headings(page: Path) -> list[tuple[int, str]]:
    """Return the level and the text of each heading."""
    text = CODE_BLOCK.sub("", page.read_text(encoding="utf-8"))
    return [(len(marks), title) for marks, title in re.findall(r"^(#+) (.+)$", text, re.MULTILINE)]


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""

    def kept(character: str) -> bool:
        # Letters, marks such as the vowels of Thai, and digits.
        return character in "-_ " or unicodedata.category(character)[0] in "LM" or character.isdecimal()

    titles = ("".join(filter(kept, title.lower())) for _, title in headings(page))
    return {title.replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    text = CODE_BLOCK.sub("", page.read_text(encoding="utf-8"))
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        address = link.removeprefix(f"{DOCUMENTATION_URL}/blob/main/")
        if re.match(r"[a-z]+:", address):
            continue
        path, _, anchor = address.partition("#")
        target = (ROOT if address != link else page.parent) / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", ["README.md", "README.ko.md"])
def test_readme_is_shown_everywhere(page: str) -> None:
    # HACS and the Marketplace show neither HTML nor images with relative addresses.
    text = CODE_BLOCK.sub("", (ROOT / page).read_text(encoding="utf-8"))
    assert re.findall(r"<[a-z/][^>]*>", text) == []
    # The Marketplace gives headings no anchors, but leads to GitHub where a link names the page.
    assert "](#" not in text
    own = DOCUMENTATION_URL.replace("https://github.com/", "https://raw.githubusercontent.com/") + "/main/"
    images = re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)
    assert any(image.startswith(own) for image in images)
    for image in images:
        assert image.startswith((own, "https://my.home-assistant.io/badges/")), image
        assert not image.startswith(own) or (ROOT / image.removeprefix(own)).is_file(), image


def test_readme_is_the_same_in_korean() -> None:
    english, korean = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ko.md"))
    assert "(README.ko.md)" in english.splitlines()[0]
    assert "(README.md)" in korean.splitlines()[0]

    def levels(name: str) -> list[int]:
        return [level for level, _ in headings(ROOT / name)]

    def columns(text: str) -> list[int]:
        return [line.count("|") for line in text.splitlines() if line.startswith("|")]

    def blocks(text: str) -> list[Any]:
        return [
            without_texts(parse_yaml(block)) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
        ]

    def addresses(text: str) -> list[str]:
        # Each of the two links to the other.
        return re.findall(r"\]\(([^)#]+)[^)]*\)", text.replace("(README.ko.md", "(README.md"))

    assert levels("README.ko.md") == levels("README.md")
    assert columns(korean) == columns(english)
    assert blocks(korean) == blocks(english)
    assert addresses(korean) == addresses(english)


@pytest.mark.parametrize("page", ["README.md", "README.ko.md"])
def test_figures_of_the_readme_are_those_of_the_soak(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    soak = (ROOT / "docs" / "soak.md").read_text(encoding="utf-8")
    figures = dict(re.findall(r"^(\w+) +([\d.]+)$", soak, re.MULTILINE))
    assert figures["virtual_hours"] == "24.0"
    assert figures["wrong_states"] == "0"
    assert f"{int(figures['changes']):,}" in text
    assert figures["scenarios"] in text


def without_texts(example: Any) -> Any:
    """Return an example without what is translated in it."""
    if isinstance(example, list):
        return [without_texts(each) for each in example]
    if isinstance(example, dict):
        return {
            key: without_texts(value)
            for key, value in example.items()
            if key not in ("alias", "title", "message")
        }
    return example


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
