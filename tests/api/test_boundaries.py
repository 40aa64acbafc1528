"""What a module may import: the API nothing of Home Assistant, the rules no I/O, the coordinator no HTTP."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
import sys

import pytest

import custom_components.upbit

INTEGRATION = Path(custom_components.upbit.__file__).parent
API = sorted((INTEGRATION / "api").glob("**/*.py"))
MODULES = sorted(INTEGRATION.glob("**/*.py"))


def imports(module: Path) -> Iterator[tuple[int, str]]:
    """Yield the level and the dotted name of every import of a module, wherever in it it stands."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from ((0, alias.name) for alias in names)
            case ast.ImportFrom(module=name, level=level, names=names):
                yield from ((level, ".".join(filter(None, (name, alias.name)))) for alias in names)


def packages(module: Path) -> set[str]:
    """Return the top-level packages that a module imports, its own left out."""
    return {name.partition(".")[0] for level, name in imports(module) if level == 0}


def own_imports(module: Path) -> set[Path]:
    """Return the integration's own modules that a module imports, also where it does so for type checking only."""
    found = set()
    for level, name in imports(module):
        if level == 0:
            continue
        target = module.parents[level - 1].joinpath(*name.split("."))
        # The last part of the name is a module, or what is imported from one.
        for candidate in (target, target.parent):
            if (file := candidate.with_suffix(".py")) in MODULES or (
                file := candidate / "__init__.py"
            ) in MODULES:
                found.add(file)
                break
        else:
            pytest.fail(f"{module} imports {name}, which is not found")
    return found


def test_api_is_found() -> None:
    assert {"wire.py", "ledger.py", "rest.py", "stream.py"} <= {module.name for module in API}


@pytest.mark.parametrize("module", API, ids=lambda module: module.stem)
def test_api_imports_nothing_of_home_assistant(module: Path) -> None:
    assert packages(module) <= sys.stdlib_module_names | {"aiohttp", "jwt"}
    # One level up from api/ is the part that imports Home Assistant.
    assert {level for level, _ in imports(module)} <= {0, 1}


@pytest.mark.parametrize(
    "name",
    [
        "api/wire.py",
        "api/ticker.py",
        "api/ledger.py",
        "sync.py",
        "prices.py",
        "costs.py",
        "valuation.py",
        "price_updates.py",
    ],
)
def test_decoder_ledger_and_rules_do_no_io(name: str) -> None:
    impure = {
        "asyncio",
        "aiohttp",
        "homeassistant",
        "socket",
        "ssl",
        "time",
        "random",
        "os",
        "logging",
        "threading",
    }
    assert not packages(INTEGRATION / name) & impure


def test_rules_import_the_decoder_the_ledger_and_the_times_only() -> None:
    assert own_imports(INTEGRATION / "sync.py") == {
        INTEGRATION / "api" / "wire.py",
        INTEGRATION / "api" / "ledger.py",
        INTEGRATION / "const.py",
    }


@pytest.mark.parametrize("name", ["coordinator.py", "sync.py", "listeners.py"])
def test_coordinator_imports_no_json_urls_or_http(name: str) -> None:
    assert not packages(INTEGRATION / name) & {"json", "aiohttp", "http", "urllib", "yarl"}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(INTEGRATION)))
def test_only_home_assistant_s_own_packages_are_used(module: Path) -> None:
    allowed = sys.stdlib_module_names | {"homeassistant", "aiohttp", "jwt", "voluptuous"}
    assert packages(module) <= allowed


def test_only_the_ledger_changes_amounts() -> None:
    writers = [
        module.name
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "_holdings"
    ]
    assert set(writers) == {"ledger.py"}


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {module: own_imports(module) for module in MODULES}
    assert INTEGRATION / "sync.py" in graph[INTEGRATION / "coordinator.py"]
    TopologicalSorter(graph).prepare()  # raises for a circle
