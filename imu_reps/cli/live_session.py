"""A session in a terminal: what happens scrolls by, and one compact panel below says how it stands."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from rich import box
from rich.console import Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from imu_reps.cli import session_words as words
from imu_reps.cli.console import rich_console
from imu_reps.cli.plain_session import say_event, say_finished
from imu_reps.domain.cue import Cue
from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.session.plan import SetGoal
from imu_reps.session.told import Connecting, Cued, Progress, Resting, SetBegan, SetDone, Told

#: A panel is drawn no more often: nobody reads faster, and drawing costs more than counting.
DRAWN_EVERY_S = 0.33
#: A cue stays so long.
CUE_SHOWN_S = 2.5
#: Wide enough for all there is to say, narrow enough to be taken in at a glance.
WIDTH = 76


class LiveSession:
    """Shows what a session tells; a context manager."""

    def __init__(self) -> None:
        self._console = rich_console(sys.stdout)
        self._live: Live | None = None
        self._drawn_s = 0.0
        self._title = ""
        self._goal: SetGoal | None = None
        self._cue: Cue | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._take_down()

    def __call__(self, told: Told) -> None:
        """Show one thing."""
        match told:
            case Connecting():
                self._draw(
                    _panel("Looking for both sensors", Text("Keep them near and awake."), "Ctrl-C ends.")
                )
            case SetBegan():
                self._begin(told)
            case Progress() if self._goal is not None and self._is_due():
                self._draw(_panel(self._title, _running(told, self._goal, self._cue), words.KEYS_IN_SET))
            case Cued(cue=cue):
                self._cue = cue if cue.words else self._cue
            case Resting() if self._is_due():
                self._draw(_panel("Rest", _resting(told), words.KEYS_IN_REST))
            case SetDone():
                self._take_down()
                say_finished(told.finished)
                print()
            case Progress() | Resting():
                pass
            case _:
                self._take_down()
                say_event(told)

    def _begin(self, told: SetBegan) -> None:
        self._take_down()
        self._goal, self._cue = told.goal, None
        parts = [words.exercise(told.goal), words.which_set(told.number, told.of)]
        self._title = " · ".join(part for part in parts if part)
        print(f"Recording to {told.path}")
        if told.tap:
            print(words.TAP)

    def _is_due(self) -> bool:
        return time.monotonic() - self._drawn_s >= DRAWN_EVERY_S

    def _draw(self, panel: RenderableType) -> None:
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(panel, refresh=True)
        self._drawn_s = time.monotonic()

    def _take_down(self) -> None:
        """Remove the panel, so that lines can be written."""
        if self._live is not None:
            self._live.stop()
            self._live = None
            self._drawn_s = 0.0


def _panel(title: str, content: RenderableType, keys: str) -> Panel:
    return Panel(
        content,
        title=Text(title, style="bold"),
        subtitle=Text(keys.rstrip("."), style="dim"),
        title_align="left",
        subtitle_align="left",
        width=WIDTH,
        box=box.ROUNDED,
    )


def _running(progress: Progress, goal: SetGoal, cue: Cue | None) -> RenderableType:
    now = Table.grid(expand=True)
    now.add_column(width=20)
    now.add_column(width=24)
    now.add_column(justify="right")
    now.add_row(
        Text(words.count(progress, goal), style="bold green"),
        Text(words.phase(progress), style="bold"),
        Text(words.clock(progress.time_s), style="dim"),
    )
    return Group(now, _cue(cue, progress.time_s), Text(_tempo(progress, goal)), *_links(progress))


def _cue(cue: Cue | None, time_s: float) -> Text:
    """What the coach said last, for a moment; an empty line else, so that nothing jumps."""
    if cue is None or time_s - cue.time_s > CUE_SHOWN_S:
        return Text()
    return Text(cue.words, style="bold red" if cue.tone in ("fault", "stop") else "bold cyan")


def _tempo(progress: Progress, goal: SetGoal) -> str:
    last = words.tempo(progress.last_rep)
    aim = "" if goal.tempo is None else f"aim {words.aimed_tempo(goal.tempo)}"
    return " · ".join(part for part in (last and f"last rep {last}", aim) if part)


def _resting(told: Resting) -> RenderableType:
    lines = [Text(words.next_set(told), style="bold")]
    if told.move_to is not None:
        lines.append(Text(words.move(told.move_to), style="bold yellow"))
    return Group(*lines, *_links(told))


def _links(told: Progress | Resting) -> list[Text]:
    return [
        Text(words.link(place, status), style="" if status.state == "streaming" else "bold red")
        for place in SENSOR_PLACES
        if (status := told.links.get(place)) is not None
    ]
