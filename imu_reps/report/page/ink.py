"""Pictures whose colours the page decides: drawn in stand-in colours that become variables of its style."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

#: Names of the style's variables and the colours that stand for them while drawing.
INKS = {
    "ink": "#010101",
    "dim": "#020202",
    "rule": "#030303",
    "leg": "#040404",
    "pelvis": "#050505",
    "up": "#060606",
    "down": "#070707",
    "fault": "#080808",
    "watch": "#090909",
    "good": "#0a0a0a",
}

#: Room for ticks and labels: left, right, bottom, top.
MARGINS_IN = (0.62, 0.12, 0.52, 0.3)

_STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9.0,
    "text.color": INKS["ink"],
    "axes.edgecolor": INKS["rule"],
    "axes.labelcolor": INKS["dim"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INKS["dim"],
    "ytick.color": INKS["dim"],
    "grid.color": INKS["rule"],
    "grid.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


@contextmanager
def drawing(name: str, *, width_in: float = 8.0, height_in: float = 2.6) -> Iterator[tuple[Figure, Axes]]:
    """A figure with one pair of axes; inside, colours are those of `INKS`.

    Parameters
    ----------
    name : str
        Distinguishes the picture's inner names from those of others on the page.
    """
    style: Any = {**_STYLE, "svg.hashsalt": name}
    with rc_context(style):
        figure = Figure(figsize=(width_in, height_in))
        axes = figure.subplots()
        left, right, bottom, top = MARGINS_IN
        # fixed, not fitted: the same set then gives the same picture to the byte
        figure.subplots_adjust(
            left / width_in, bottom / height_in, 1.0 - right / width_in, 1.0 - top / height_in
        )
        yield figure, axes


def svg(figure: Figure, title: str) -> str:
    """The figure as an SVG element for a page, with a title for those who do not see it."""
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    element = text.getvalue()
    element = element[element.index("<svg") :]
    element = re.sub(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"', r"\1", element, count=1)
    for name, colour in INKS.items():
        element = element.replace(colour, f"var(--{name})")
    label = title.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return element.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
