"""Gives a new demo its past, and runs Home Assistant: ``with_past.py DATABASE [option of Home Assistant]...``.

One process does both, because both import the recorder, which takes seconds.
"""

from datetime import UTC, datetime
from pathlib import Path
import sys

from homeassistant.__main__ import main

REPOSITORY = str(Path(__file__).parent.parent)

if __name__ == "__main__":
    # While Home Assistant runs, the project's ``custom_components`` would hide the configuration's.
    sys.path.insert(0, REPOSITORY)
    from demo.past import make_past

    sys.path.remove(REPOSITORY)
    make_past(Path(sys.argv.pop(1)), datetime.now(UTC))
    sys.exit(main())
