"""Checks the accessibility of a part of a page with axe."""

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator


async def violations(element: Locator, *, buttons: bool = True) -> list[str]:
    """Return what axe finds in an element and its descendants, of every impact, as texts.

    Without buttons, only the contrast of texts shows that axe saw something.
    """
    if not await element.page.evaluate("'axe' in window"):
        await element.page.evaluate(Axe().axe_script)
    # The package's own method takes a selector, which does not reach into shadow roots. Of what passes, one element for
    # each rule is enough, and takes half the time.
    found = await element.evaluate("element => axe.run(element, { resultTypes: ['violations'] })")
    expected = {"color-contrast", *(["button-name"] if buttons else [])}
    assert expected <= {rule["id"] for rule in found["passes"]}, "axe saw too little"
    return [
        f"{rule['id']} ({rule['impact']}), {rule['help']}: {node['html']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
