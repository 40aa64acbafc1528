"""What the integration says, by language, from where it says it."""

import json
from typing import Any

from demo.installation import REPOSITORY

INTEGRATION = REPOSITORY / "custom_components" / "upbit"


def translations(language: str) -> Any:
    """Return the texts of the forms, by their place in the file."""
    return json.loads((INTEGRATION / "translations" / f"{language}.json").read_text(encoding="utf-8"))


def frontend_texts(language: str) -> dict[str, str]:
    """Return the texts of the card and the dashboard."""
    source = (INTEGRATION / "frontend" / "texts.js").read_text(encoding="utf-8")
    texts = source.partition("export const TEXTS = ")[2].rpartition(";")[0]
    return json.loads(texts)[language]
