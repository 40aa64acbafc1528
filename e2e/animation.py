"""Makes an animated PNG of pictures; `e2e.images` runs it with the demo's Python, which has Pillow for Home Assistant.

usage: python -m e2e.animation TARGET PICTURE:MILLISECONDS...
"""

import sys

from PIL import Image


def main(target: str, *frames: str) -> None:
    """Write the animation, which begins again when it has ended."""
    named = [frame.rpartition(":") for frame in frames]
    first, *others = [Image.open(path) for path, _, _ in named]
    durations = [int(milliseconds) for _, _, milliseconds in named]
    first.save(target, save_all=True, append_images=others, duration=durations, loop=0, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
