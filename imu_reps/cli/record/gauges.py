"""Gauges of the live panel, one line each, and big letters to be read from the floor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from rich.text import Text

from imu_reps.domain.cue import Alert
from imu_reps.domain.events import Phase
from imu_reps.view.session_snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class PanelSizes:
    """Layout of the panel in columns and rows, and ranges of its gauges."""

    #: Columns of a gauge's name.
    name_columns: int = 6
    #: Columns of a gauge's value; the bar takes the rest.
    value_columns: int = 15
    #: A narrower bar is omitted.
    min_bar: int = 6
    #: Range of the bands to either side.
    span_deg: float = 15.0
    #: Range of the leg gauge.
    way_deg: float = 90.0
    #: A part of the tempo that takes this many times its target is late.
    late: float = 1.25
    #: Maximum width: wider is not taken in at a glance.
    max_columns: int = 120
    #: Lines left above the panel for scrolling output.
    spared_rows: int = 4
    #: Rows that the frame takes.
    frame_rows: int = 2
    #: Columns that the frame takes.
    frame_columns: int = 4
    #: From this many rows on the keys are shown inside if they do not fit on the frame.
    min_rows_for_keys: int = 12
    #: Maximum rows for problems.
    trouble_rows: int = 3
    #: Columns next to the figure, for the longest phase in big letters.
    beside_columns: int = 24
    #: Columns between figure and phase.
    gap: int = 3
    #: How long a cue stays visible.
    cue_shown_s: float = 2.5


SIZES = PanelSizes()


STYLES: dict[Alert, str] = {"none": "green", "watch": "yellow", "flag": "bold red"}
_WORDS: dict[Alert, str] = {"none": "good", "watch": "watch", "flag": "too far"}
_PARTS: dict[Phase, str] = {"eccentric": "down", "bottom": "hold", "concentric": "up", "top": "hold"}


@dataclass(frozen=True, slots=True)
class Marks:
    """Characters that bars are drawn with: zones differ by character, not by colour alone."""

    full: str
    empty: str
    floor: str
    needle: str
    zones: dict[Alert, str]


BLOCKS = Marks("█", "░", "║", "█", {"none": "─", "watch": "▒", "flag": "▓"})
PLAIN = Marks("#", ".", "|", "O", {"none": "-", "watch": "=", "flag": "X"})


@dataclass(frozen=True, slots=True)
class Gauge:
    """One line: a name, a bar that fills the available width, a value."""

    name: str
    bar: Callable[[int], Text]
    value: str
    style: str = ""

    def line(self, columns: int) -> Text:
        """Draw the line, at most `columns` wide; without its bar if that would be too short."""
        room = columns - SIZES.name_columns - SIZES.value_columns - 1
        line = Text(self.name.ljust(SIZES.name_columns), no_wrap=True)
        if room >= SIZES.min_bar:
            line.append_text(self.bar(room)).append(" ")
        return line.append(self.value, style=self.style)


def gauges(snapshot: Snapshot, marks: Marks) -> list[Gauge]:
    """Return all gauges of a snapshot, the most important first."""
    aim, bounds = snapshot.aim, snapshot.limits
    tempo = [] if aim.eccentric_s is None else [_tempo(snapshot, marks)]
    watch, flag = bounds.tilt_watch_deg, bounds.tilt_flag_deg
    tilt = _band("back", snapshot.tilt_deg, lambda deg: _zone(deg, watch, flag), marks)
    wide, far = bounds.rotation_watch_deg, bounds.rotation_flag_deg
    rotation = _band("hips", snapshot.rotation_deg, lambda deg: _zone(abs(deg), wide, far), marks)
    return [*tempo, _leg(snapshot, marks), tilt, rotation]


def degrees(angle_deg: float | None) -> str:
    """Format whole degrees, or "not measured"."""
    return "not measured" if angle_deg is None else f"{round(angle_deg)}°"


def _tempo(snapshot: Snapshot, marks: Marks) -> Gauge:
    """Gauge of the seconds elapsed in this part of the tempo; the lowering before the first movement."""
    phase = snapshot.phase or "eccentric"
    whole_s = getattr(snapshot.aim, f"{phase}_s") or 0.0
    runs = snapshot.state == "running" and snapshot.phase is not None
    elapsed_s = max(0.0, snapshot.time_s - snapshot.phase_since_s) if runs else 0.0
    value, style = _pace(snapshot, phase, elapsed_s, whole_s)
    share = min(1.0, elapsed_s / whole_s) if whole_s > 0.0 else 0.0

    def bar(columns: int) -> Text:
        full = round(share * columns)
        return Text(full * marks.full, style=style or "cyan").append((columns - full) * marks.empty, "dim")

    return Gauge(_PARTS[phase], bar, value, style)


def _pace(snapshot: Snapshot, phase: Phase, elapsed_s: float, whole_s: float) -> tuple[str, str]:
    """Return text and style of the tempo gauge; a `slower` cue in this lowering means too fast."""
    cue = snapshot.cue
    slower = cue is not None and cue.code == "slower" and snapshot.phase_since_s <= cue.time_s
    if phase == "eccentric" and slower:
        return f"{elapsed_s:.1f} s too fast", STYLES["watch"]
    if whole_s == 0.0:
        return "no hold", ""
    if elapsed_s > SIZES.late * whole_s:
        return f"{elapsed_s:.1f} of {whole_s:g} s late", STYLES["watch"]
    return f"{elapsed_s:.1f} of {whole_s:g} s", ""


def _leg(snapshot: Snapshot, marks: Marks) -> Gauge:
    """Gauge of leg elevation, with the person's floor and the target as marks."""
    leg_deg, limits = snapshot.leg_deg, snapshot.limits
    set_deg = {"bold magenta": limits.floor_deg, "bold green": limits.aimed_deg}
    lowest_deg = -SIZES.way_deg if snapshot.aim.exercise == "heel_tap" else 0.0

    def cell(angle_deg: float, columns: int) -> int:
        return round(max(0.0, min(1.0, (angle_deg - lowest_deg) / SIZES.way_deg)) * columns)

    def bar(columns: int) -> Text:
        full = 0 if leg_deg is None else cell(leg_deg, columns)
        text = Text(full * marks.full, style="blue").append((columns - full) * marks.empty, "dim")
        for style, angle_deg in set_deg.items():
            if angle_deg is not None:
                at = min(cell(angle_deg, columns), columns - 1)
                text = text[:at].append(marks.floor, style).append_text(text[at + 1 :])
        return text

    floor = "" if limits.floor_deg is None else f" floor {round(limits.floor_deg)}°"
    aimed = "" if limits.aimed_deg is None else f" aim {round(limits.aimed_deg)}°"
    shown = "-" if leg_deg is None and (floor or aimed) else degrees(leg_deg)
    return Gauge("leg", bar, f"{shown}{floor}{aimed}")


def _zone(deviation_deg: float, watch_deg: float, flag_deg: float) -> Alert:
    if deviation_deg > flag_deg:
        return "flag"
    return "watch" if deviation_deg > watch_deg else "none"


def _band(name: str, angle_deg: float | None, zone: Callable[[float], Alert], marks: Marks) -> Gauge:
    """Gauge with a needle among coloured zones."""

    def bar(columns: int) -> Text:
        levels = [zone(_angle_at(cell, columns)) for cell in range(columns)]
        text = Text()
        for level, cells in groupby(levels):
            text.append(len(list(cells)) * marks.zones[level], STYLES[level])
        if angle_deg is None:
            return text
        # blanks set the needle off from every zone
        at = max(1, min(columns - 2, _cell_of(angle_deg, columns)))
        return text[: at - 1].append(f" {marks.needle} ", "bold").append_text(text[at + 2 :])

    if angle_deg is None:
        return Gauge(name, bar, degrees(None), "dim")
    level = zone(angle_deg)
    return Gauge(name, bar, f"{degrees(angle_deg)} {_WORDS[level]}", STYLES[level])


def _angle_at(cell: int, columns: int) -> float:
    """Return the angle in the middle of a bar's cell."""
    return (2.0 * (cell + 0.5) / columns - 1.0) * SIZES.span_deg


def _cell_of(angle_deg: float, columns: int) -> int:
    share = (max(-SIZES.span_deg, min(SIZES.span_deg, angle_deg)) / SIZES.span_deg + 1.0) / 2.0
    return int(share * columns)


#: Rows of pixels per character; characters without a glyph are not drawn.
_ROWS = 5
#: Terminal lines that the smallest big letters take.
LINE_ROWS = 3
_GLYPHS = {
    "0": "### #.# #.# #.# ###",
    "1": ".#. ##. .#. .#. ###",
    "2": "### ..# ### #.. ###",
    "3": "### ..# ### ..# ###",
    "4": "#.# #.# ### ..# ..#",
    "5": "### #.. ### ..# ###",
    "6": "### #.. ### #.# ###",
    "7": "### ..# ..# .#. .#.",
    "8": "### #.# ### #.# ###",
    "9": "### #.# ### ..# ###",
    "A": ".#. #.# ### #.# #.#",
    "B": "##. #.# ##. #.# ##.",
    "C": "### #.. #.. #.. ###",
    "D": "##. #.# #.# #.# ##.",
    "E": "### #.. ##. #.. ###",
    "F": "### #.. ##. #.. #..",
    "G": "### #.. #.# #.# ###",
    "H": "#.# #.# ### #.# #.#",
    "I": "# # # # #",
    "J": "..# ..# ..# #.# ###",
    "K": "#.# #.# ##. #.# #.#",
    "L": "#.. #.. #.. #.. ###",
    "M": "#...# ##.## #.#.# #...# #...#",
    "N": "#..# ##.# #.## #..# #..#",
    "O": "### #.# #.# #.# ###",
    "P": "### #.# ### #.. #..",
    "Q": "###. #.#. #.#. #.#. ####",
    "R": "##. #.# ##. #.# #.#",
    "S": "### #.. ### ..# ###",
    "T": "### .#. .#. .#. .#.",
    "U": "#.# #.# #.# #.# ###",
    "V": "#.# #.# #.# #.# .#.",
    "W": "#...# #...# #.#.# ##.## #...#",
    "X": "#.# #.# .#. #.# #.#",
    "Y": "#.# #.# ### .#. .#.",
    "Z": "### ..# .#. #.. ###",
    ":": ". # . # .",
    ",": ".. .. .. .# #.",
    ".": ". . . . #",
    "!": "# # # . #",
    "-": "... ... ### ... ...",
    " ": ".. .. .. .. ..",
}
_HALVES = {"..": " ", "#.": "▀", ".#": "▄", "##": "█"}
_PLAIN_HALVES = {"..": " ", "##": "#"}


@lru_cache(maxsize=512)
def big(text: str, columns: int, rows: int, *, plain: bool = False) -> tuple[str, ...]:
    """Draw a text on one line, as large as it fits.

    Parameters
    ----------
    columns, rows : int
        Available space, in characters.
    plain : bool
        Draw with ``#`` only, where block characters cannot be shown.

    Returns
    -------
    tuple of str
        Rows of equal length; empty if it does not fit, or has characters without a glyph.
    """
    pixels = _pixels(text)
    if not pixels:
        return ()
    scale = min(columns // len(pixels[0]), 2 * rows // _ROWS)
    if plain:
        scale -= scale % 2  # an odd scale needs half blocks
    return _drawn(pixels, scale, _PLAIN_HALVES if plain else _HALVES) if scale > 0 else ()


@lru_cache(maxsize=64)
def big_words(text: str, columns: int, rows: int) -> tuple[str, ...]:
    """Draw a text in the smallest big letters on as few lines as possible; empty if it does not fit.

    Parameters
    ----------
    columns, rows : int
        Available space, in characters.

    Returns
    -------
    tuple of str
        `LINE_ROWS` rows of equal length for each line.
    """
    lines = _broken(text.split(), columns)
    if not lines or len(lines) * LINE_ROWS > rows:
        return ()
    # balance the lines: as narrow as this number of lines allows
    while (narrower := _broken(text.split(), columns - 1)) and len(narrower) == len(lines):
        lines, columns = narrower, columns - 1
    drawn = [row for line in lines for row in big(line, columns, LINE_ROWS)]
    width = max(map(len, drawn))
    return tuple(row.center(width) for row in drawn)


def _broken(words: list[str], columns: int) -> list[str]:
    """Wrap words into lines of at most `columns`; empty if a single word is longer."""
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]} {word}" if lines else word
        if big(longer, columns, LINE_ROWS):
            lines[-1:] = [longer]
        elif big(word, columns, LINE_ROWS):
            lines.append(word)
        else:
            return []
    return lines


def _pixels(text: str) -> list[str]:
    glyphs = [_GLYPHS.get(character, "").split() for character in text.upper()]
    if not glyphs or not all(glyphs):
        return []
    return [".".join(glyph[row] for glyph in glyphs) for row in range(_ROWS)]


def _drawn(pixels: list[str], scale: int, halves: dict[str, str]) -> tuple[str, ...]:
    """Draw every pixel `scale` columns wide and `scale` half rows high: a square in most terminals."""
    wide = ["".join(pixel * scale for pixel in row) for row in pixels for _ in range(scale)]
    if len(wide) % 2:
        wide.append("." * len(wide[0]))
    pairs = zip(wide[::2], wide[1::2], strict=True)
    return tuple("".join(halves[a + b] for a, b in zip(*both, strict=True)) for both in pairs)
