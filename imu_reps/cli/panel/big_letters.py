"""Draw text several lines high, to be read from the floor."""

from __future__ import annotations

from functools import lru_cache

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
