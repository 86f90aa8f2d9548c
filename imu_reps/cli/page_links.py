"""How somebody gets to the page: its links, and for phones a picture of the link."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from imu_reps.cli.console import say

if TYPE_CHECKING:
    from imu_reps.live.access import Access

#: Upper and lower module of two rows of the picture, light is 1: as a lit terminal shows it.
_HALVES = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}
QUIET_ZONE = 2


def say_links(access: Access, *, share: bool) -> None:
    """Say where the page is."""
    say(f"Page: {access.control_link}")
    if share:
        if _can_show(_HALVES[1, 1]):
            say(link_picture(access.control_link))
            say("The picture is that link, for the phone beside you: it starts and stops.")
        say(f"Only to watch: {access.view_link}")
        say("Plain HTTP, not encrypted: whoever has a link, or listens in this network, can see the page,")
        say("and with the first link start and stop. Share it in a network you trust.")


def link_picture(link: str) -> str:
    """A QR code of the link, in half blocks."""
    import segno

    modules = [list(row) for row in segno.make(link, error="l").matrix_iter(border=QUIET_ZONE)]
    light = [[1 - module for module in row] for row in modules]
    if len(light) % 2:
        light.append([0] * len(light[0]))
    pairs = zip(light[::2], light[1::2], strict=True)
    return "\n".join("".join(_HALVES[both] for both in zip(*rows, strict=True)) for rows in pairs)


def _can_show(character: str) -> bool:
    try:
        character.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
