"""Column maps of ``imu-reps import`` that were given a name, in a TOML file beside the profiles."""

from __future__ import annotations

import tomllib
from pathlib import Path

from imu_reps.errors import FileAccessError, UsageError
from imu_reps.storage.file_access import access_error, make_folder, replace
from imu_reps.storage.profile import profile_path

MAPS_FILE = "column-maps.toml"


def maps_path() -> Path:
    """Where the maps are kept; it may not exist yet."""
    return profile_path().parent / MAPS_FILE


def load_maps() -> dict[str, str]:
    """All maps by name; none if there is no file.

    Raises
    ------
    FileAccessError
        ``bad_maps``: no TOML, or something else than texts in it; ``permission``.
    """
    path = maps_path()
    try:
        tree = tomllib.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise access_error(error, str(path)) from error
    except (ValueError, RecursionError):
        tree = {"": None}
    if not all(isinstance(text, str) for text in tree.values()):
        raise FileAccessError(
            f'{path} cannot be read: each line is NAME = "time=...; acc=...; gyr=...".',
            hint="Correct it there, or move the file away and save the map again.",
            code="bad_maps",
        )
    return tree


def find_map(name: str) -> str:
    """The map of a name.

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
    """Keep a map under a name, in place of an older one of that name; give the path.

    Raises
    ------
    FileAccessError
        As `load_maps`; ``permission``, ``disk_full``.
    """
    import tomli_w

    path, maps = maps_path(), load_maps()
    make_folder(path.parent)
    try:
        replace(path, tomli_w.dumps(maps | {name: text}).encode("utf-8"))
    except OSError as error:
        raise access_error(error, str(path)) from error
    return path
