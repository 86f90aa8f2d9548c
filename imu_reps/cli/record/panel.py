"""The live panel of a session in a terminal, drawn from the same snapshot as the page."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from textwrap import wrap
from typing import Self

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from imu_reps.cli import session_messages as messages
from imu_reps.cli.console import rich_console, what_ends
from imu_reps.cli.record.gauges import BLOCKS, LINE_ROWS, PLAIN, SIZES, STYLES, big, big_words, gauges
from imu_reps.cli.record.plain_session import echo_event, echo_finished, event_line
from imu_reps.domain.cue import Alert
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.domain.settings import Settings
from imu_reps.domain.untrusted import printable
from imu_reps.session.session_events import FileMoved, SessionEvent, SetBegan, SetDone, WriteFailed
from imu_reps.view.session_snapshot import Aim, LinkView, Snapshot, limits, update_snapshot


class LiveSession:
    """Show a session's events, and between them a live panel; a context manager that removes it at the end.

    Parameters
    ----------
    settings : Settings
        Thresholds of the bands that are drawn.
    reports : bool
        Whether to print the report of each set.
    """

    def __init__(self, settings: Settings, *, reports: bool) -> None:
        self._reports = reports
        self._settings = settings
        self._snapshot = Snapshot(Aim(), limits(settings))
        self._console = rich_console(sys.stdout)
        self._live: Live | None = None
        self._due_s = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._take_down()

    def __call__(self, event: SessionEvent) -> None:
        """Show one event."""
        self._snapshot, moments = update_snapshot(self._snapshot, event, self._settings)
        match event:
            case SetBegan():
                self._take_down()
                print(messages.recording_to(event))
                if event.tap:
                    print(messages.TAP)
            case SetDone():
                self._take_down()
                echo_finished(event.finished, report=self._reports)
                print()
            case WriteFailed() | FileMoved():
                self._take_down()
                echo_event(event)
            case _:
                self._show(event_line(event), at_once=bool(moments))

    def _show(self, line: str | None, *, at_once: bool) -> None:
        """Write a line above the panel, and redraw the panel if that is due."""
        began_s = time.monotonic()
        if line is None and not at_once and began_s < self._due_s:
            return
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(LivePanel(self._snapshot, self._keys()), refresh=line is None)
        if line is not None:  # printing redraws the panel
            self._console.print(Text(printable(line)))
        now_s = time.monotonic()
        # drawing costs as much as counting; slow terminals get a rest of four times what it took
        self._due_s = now_s + max(0.15, 4.0 * (now_s - began_s))

    def _take_down(self) -> None:
        """Remove the panel, so that anything can be written."""
        if self._live is not None:
            self._live.stop()
            self._live = None
            self._due_s = float("-inf")

    def _keys(self) -> str:
        if self._snapshot.replay:
            return f"{what_ends()} ends."
        return messages.keys_in_rest() if self._snapshot.state == "resting" else messages.keys_in_set()


def can_show_panel() -> bool:
    """Return whether standard output is a terminal that can be redrawn."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")


_MESSAGE_STYLES: dict[Alert, str] = {
    "none": "bold cyan",
    "watch": "bold black on yellow",
    "flag": "bold white on red",
}

#: Severity marks for terminals without colour.
_MESSAGE_MARKS: dict[Alert, str] = {"none": "", "watch": "!", "flag": "!!"}


@dataclass(frozen=True, slots=True)
class LivePanel:
    """The panel with the keys that can be pressed; it fits the terminal, what has no room is omitted."""

    snapshot: Snapshot
    keys: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the panel, within the available width and height."""
        width = min(options.max_width, SIZES.max_columns)
        height = max(options.size.height - SIZES.spared_rows, 1)
        columns, rows, plain = width - SIZES.frame_columns, height - SIZES.frame_rows, options.ascii_only
        on_edge = columns - SIZES.frame_columns  # columns of text that stand on the frame
        if rows < 1 or on_edge <= 0:
            yield from _lines(self.snapshot, width, height, plain=plain)
            return
        keys = self.keys.rstrip(".")
        on_frame = len(keys) <= on_edge or rows < SIZES.min_rows_for_keys
        below = [] if on_frame else [Text(line, "dim") for line in wrap(keys, columns)]
        yield Panel(
            Group(*_lines(self.snapshot, columns, rows - len(below), plain=plain), *below),
            title=_cropped(Text(_title_words(self.snapshot, on_edge), "bold"), on_edge),
            subtitle=_cropped(Text(keys, "dim"), on_edge) if on_frame else None,
            title_align="left",
            subtitle_align="left",
            width=width,
            box=box.ROUNDED,
        )


def _lines(snapshot: Snapshot, columns: int, rows: int, *, plain: bool) -> list[Text]:
    """Return figure, message, gauges and links; the last gauges are omitted first."""
    links = _links(snapshot, columns, SIZES.trouble_rows if rows >= SIZES.min_rows_for_keys else 1)
    moving = snapshot.state not in ("resting", "ended")
    every = gauges(snapshot, PLAIN if plain else BLOCKS) if moving else []
    shown = [gauge.line(columns) for gauge in every[: max(0, rows - len(links) - LINE_ROWS - 1)]]
    room = rows - len(links) - len(shown)
    message = _message(snapshot, columns, room - LINE_ROWS, plain=plain)
    head = _head(snapshot, columns, room - len(message), plain=plain)
    return [_cropped(line, columns) for line in [*head, *message, *shown, *links][:rows]]


def _head(snapshot: Snapshot, columns: int, rows: int, *, plain: bool) -> list[Text]:
    """Return the figure as large as it fits, with the phase and its meaning to the right."""
    phase, meaning, count = _phase_words(snapshot), _meaning_words(snapshot), _figure_words(snapshot)
    beside = min(SIZES.beside_columns, columns // 2)
    figure = big(count, columns - beside - SIZES.gap, rows, plain=plain)
    if not figure:
        text = [phase, count, *meaning]
        return [Text(" · ".join(filter(None, text)), style="bold green")]
    room = columns - len(figure[0]) - SIZES.gap
    text = [*(big(phase, room, min(LINE_ROWS, len(figure) - 2), plain=plain) or (phase,)), *meaning]
    text += [""] * (len(figure) - len(text))
    return [
        Text.assemble((row + SIZES.gap * " ", "bold green"), (line, "bold"))
        for row, line in zip(figure, text, strict=False)
    ]


def _message(snapshot: Snapshot, columns: int, rows: int, *, plain: bool) -> list[Text]:
    """Return the message, in big letters if they fit; its space is reserved so that nothing jumps."""
    text, level = _message_words(snapshot)
    mark, style = _MESSAGE_MARKS[level], _MESSAGE_STYLES[level] if text else ""
    room = columns - 2 * len(mark) - 2
    lines: tuple[str, ...] = (text,)
    if rows >= LINE_ROWS:
        lines = (() if plain else big_words(text, room, rows)) or _wrapped(text, room)
    return [Text(f"{mark} {line.center(room)} {mark}", style=style) for line in lines]


def _wrapped(text: str, columns: int) -> tuple[str, ...]:
    """Wrap text into the rows that big letters would take."""
    lines = wrap(text, max(columns, 1))[:LINE_ROWS]
    return ("", *lines, "", "")[:LINE_ROWS] if len(lines) < LINE_ROWS else tuple(lines)


def _links(snapshot: Snapshot, columns: int, rows: int) -> list[Text]:
    """Return problems in at most `rows` rows, then both sensors, on one line if they fit."""
    links = [_link(place, link) for place in SENSOR_PLACES if (link := snapshot.links.get(place)) is not None]
    both = Text("   ").join(links)
    wrong = " ".join((snapshot.trouble or "").split())
    lines = wrap(f"! {wrong}", max(columns, 3), subsequent_indent="  ")[:rows] if wrong else []
    trouble = [Text(line, style=STYLES["flag"]) for line in lines]
    return [*trouble, *([both] if links and both.cell_len <= columns else links)]


def _link(place: SensorPlace, link: LinkView) -> Text:
    text = messages.link(place, link)
    if link.state != "streaming":
        return Text(f"! {text}", style=STYLES["flag"])
    return Text(text, style=STYLES["watch"] if link.battery_low else "")


def _cropped(text: Text, columns: int) -> Text:
    text.no_wrap, text.overflow = True, "crop"
    text.truncate(max(columns, 1))
    return text


def _title_words(snapshot: Snapshot, columns: int) -> str:
    """Return the exercise, and the set's number if it fits."""
    if not snapshot.started:
        return "imu-reps"
    exercise = messages.exercise(snapshot.aim)
    which = messages.which_set(snapshot.set_number, snapshot.set_of)
    both = f"{exercise} · {which}"
    return both if which and len(both) <= columns else exercise


def _figure_words(snapshot: Snapshot) -> str:
    """Return the largest figure: the count, remaining rest, seconds of a hold, or the time.

    Empty before the session starts.
    """
    if snapshot.state == "resting":
        return messages.clock(snapshot.remaining_s or 0.0)
    if not snapshot.started:
        return ""
    if not snapshot.aim.counts:
        return messages.clock(snapshot.time_s)
    return messages.clock(snapshot.held_s or 0.0) if snapshot.aim.exercise in HOLDS else str(snapshot.count)


def _phase_words(snapshot: Snapshot) -> str:
    if snapshot.state == "resting":
        return "rest"
    return messages.PHASES.get(snapshot.phase or "", "") if snapshot.state == "running" else ""


def _meaning_words(snapshot: Snapshot) -> list[str]:
    """Return what the largest figure means, and the time."""
    if snapshot.state == "resting":
        next_set = messages.which_set(snapshot.set_number + 1, snapshot.set_of)
        return [f"until {next_set or 'the next set'}"]
    if not snapshot.started:
        return ["Keep them near and awake."]
    if not snapshot.aim.counts:
        return ["since it began"]
    if snapshot.aim.exercise in HOLDS:
        return ["held"]
    return [messages.count(snapshot.count, snapshot.aim.reps), messages.clock(snapshot.time_s)]


def _message_words(snapshot: Snapshot) -> tuple[str, Alert]:
    """Return the latest cue, or what to do now, and its severity."""
    cue = snapshot.cue
    if cue is None or cue.words == str(snapshot.count) or snapshot.state == "ended":
        return _to_do(snapshot), "none"
    fresh = 0.0 <= snapshot.time_s - cue.time_s <= SIZES.cue_shown_s
    return (cue.words, cue.alert) if fresh else (_to_do(snapshot), "none")


def _to_do(snapshot: Snapshot) -> str:
    match snapshot.state:
        case "waiting":
            return "be still for a moment" if snapshot.started else _looked_for(snapshot)
        case "ready":
            return "ready when you are"
        case "resting":
            missing = [place for place, link in snapshot.links.items() if link.state != "streaming"]
            if missing and not snapshot.remaining_s:
                return f"waiting for the {' and the '.join(missing)} sensor"
            return messages.move(snapshot.move_to).rstrip(".")
        case "ended":
            return "set over"
        case _:
            return ""


def _looked_for(snapshot: Snapshot) -> str:
    awaited = [place for place, link in snapshot.links.items() if link.state == "awaited"]
    return f"looking for the {awaited[0]} sensor" if len(awaited) == 1 else "looking for both sensors"
