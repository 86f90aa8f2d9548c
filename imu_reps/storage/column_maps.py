"""Named column maps of ``imu-reps import``, in a TOML file next to the profiles."""

from __future__ import annotations

from pathlib import Path

import msgspec

from imu_reps.errors import FileAccessError, UsageError
from imu_reps.storage.file_access import read_toml, write_toml
from imu_reps.storage.profile import profile_path

MAPS_FILE = "column-maps.toml"


def maps_path() -> Path:
    """Return the path of the file of maps, which may not exist yet."""
    return profile_path().parent / MAPS_FILE


def load_maps() -> dict[str, str]:
    """Return all maps by name; empty if there is no file.

    Raises
    ------
    FileAccessError
        ``bad_maps``: not TOML, or with values other than text; ``permission``.
    """
    path = maps_path()
    try:
        tree = msgspec.convert(read_toml(path) or {}, dict[str, str])
    except ValueError as error:
        raise FileAccessError(
            f'{path} cannot be read: each line is NAME = "time=...; acc=...; gyr=...".',
            hint="Correct it there, or move the file away and save the map again.",
            code="bad_maps",
        ) from error
    return tree


def find_map(name: str) -> str:
    """Return the map of that name.

    Raises
    ------
    UsageError
        ``no_map``.
    FileAccessError
        As `load_maps`.
    """
    maps = load_maps()
    if name not in maps:
        known = ", ".join(sorted(maps)) or "none yet"
        raise UsageError(
            f"There is no map called {name!r}; there are: {known}.",
            hint="Write the map itself, and keep it with --save-map NAME.",
            code="no_map",
        )
    return maps[name]


def save_map(name: str, text: str) -> Path:
    """Store a map under a name, replacing an older one of that name; return the path of the file.

    Raises
    ------
    FileAccessError
        As `load_maps`; ``permission``, ``disk_full``.
    """
    path = maps_path()
    write_toml(path, load_maps() | {name: text})
    return path
