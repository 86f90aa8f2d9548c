"""The panel of a set in a terminal, drawn from the same picture as the page."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.panel import Panel
from rich.text import Text

from imu_reps.cli import session_words as words
from imu_reps.cli.panel import picture_words
from imu_reps.cli.panel.big_letters import LINE_ROWS, big, big_words
from imu_reps.cli.panel.gauges import BLOCKS, PLAIN, STYLES, gauges
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.view.snapshot import Alert, LinkView, Snapshot

#: Wider than this nothing is taken in at a glance.
MAX_COLUMNS = 120
#: Lines left above for what scrolls by.
SPARED_ROWS = 4
#: A frame's lines and columns.
FRAME_ROWS, FRAME_COLUMNS = 2, 4
#: In so many rows there is room for the keys too, where the frame is too short for them.
MIN_ROWS_FOR_KEYS = 12
#: And for what went wrong, in so many rows at most.
TROUBLE_ROWS = 3
#: Columns kept beside the figure: the longest phase in big letters, where there is room for it.
BESIDE_COLUMNS = 24
GAP = 3

_MESSAGE_STYLES: dict[Alert, str] = {
    "none": "bold cyan",
    "watch": "bold black on yellow",
    "flag": "bold white on red",
}
#: How grave a warning is, said without colour.
_MESSAGE_MARKS: dict[Alert, str] = {"none": "", "watch": "!", "flag": "!!"}


@dataclass(frozen=True, slots=True)
class LivePanel:
    """What rich draws: it fits the terminal it is drawn in, and what has no room is left out.

    Attributes
    ----------
    picture : Snapshot
    keys : str
        What can be pressed.
    """

    picture: Snapshot
    keys: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it, no wider and no higher than there is room."""
        columns = min(options.max_width, MAX_COLUMNS) - FRAME_COLUMNS
        rows = max(options.size.height - SPARED_ROWS, 1) - FRAME_ROWS
        plain = options.ascii_only
        if rows < 1 or columns <= FRAME_COLUMNS:
            yield from _lines(self.picture, columns + FRAME_COLUMNS, rows + FRAME_ROWS, plain=plain)
            return
        keys = self.keys.rstrip(".")
        on_frame = len(keys) <= columns - FRAME_COLUMNS or rows < MIN_ROWS_FOR_KEYS
        below = [] if on_frame else [Text(line, "dim") for line in wrap(keys, columns)]
        yield Panel(
            Group(*_lines(self.picture, columns, rows - len(below), plain=plain), *below),
            title=_cropped(
                Text(picture_words.title(self.picture, columns - FRAME_COLUMNS), "bold"),
                columns - FRAME_COLUMNS,
            ),
            subtitle=_cropped(Text(keys, "dim"), columns - FRAME_COLUMNS) if on_frame else None,
            title_align="left",
            subtitle_align="left",
            width=columns + FRAME_COLUMNS,
            box=box.ROUNDED,
        )


def _lines(picture: Snapshot, columns: int, rows: int, *, plain: bool) -> list[Text]:
    """Figure, message, gauges and links; where room is short the last gauges go first."""
    links = _links(picture, columns, TROUBLE_ROWS if rows >= MIN_ROWS_FOR_KEYS else 1)
    moving = picture.state not in ("resting", "ended")
    every = gauges(picture, PLAIN if plain else BLOCKS) if moving else []
    shown = [gauge.line(columns) for gauge in every[: max(0, rows - len(links) - LINE_ROWS - 1)]]
    room = rows - len(links) - len(shown)
    message = _message(picture, columns, room - LINE_ROWS, plain=plain)
    head = _head(picture, columns, room - len(message), plain=plain)
    return [_cropped(line, columns) for line in [*head, *message, *shown, *links][:rows]]


def _head(picture: Snapshot, columns: int, rows: int, *, plain: bool) -> list[Text]:
    """The figure as large as it fits, and beside it the phase and what the figure means."""
    phase, meaning = picture_words.phase(picture), picture_words.meaning(picture)
    beside = min(BESIDE_COLUMNS, columns // 2)
    figure = big(picture_words.figure(picture), columns - beside - GAP, rows, plain=plain)
    if not figure:
        said = [phase, picture_words.figure(picture), *meaning]
        return [Text(" · ".join(filter(None, said)), style="bold green")]
    room = columns - len(figure[0]) - GAP
    said = [*(big(phase, room, min(LINE_ROWS, len(figure) - 2), plain=plain) or (phase,)), *meaning]
    said += [""] * (len(figure) - len(said))
    return [
        Text.assemble((row + GAP * " ", "bold green"), (line, "bold"))
        for row, line in zip(figure, said, strict=False)
    ]


def _message(picture: Snapshot, columns: int, rows: int, *, plain: bool) -> list[Text]:
    """What is said, in big letters where they fit; its room is kept, so that nothing jumps."""
    said, level = picture_words.message(picture)
    mark, style = _MESSAGE_MARKS[level], _MESSAGE_STYLES[level] if said else ""
    room = columns - 2 * len(mark) - 2
    lines: tuple[str, ...] = (said,)
    if rows >= LINE_ROWS:
        lines = (() if plain else big_words(said, room, rows)) or _wrapped(said, room)
    return [Text(f"{mark} {line.center(room)} {mark}", style=style) for line in lines]


def _wrapped(said: str, columns: int) -> tuple[str, ...]:
    """Plain words in the rows of big ones."""
    lines = wrap(said, max(columns, 1))[:LINE_ROWS]
    return ("", *lines, "", "")[:LINE_ROWS] if len(lines) < LINE_ROWS else tuple(lines)


def _links(picture: Snapshot, columns: int, rows: int) -> list[Text]:
    """What went wrong, in so many rows at most, then both sensors: on one line if they fit."""
    links = [_link(place, link) for place in SENSOR_PLACES if (link := picture.links.get(place)) is not None]
    both = Text("   ").join(links)
    wrong = " ".join((picture.trouble or "").split())
    lines = wrap(f"! {wrong}", max(columns, 3), subsequent_indent="  ")[:rows] if wrong else []
    trouble = [Text(line, style=STYLES["flag"]) for line in lines]
    return [*trouble, *([both] if links and both.cell_len <= columns else links)]


def _link(place: SensorPlace, link: LinkView) -> Text:
    said = words.link(place, link)
    if link.state != "streaming":
        return Text(f"! {said}", style=STYLES["flag"])
    return Text(said, style=STYLES["watch"] if words.is_low(link.battery_percent) else "")


def _cropped(text: Text, columns: int) -> Text:
    text.no_wrap, text.overflow = True, "crop"
    text.truncate(max(columns, 1))
    return text
