"""Everything kept of a person: recordings, history, profile; listed, renamed, taken out, deleted."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

from imu_reps.domain.correction import CORRECT
from imu_reps.domain.person_name import said_name
from imu_reps.domain.recording import Note, Recording
from imu_reps.errors import FileAccessError, ImuRepsError, RecordingError
from imu_reps.storage.exports import history_csv
from imu_reps.storage.file_access import access_error, make_folder, write_new
from imu_reps.storage.history_store import History
from imu_reps.storage.plain_json import one_line
from imu_reps.storage.prescriptions import (
    PRESCRIPTIONS_FILE,
    prescribed_to,
    prescriptions,
    prescriptions_text,
    reassign,
)
from imu_reps.storage.profile import Person, Profiles
from imu_reps.storage.profile_file import load_profiles, save_profiles
from imu_reps.storage.recording.reader import load_comments
from imu_reps.storage.recording.writer import append_notes

ENDINGS = (".csv", ".csv.gz")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one person.

    Attributes
    ----------
    name : str or None
        None: of nobody who is named.
    recordings : tuple of Path
        Simulated ones are nobody's.
    sets : int
        Remembered in the history.
    latest : date or None
        Day of the latest of these.
    paired : bool
        Whether they have a profile.
    """

    name: str | None
    recordings: tuple[Path, ...]
    sets: int
    latest: date | None
    paired: bool


def recordings_in(folder: Path) -> list[Path]:
    """The recordings of a folder by name; none where there is no folder."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.name.endswith(ENDINGS))


def simulated_in(folder: Path) -> int:
    """How many recordings of a folder are simulated."""
    return sum(said.header.simulated for said in _said(recordings_in(folder)))


def everybody(history: History, folder: Path) -> list[Kept]:
    """All persons of whom something is kept, by name; last what names nobody, if there is anything.

    Parameters
    ----------
    history : History
    folder : Path
        Of recordings; those the history knows elsewhere are looked at too.
    """
    profiles = load_profiles()
    sets = {name: history.sets(person=name) for name in history.persons()}
    remembered = {Path(one.file): one.person for of_one in sets.values() for one in of_one}
    files = {path for path in remembered if path.is_file()}
    files |= {Path(os.path.abspath(path)) for path in recordings_in(folder)}  # noqa: PTH100 - links stay
    of: dict[str | None, list[Path]] = {}
    for path in sorted(files):
        try:
            said = load_comments(path)
        except ImuRepsError:  # damaged since: it is still whose it was
            if path in remembered:
                of.setdefault(remembered[path], []).append(path)
        else:
            if not said.header.simulated:
                of.setdefault(said.person, []).append(path)
    names = {*sets, *of, *prescribed_to(), *(said_name(person.name) for person in profiles.persons)}
    return [
        Kept(
            name,
            tuple(of.get(name, ())),
            len(sets.get(name, ())),
            max((one.day for one in sets.get(name, ()) if one.day is not None), default=None),
            name is not None and profiles.find(name) is not None,
        )
        for name in sorted(names, key=lambda name: (name is None, name))
    ]


def rename(kept: Kept, new: str, history: History) -> None:
    """Give everything of a person another name; where somebody has it, it becomes theirs.

    Their recordings say so in a note; the header is left as it was written. Of two profiles the one that
    had the name stays, with the floors that it lacks.

    Raises
    ------
    FileAccessError
        A recording, the history or the profile cannot be written.
    """
    for path in kept.recordings:
        with contextlib.suppress(RecordingError):  # damaged: the history says whose it is
            append_notes(path, [Note(_ended_s(path), CORRECT, f"person {new}")])
    history.rename(kept.name, new)
    reassign(kept.name, new)
    profiles = load_profiles()
    if kept.paired and kept.name is not None:
        save_profiles(_renamed(profiles, profiles.person(kept.name), new))


def take_out(kept: Kept, out: Path, history: History) -> None:
    """Write everything of a person into a new folder: recordings, sets as CSV and JSON lines, profile.

    Raises
    ------
    FileAccessError
        ``exists``: there is something under that name; ``permission``, ``disk_full``.
    """
    if out.exists():
        raise FileAccessError(
            f"{out}: there is something under that name.", hint="Name a new folder.", code="exists"
        )
    make_folder(out)
    sets = history.sets(person=kept.name)
    profile = load_profiles().find(kept.name) if kept.name is not None and kept.paired else None
    try:
        for path in kept.recordings:
            shutil.copy2(path, _free(out / path.name))
        if sets:
            write_new(out / "history.csv", history_csv(sets).encode("utf-8"))
            write_new(out / "history.jsonl", "".join(f"{one_line(one)}\n" for one in sets).encode("utf-8"))
        if given := prescriptions(kept.name):
            write_new(out / PRESCRIPTIONS_FILE, prescriptions_text(given, kept.name).encode("utf-8"))
    except OSError as error:
        raise access_error(error, str(out)) from error
    if profile is not None:
        save_profiles(Profiles((profile,)), out / "profile.toml")


def delete(kept: Kept, history: History) -> None:
    """Delete everything of a person.

    Raises
    ------
    FileAccessError
        Something cannot be deleted; what was deleted before it is gone.
    """
    for path in kept.recordings:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise access_error(error, str(path)) from error
    history.forget(kept.name)
    reassign(kept.name, None)
    if kept.paired and kept.name is not None:
        save_profiles(load_profiles().without(kept.name))


def _said(files: Iterable[Path]) -> Iterator[Recording]:
    """What is said of recordings; what cannot be read is nobody's."""
    for path in files:
        try:
            yield load_comments(path)
        except ImuRepsError:
            continue


def _ended_s(path: Path) -> float:
    return max((note.time_s for note in load_comments(path).notes), default=0.0)


def _renamed(profiles: Profiles, person: Person, new: str) -> Profiles:
    was_default = profiles.default is not None and profiles.find(profiles.default) is person
    there = profiles.find(new)
    left = profiles.without(person.name)
    if there is None or there is person:
        changed = replace(person, name=new)
    else:
        changed = replace(there, floors=MappingProxyType({**person.floors, **there.floors}))
    return left.with_person(changed) if was_default else left.changed(changed)


def _free(path: Path) -> Path:
    """The path, or one with a number before its name: recordings of two folders may be called alike."""
    number = 2
    while (free := path if number == 2 else path.with_name(f"{number - 1}_{path.name}")).exists():
        number += 1
    return free
