"""All data stored of a person (recordings, history, profile): list, rename, export, delete."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, count
from pathlib import Path
from types import MappingProxyType

from imu_reps.domain.recording import CORRECT, Note
from imu_reps.domain.untrusted import normalize_name
from imu_reps.errors import FileAccessError, ImuRepsError, RecordingError
from imu_reps.storage.exports import history_csv
from imu_reps.storage.file_access import file_errors, make_folder, write_new
from imu_reps.storage.folders import all_recordings
from imu_reps.storage.history_store import History
from imu_reps.storage.plain_json import one_line
from imu_reps.storage.profile import Person, Profiles, load_profiles, save_profiles
from imu_reps.storage.recording.reader import load_comments
from imu_reps.storage.recording.writer import append_notes
from imu_reps.storage.toml_files import (
    PRESCRIPTIONS_FILE,
    prescribed_to,
    prescriptions,
    reassign,
    save_prescriptions,
)


@dataclass(frozen=True, slots=True)
class PersonData:
    """Data stored of one person.

    Attributes
    ----------
    name : str or None
        None: data without a person.
    recordings : tuple of Path
        Recordings of the person, without simulated ones.
    sets : int
        Number of sets in the history.
    latest : date or None
        Day of the latest of these sets.
    paired : bool
        Whether the person has a profile.
    """

    name: str | None
    recordings: tuple[Path, ...]
    sets: int
    latest: date | None
    paired: bool


def count_simulated(folder: Path) -> int:
    """Return the number of simulated recordings in a folder."""
    simulated = 0
    for path in all_recordings(folder):
        with contextlib.suppress(ImuRepsError):  # files that cannot be read have no person
            simulated += load_comments(path).header.simulated
    return simulated


def all_persons(history: History, folder: Path) -> list[PersonData]:
    """Return all persons with stored data, sorted by name; data without a person comes last.

    Parameters
    ----------
    folder : Path
        Folder of recordings; recordings elsewhere that the history knows are included.
    """
    profiles = load_profiles()
    sets = {name: history.sets(person=name) for name in history.persons()}
    remembered = {Path(stored.file): stored.person for stored_sets in sets.values() for stored in stored_sets}
    files = {path for path in remembered if path.is_file()}
    files |= {Path(os.path.abspath(path)) for path in all_recordings(folder)}  # noqa: PTH100 - links stay
    recordings: dict[str | None, list[Path]] = {}
    for path in sorted(files):
        try:
            comments = load_comments(path)
        except ImuRepsError:  # damaged since: the history still has its person
            if path in remembered:
                recordings.setdefault(remembered[path], []).append(path)
        else:
            if not comments.header.simulated:
                recordings.setdefault(comments.person, []).append(path)
    names = {
        *sets,
        *recordings,
        *prescribed_to(),
        *(normalize_name(person.name) for person in profiles.persons),
    }
    return [
        PersonData(
            name,
            tuple(recordings.get(name, ())),
            len(sets.get(name, ())),
            max((stored.day for stored in sets.get(name, ()) if stored.day is not None), default=None),
            name is not None and profiles.find(name) is not None,
        )
        for name in sorted(names, key=lambda name: (name is None, name))
    ]


def rename(data: PersonData, new: str, history: History) -> None:
    """Rename a person in all data; if another person has that name, the data become theirs.

    Recordings get a note with the new name; their header is unchanged. If both persons have a profile, the
    one that had the name stays, and takes over floors that it lacks.

    Raises
    ------
    FileAccessError
        A recording, the history or the profile cannot be written.
    """
    for path in data.recordings:
        with contextlib.suppress(RecordingError):  # damaged: the history has its person
            ended_s = max((note.time_s for note in load_comments(path).notes), default=0.0)
            append_notes(path, [Note(ended_s, CORRECT, f"person {new}")])
    history.rename(data.name, new)
    reassign(data.name, new)
    profiles = load_profiles()
    if data.paired and data.name is not None:
        save_profiles(_renamed(profiles, profiles.person(data.name), new))


def export_person(data: PersonData, out: Path, history: History) -> None:
    """Export all data of a person to a new folder: recordings, sets as CSV and JSON lines, profile.

    Raises
    ------
    FileAccessError
        ``exists``: the folder exists; ``permission``, ``disk_full``.
    """
    if out.exists():
        raise FileAccessError(
            f"{out}: there is something under that name.", hint="Name a new folder.", code="exists"
        )
    make_folder(out)
    sets = history.sets(person=data.name)
    profile = load_profiles().find(data.name) if data.name is not None and data.paired else None
    with file_errors(out):
        if sets:
            write_new(out / "history.csv", history_csv(sets).encode("utf-8"))
            write_new(
                out / "history.jsonl", "".join(f"{one_line(stored)}\n" for stored in sets).encode("utf-8")
            )
        for path in data.recordings:
            _copy(path, _free(out / path.name))
    if prescribed := prescriptions(data.name):
        save_prescriptions(prescribed, data.name, out / PRESCRIPTIONS_FILE)
    if profile is not None:
        save_profiles(Profiles((profile,)), out / "profile.toml")


def delete(data: PersonData, history: History) -> None:
    """Delete all data of a person.

    Raises
    ------
    FileAccessError
        Something cannot be deleted; data deleted before it are gone.
    """
    for path in data.recordings:
        with file_errors(path):
            path.unlink(missing_ok=True)
    history.forget(data.name)
    reassign(data.name, None)
    if data.paired and data.name is not None:
        save_profiles(load_profiles().without(data.name))


def _renamed(profiles: Profiles, person: Person, new: str) -> Profiles:
    was_default = profiles.default is not None and profiles.find(profiles.default) is person
    existing = profiles.find(new)
    rest = profiles.without(person.name)
    if existing is None or existing is person:
        changed = replace(person, name=new)
    else:
        changed = replace(existing, floors=MappingProxyType({**person.floors, **existing.floors}))
    return rest.with_person(changed) if was_default else rest.changed(changed)


def _copy(path: Path, copy: Path) -> None:
    """Copy a file with its times; the copy is private to the user, whatever the original's permissions."""
    write_new(copy, path.read_bytes())
    changed = path.stat()
    os.utime(copy, ns=(changed.st_atime_ns, changed.st_mtime_ns))


def _free(path: Path) -> Path:
    """Return a free path, with a number before the name if needed: names may repeat across folders."""
    numbered = (path.with_name(f"{number}_{path.name}") for number in count(2))
    return next(free for free in chain([path], numbered) if not free.exists())
