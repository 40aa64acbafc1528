from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
import re
import shutil
import signal
from typing import Any

from playwright.async_api import Page
import pytest

from demo.check import View, running_demo
from demo.installation import REPOSITORY

from . import pages
from .browser import Look, Visit, Visitor, visitor

# What a failed test leaves behind: a picture of each of its pages.
FAILURES = REPOSITORY / ".e2e"

# What starts the demo, by the version of Home Assistant; scripts/e2e has made the environment of the oldest.
DEMOS = {
    "newest": [str(REPOSITORY / "scripts" / "demo")],
    "oldest": [str(REPOSITORY / ".dev" / "venv-demo-oldest" / "bin" / "python"), "-m", "demo"],
}

type OpenPage = Callable[[Look], Awaitable[Page]]
type SaveDashboard = Callable[[str, dict[str, Any]], Awaitable[str]]


def pytest_sessionstart() -> None:
    shutil.rmtree(FAILURES, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if call.when == "call" and report.failed:
        item.stash[FAILED] = True
    return report


FAILED = pytest.StashKey[bool]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests that are marked so on the oldest supported Home Assistant too."""
    if "home" in metafunc.fixturenames:
        versions = ["newest", "oldest"] if metafunc.definition.get_closest_marker("oldest") else ["newest"]
        metafunc.parametrize("home", versions, indirect=True, scope="session")


@pytest.fixture(scope="session")
async def home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[View]:
    """The demo, with balances that move only when a test moves them."""
    async with running_demo(tmp_path_factory.mktemp("demo"), signal.SIGTERM, DEMOS[request.param]) as view:
        await view.control("POST", "trading", {"paused": True})
        yield view


@pytest.fixture(scope="session")
async def person(home: View) -> AsyncIterator[Visitor]:
    async with visitor(home.home_assistant.url) as someone:
        yield someone


@pytest.fixture(scope="session")
def save_dashboard(person: Visitor) -> SaveDashboard:
    """Makes dashboards without the dialog, and returns their paths."""

    async def save(title: str, config: dict[str, Any]) -> str:
        async with person.visit() as opened:
            return await pages.save_dashboard(opened.page, title, config)

    return save


@pytest.fixture
async def open_page(request: pytest.FixtureRequest, person: Visitor) -> AsyncIterator[OpenPage]:
    """Opens pages; a test with an error in the console of one of them has failed."""
    visits: list[Visit] = []
    async with AsyncExitStack() as stack:

        async def open_page(look: Look) -> Page:
            visits.append(await stack.enter_async_context(person.visit(look)))
            return visits[-1].page

        yield open_page
        if request.node.stash.get(FAILED, False):
            FAILURES.mkdir(exist_ok=True)
            name = re.sub(r"[^\w.-]+", "-", request.node.name)
            for number, each in enumerate(visits, 1):
                await each.page.screenshot(path=FAILURES / f"{name}-{number}.png")
    errors = [error for each in visits for error in each.errors]
    assert not errors, "\n".join(errors)


@pytest.fixture(
    params=[Look(), Look(locale="ko-KR", dark=True, width=390, height=844)],
    ids=["English-light-desktop", "Korean-dark-phone"],
)
async def either_page(request: pytest.FixtureRequest, open_page: OpenPage) -> Page:
    """A page as two people see it who have nothing in common."""
    look: Look = request.param
    return await open_page(look)


@pytest.fixture
async def page(open_page: OpenPage) -> Page:
    """A page in English, light, on a desktop."""
    return await open_page(Look())
