"""The page about faults names the tests that are here, and all of them."""

import ast
from pathlib import Path
import re

FOLDER = Path(__file__).parent
PAGE = FOLDER.parent.parent / "docs" / "faults.md"


def _tests() -> set[str]:
    """Return every test of this folder as file::test."""
    return {
        f"{path.name}::{node.name}"
        for path in FOLDER.glob("test_*.py")
        if path.name != Path(__file__).name
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def test_page_and_tests_agree() -> None:
    named = re.findall(r"`(test_\w+\.py::\w+)`", PAGE.read_text(encoding="utf-8"))
    assert set(named) == _tests()


def test_page_names_each_test_once() -> None:
    named = re.findall(r"`(test_\w+\.py::\w+)`", PAGE.read_text(encoding="utf-8"))
    assert len(named) == len(set(named))
