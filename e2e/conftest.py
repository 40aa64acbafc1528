from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
import re
import shutil
import signal
from typing import Any, Protocol

from playwright.async_api import Page
import pytest
from xdist.scheduler import LoadScopeScheduling

from demo.check import View, running_demo
from demo.installation import REPOSITORY

from . import pages
from .browser import Look, Visit, Visitor, visitor

# What a failed test leaves behind: a picture of each of its pages.
FAILURES = REPOSITORY / ".e2e"

# What starts the demo, by the version of Home Assistant; scripts/e2e has made their environments.
DEMOS = {
    "newest": [str(REPOSITORY / "scripts" / "demo")],
    "oldest": [str(REPOSITORY / ".dev" / "venv-demo-oldest" / "bin" / "python"), "-m", "demo"],
}

ENGLISH_DESKTOP = Look()
KOREAN_PHONE = Look(locale="ko-KR", dark=True, width=390, height=844)


class OpenPage(Protocol):
    """Opens a page; on a first visit, nothing is in the browser's cache."""

    async def __call__(self, look: Look = ENGLISH_DESKTOP, *, first: bool = False) -> Page: ...


type SaveDashboard = Callable[[str, dict[str, Any]], Awaitable[str]]


def pytest_sessionstart(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        shutil.rmtree(FAILURES, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if call.when == "call" and report.failed:
        item.stash[FAILED] = True
    return report


FAILED = pytest.StashKey[bool]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test on the newest Home Assistant, and those that are marked so on the oldest too, or there alone."""
    if "demo" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("oldest")
        only = marker is not None and marker.kwargs.get("only", False)
        versions = ["oldest"] if only else ["newest", "oldest"] if marker else ["newest"]
        metafunc.parametrize("demo", versions, indirect=True, scope="session")


class ByVersion(LoadScopeScheduling):
    """Runs what needs the newest Home Assistant in one process and the rest in another, so that each starts once."""

    def _split_scope(self, nodeid: str) -> str:
        return "newest" if re.search(r"\bnewest\b", nodeid) else "rest"


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByVersion:
    return ByVersion(config, log)


@pytest.fixture(scope="session")
async def start_demo(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Callable[[str], Awaitable[View]]]:
    """Starts the demo of a version when it is first needed, and keeps it until the end."""
    demos: dict[str, View] = {}
    async with AsyncExitStack() as stack:

        async def start(version: str) -> View:
            if version not in demos:
                folder = tmp_path_factory.mktemp(version)
                demo = running_demo(folder, signal.SIGTERM, DEMOS[version])
                demos[version] = await stack.enter_async_context(demo)
                for what in ("trading", "prices"):
                    await demos[version].control("POST", what, {"paused": True})
            return demos[version]

        yield start


@pytest.fixture(scope="session")
async def demo(request: pytest.FixtureRequest, start_demo: Callable[[str], Awaitable[View]]) -> View:
    """The demo of the version that a test runs on; balances and prices change only when a test changes them."""
    return await start_demo(request.param)


@pytest.fixture(scope="session")
async def user(demo: View) -> AsyncIterator[Visitor]:
    async with visitor(demo.home_assistant.url) as logged_in:
        yield logged_in


@pytest.fixture(scope="session")
def save_dashboard(user: Visitor) -> SaveDashboard:
    """Creates dashboards without the dialog, and returns their paths."""

    async def save(title: str, config: dict[str, Any]) -> str:
        return await pages.save_dashboard(user.page, title, config)

    return save


@pytest.fixture
async def open_page(request: pytest.FixtureRequest, user: Visitor) -> AsyncIterator[OpenPage]:
    """Opens pages; an error in the console of one of them fails the test."""
    visits: list[Visit] = []
    async with AsyncExitStack() as stack:

        async def open_page(look: Look = ENGLISH_DESKTOP, *, first: bool = False) -> Page:
            visits.append(await stack.enter_async_context(user.visit(look, first=first)))
            return visits[-1].page

        yield open_page
        if request.node.stash.get(FAILED, False):
            FAILURES.mkdir(exist_ok=True)
            name = re.sub(r"[^\w.-]+", "-", request.node.name)
            for number, each in enumerate(visits, 1):
                await each.page.screenshot(path=FAILURES / f"{name}-{number}.png")
    errors = [error for each in visits for error in each.errors]
    assert not errors, "\n".join(errors)


@pytest.fixture
async def page(open_page: OpenPage) -> Page:
    """A page in English, light, on a desktop."""
    return await open_page()


@pytest.fixture
async def korean_page(open_page: OpenPage) -> Page:
    """A page in Korean, dark, on a phone."""
    return await open_page(KOREAN_PHONE)


@pytest.fixture(params=["page", "korean_page"], ids=["English-light-desktop", "Korean-dark-phone"])
def either_page(request: pytest.FixtureRequest) -> Page:
    """Both of them, one after the other."""
    page: Page = request.getfixturevalue(request.param)
    return page
