"""Calls with one or two errors: every command, every option, impossible values."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click
from hypothesis import strategies as st

from imu_reps.cli.main import COMMANDS, main

Words = tuple[str, ...]

#: A call of each command that takes more words than its name; long ones end at a file in their way.
RIGHT: dict[str, Words] = {
    "demo": ("--fast", "--folder", "text.txt"),
    "scan": ("--seconds", "1"),
    "record": ("--virtual", "--speed", "0", "--reps", "1", "--folder", "text.txt"),
    "test end-range": ("set.csv",),
    "test setup": ("set.csv",),
    "report": ("set.csv",),
    "replay": ("set.csv",),
    "angles": ("set.csv", "-o", "new.csv"),
    "export": ("set.csv", "--as", "reps-csv", "-o", "new.csv"),
    "score": ("set.csv", "labels.csv"),
    "check": ("set.csv",),
    "import": ("foreign.csv", "-o", "new.csv"),
    "persons rename": ("kim", "lee"),
    "persons merge": ("kim", "ada"),
    "persons export": ("kim", "new.zip"),
    "persons delete": ("kim",),
    "correct": ("set.csv", "--remark", "tired"),
    "reanalyse": ("folder",),
    "batch": ("folder", "-o", "text.txt"),
    "simulate": ("-o", "new.csv", "--reps", "1"),
    "completion": ("bash",),
}

#: Options that wait for a person by design, and those that would let a long command begin.
LEFT_ALONE = ("--page", "--help")
IN_THE_WAY = {"demo": "--folder", "record": "--folder", "batch": "--out"}

LONG = "x" * 5000
NUMBERS = (
    "many",
    "",
    "nan",
    "inf",
    "-inf",
    "-1",
    "0",
    "1e400",
    "9" * 40,
    "0x10",
    "1,5",
    "٣",
    "1_0",
    "1e3",
    "\0",
)
NAMES = (
    "nobody",
    "",
    " ",
    LONG,
    "\0",
    "a\nb",
    "\x1b[2J",
    "../kim",
    "Žofie 訓練",
    "\udcff",
    "-",
    "=",
    ",",
    "a=b=c",
)
SETTINGS = (
    "tilt_flag_deg",
    "=",
    "tilt_flag_deg=",
    "tilt_flag_deg=nan",
    "preset=strict",
    "x=1",
    "min_range_deg=-9",
    "\0",
)
FILES = (
    *("missing.csv", "nowhere/new.csv", "set.csv/new.csv", "folder", "empty.csv", "text.txt", "picture.png"),
    *("garbage.csv.gz", "foreign.csv", "page.html", "table.json", "spoilt.csv", "pipe", "/dev/null", "s3://"),
    *("file:///", "~", ".", "..", *NAMES),
)


def leaves() -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something, by its words."""
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        inner = getattr(command, "commands", None)
        yield from ((f"{name} {one}", inner[one]) for one in inner) if inner else ((name, command),)


LEAVES = dict(leaves())


def wrong_values(parameter: click.Parameter) -> st.SearchStrategy[str]:
    """Values that are never, or hardly ever, valid for a parameter."""
    if isinstance(parameter.type, click.types.FloatParamType | click.types.IntParamType):
        return st.sampled_from(NUMBERS)
    if isinstance(parameter.type, click.Choice):
        return st.sampled_from(parameter.type.choices) | st.sampled_from(NAMES)
    if parameter.name == "changes":
        return st.sampled_from(SETTINGS)
    return st.sampled_from(FILES) | st.sampled_from(NUMBERS) | st.text(max_size=8)


@st.composite
def wrong_calls(draw: st.DrawFn) -> Words:
    """A call with one to three words changed, added or left out."""
    name = draw(st.sampled_from(sorted(LEAVES)))
    words = list(RIGHT.get(name, ()))
    for parameter in draw(st.lists(st.sampled_from(_changed(name)), min_size=1, max_size=3)):
        _change(draw, words, parameter)
    return (*name.split(), *words)


def _changed(name: str) -> list[click.Parameter | None]:
    """Return the parameters of a command; None stands for an unknown word."""
    alone = {*LEFT_ALONE, IN_THE_WAY.get(name)}
    return [None, *(one for one in LEAVES[name].params if not alone & set(one.opts))]


def _change(draw: st.DrawFn, words: list[str], parameter: click.Parameter | None) -> None:
    if parameter is None:
        words.insert(draw(st.integers(0, len(words))), draw(st.sampled_from(("--fly", "-Z", "more", ""))))
        return
    value = draw(wrong_values(parameter))
    if isinstance(parameter, click.Argument):
        places = [k for k, word in enumerate(words[:1]) if not word.startswith("-")]
        words[:0] = [value]
        if places and draw(st.booleans()):
            del words[1]
        return
    option = draw(st.sampled_from((*parameter.opts, *parameter.secondary_opts)))
    if option in words:
        place = words.index(option)
        del words[place : place + 1 + (not getattr(parameter, "is_flag", False))]
    words += [option] if getattr(parameter, "is_flag", False) else [option, value]


def make_world(folder: Path, recording: Path) -> None:
    """Write files of every kind, to be mistaken for each other."""
    (folder / "set.csv").write_bytes(recording.read_bytes())
    (folder / "folder").mkdir()
    (folder / "folder" / "set.csv").write_bytes(recording.read_bytes())
    contents = {
        "empty.csv": b"",
        "text.txt": b"Dear diary,\n",
        "picture.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(64),
        "garbage.csv.gz": b"\x1f\x8b\x08\0garbage",
        "foreign.csv": b"time,value\n0,1\n1,2\n",
        "labels.csv": b"start_s,end_s,label\n1,2,rep\n",
        "page.html": b"<!doctype html><title>mine</title>",
        "table.json": b'{"format": "mine", "rows": [[]]}',
        "spoilt.csv": recording.read_bytes()[:5000] + b"\0\xff\n" + recording.read_bytes()[9000:9500],
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe")


def contents(folder: Path) -> dict[Path, bytes]:
    """Return the content of all files."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
