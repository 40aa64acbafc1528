import json
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / "scripts" / "release-check"
RELEASED = "## [1.2.0] - 2026-12-01"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with the script and a manifest of version 1.2.0."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(SCRIPT, tmp_path / "scripts")
    integration = tmp_path / "custom_components" / "upbit"
    integration.mkdir(parents=True)
    (integration / "manifest.json").write_text(json.dumps({"version": "1.2.0"}), encoding="utf-8")
    return tmp_path


def check(project: Path, tag: str, changelog: str) -> subprocess.CompletedProcess[str]:
    (project / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    return subprocess.run(
        [sys.executable, project / "scripts" / "release-check", tag],
        capture_output=True,
        text=True,
        check=False,
    )


def test_agreement_prints_the_notes_of_this_version(project: Path) -> None:
    older = "## [1.1.0] - 2026-11-01\n\n- Old.\n"
    result = check(project, "v1.2.0", f"# Changelog\n\n{RELEASED}\n\n### Added\n\n- New.\n\n{older}")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "### Added\n\n- New.\n"


@pytest.mark.parametrize(
    ("tag", "changelog", "error"),
    [
        ("v1.3.0", f"{RELEASED}\n\n- New.\n", "The tag is v1.3.0"),
        ("1.2.0", f"{RELEASED}\n\n- New.\n", "the tag must be v1.2.0"),
        ("v1.2.0", "## [1.1.0] - 2026-11-01\n\n- Old.\n", "not '## [1.2.0] - <date>'"),
        ("v1.2.0", "## [1.2.0] - unreleased\n\n- New.\n", "has no date, but 'unreleased'"),
        ("v1.2.0", f"{RELEASED}\n\n## [1.1.0] - 2026-11-01\n\n- Old.\n", "is empty"),
        ("v1.2.0", "# Changelog\n", "not '## [1.2.0] - <date>'"),
    ],
)
def test_disagreement_is_an_error(project: Path, tag: str, changelog: str, error: str) -> None:
    result = check(project, tag, changelog)
    assert result.returncode == 1
    assert result.stdout == ""
    assert error in result.stderr


def test_release_has_the_zip_that_hacs_downloads() -> None:
    hacs = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    workflow = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert hacs["zip_release"]
    assert f"--output {hacs['filename']} HEAD:custom_components/upbit" in workflow
    assert f'gh release create "$GITHUB_REF_NAME" {hacs["filename"]} ' in workflow
