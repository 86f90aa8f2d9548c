"""Export of sets as a Motion-BIDS data set (Jeung et al., Scientific Data 2024; BIDS 1.9 and later)."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imu_reps import __version__
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import ACC_COLUMNS, GYR_COLUMNS, FloatArray, SensorPlace
from imu_reps.domain.track import GRID_HZ
from imu_reps.errors import FileAccessError, UsageError
from imu_reps.storage.file_access import file_errors, make_folder, not_ours_error, replace, write_new
from imu_reps.storage.plain_json import parse_json

BIDS_VERSION = "1.9.0"
TRACKING_SYSTEM = "imus"
_DESCRIPTION = "dataset_description.json"
#: Digests of the written files: a file that differs was changed by a person. Validators ignore `code`.
_DIGESTS = "code/imu-reps-files.json"
#: Files about the whole data set, which a person may have improved.
_ABOUT_ALL = frozenset({_DESCRIPTION, "README.md", "participants.tsv", "participants.json"})
_PLACEMENTS = {
    "pelvis": "front of the pelvis, near the hip bone",
    "ankle": "shank, just above the malleoli of the working leg",
}
_OTHER_CHANNELS = ("ANGACCEL", "JNTANG", "LATENCY", "MAGN", "MISC", "ORNT", "POS", "VEL")
_MISSING = "n/a"


@dataclass(frozen=True, slots=True)
class MotionSet:
    """One set of a BIDS data set.

    Attributes
    ----------
    time_s : (n,) float
        A regular grid in the recording's `time_s`.
    readings : mapping of place to (n, 6) float
        Specific force in m/s², then angular rate in deg/s, in the sensor's axes; NaN where missing.
    """

    person: str | None
    header: Header
    time_s: FloatArray
    readings: Mapping[SensorPlace, FloatArray]
    reps: tuple[Rep, ...]


def save_bids(
    sets: Sequence[MotionSet], folder: str | os.PathLike[str], *, force: bool = False
) -> tuple[str, ...]:
    """Write a data set, whole or not at all: it is written to a temporary folder and then renamed.

    Parameters
    ----------
    folder : path-like
        Must not exist, or be empty.
    force : bool
        Whether to replace files of an older data set by this program; other files are left alone.

    Returns
    -------
    tuple of str
        Files about the whole data set that a person changed, which are left as they are.

    Raises
    ------
    UsageError
        ``no_person``, ``same_person``: a set has no person, or two names give the same label.
    FileAccessError
        ``exists``; ``not_ours``: the data set is somebody else's, or a file of it was changed by hand; or the
        folder cannot be written.
    """
    files, place = _files(sets), Path(folder)
    with file_errors(place):
        if place.exists() and not (place.is_dir() and not any(place.iterdir())):
            _refuse_unless_ours(place, files, force=force)
            return _replace_files(files, place)
        make_folder(place.absolute().parent)
        with tempfile.TemporaryDirectory(prefix=f".{place.name}.", dir=place.absolute().parent) as beside:
            made = Path(beside) / "made"
            for name, content in files.items():
                make_folder((made / name).parent)
                write_new(made / name, content)
            made.replace(place)
    return ()


def _refuse_unless_ours(place: Path, names: Iterable[str], *, force: bool) -> None:
    """Refuse a data set by another program, or one in which a file is a link, which may lead elsewhere."""
    description = place / _DESCRIPTION
    ours = description.is_file() and b'"imu-reps"' in description.read_bytes()[:4096]
    others = next((path for name in names if (path := place / name).is_symlink()), None if ours else place)
    if others is not None:
        raise not_ours_error(others)
    if not force:
        raise FileAccessError(
            f"{place}: the data set exists already.",
            hint="Choose another name, or replace its files with --force.",
            code="exists",
        )


def _replace_files(files: dict[str, bytes], place: Path) -> tuple[str, ...]:
    """Write new files and replace unchanged ones; return the names of those a person changed, left alone."""
    written = _digests(place)
    changed = [
        name
        for name, content in files.items()
        if name != _DIGESTS and _is_changed(_content(place / name), content, written.get(name))
    ]
    lacking = not _lines(files["participants.tsv"]) <= _lines(_content(place / "participants.tsv"))
    for name in changed:
        if name not in _ABOUT_ALL or (name == "participants.tsv" and lacking):
            raise FileAccessError(
                f"{place / name}: this was changed by hand, and it is never replaced.",
                hint="Move it away, or choose another name for the data set.",
                code="not_ours",
            )
    files[_DIGESTS] = _document(written | json.loads(files[_DIGESTS]))
    for name, content in files.items():
        if name not in changed:
            make_folder((place / name).parent)
            replace(place / name, content)
    return tuple(changed)


def _is_changed(present: bytes, content: bytes, digest: str | None) -> bool:
    """Whether a file's present content is neither its new content nor what was written before."""
    return present not in (b"", content) and _digest(present) != digest


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _lines(table: bytes) -> set[bytes]:
    """Return the cells of a table's first column."""
    return {line.split(b"\t")[0].strip() for line in table.splitlines()}


def _digests(place: Path) -> dict[str, str]:
    """Return the digests of the files written before, by name; empty if they are not recorded."""
    try:
        known = parse_json(_content(place / _DIGESTS), Any)
    except ValueError:
        return {}
    if not isinstance(known, dict):
        return {}
    return {name: text for name, text in known.items() if isinstance(text, str)}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _files(sets: Sequence[MotionSet]) -> dict[str, bytes]:
    """Return the files of the data set by their path in it."""
    labels, files, runs = _labels(sets), dict[str, bytes](), dict[str, int]()
    for motion_set, label in zip(sets, labels, strict=True):
        task = motion_set.header.exercise.replace("_", "")
        stem = f"sub-{label}_task-{task}"
        runs[stem] = runs.get(stem, 0) + 1
        files |= _set_files(motion_set, f"sub-{label}/motion/", stem, f"_run-{runs[stem]:02d}")
    people = sorted(set(labels))
    files["participants.tsv"] = _table(["participant_id"], [[f"sub-{label}"] for label in people])
    files["participants.json"] = _document({"participant_id": {"Description": "Label of the person"}})
    files["README.md"] = _README.encode()
    files[_DESCRIPTION] = _document(
        {
            "Name": "Leg raises from two inertial sensors",
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "raw",
            "GeneratedBy": [{"Name": "imu-reps", "Version": __version__}],
        }
    )
    files[_DIGESTS] = _document({name: _digest(content) for name, content in files.items()})
    return files


def _labels(sets: Sequence[MotionSet]) -> list[str]:
    """Return a label of letters and digits for the person of each set; two persons never share one."""
    people = [motion_set.person for motion_set in sets]
    if len(sets) > 1 and None in people:
        raise UsageError(
            "A recording does not say whose it is, so persons would be mixed up.",
            hint="Export it alone, or write '# person: NAME' into a copy of it.",
            code="no_person",
        )
    named: dict[str, str | None] = {}
    labels = []
    for person in people:
        label = "01" if person is None else re.sub("[^A-Za-z0-9]", "", person)
        if not label or named.setdefault(label, person) != person:
            raise UsageError(
                f"{person!r} makes no label of its own: BIDS has only letters and digits in it.",
                hint="Give persons names that differ in letters or digits.",
                code="same_person",
            )
        labels.append(label)
    return labels


def _set_files(one: MotionSet, folder: str, stem: str, run: str) -> dict[str, bytes]:
    motion = f"{folder}{stem}_tracksys-{TRACKING_SYSTEM}{run}"
    channels = [
        (f"{place}_{name}", name.split("_")[1], kind, place, unit, _PLACEMENTS[place])
        for place in one.readings
        for names, kind, unit in ((ACC_COLUMNS, "ACCEL", "m/s^2"), (GYR_COLUMNS, "GYRO", "deg/s"))
        for name in names
    ]
    titles = ["name", "component", "type", "tracked_point", "units", "placement", "reference_frame"]
    rows = [[*channel, f"{channel[3]}sensor"] for channel in channels]
    frames = {
        f"{place}sensor": {"Description": "The sensor's own axes, right-handed", "RotationOrder": _MISSING}
        for place in one.readings
    }
    return {
        f"{motion}_motion.tsv": _values(np.hstack(list(one.readings.values()))),
        f"{motion}_motion.json": _document(_about(one, len(channels))),
        f"{motion}_channels.tsv": _table(titles, rows),
        f"{motion}_channels.json": _document({"reference_frame": {"Levels": frames}}),
        f"{folder}{stem}{run}_events.tsv": _events(one),
        f"{folder}{stem}{run}_events.json": _document(_EVENT_COLUMNS),
    }


def _about(one: MotionSet, channels: int) -> dict[str, Any]:
    header = one.header
    return {
        "TaskName": header.exercise.replace("_", ""),
        "TaskDescription": f"{header.exercise.replace('_', ' ')}, side: {header.side or 'not said'}",
        "SamplingFrequency": GRID_HZ,
        "SamplingFrequencyEffective": GRID_HZ,
        "RecordingDuration": round(len(one.time_s) / GRID_HZ, 2),
        "RecordingType": "continuous",
        "TrackingSystemName": "two inertial sensors, brought to one grid",
        "TrackedPointsCount": len(one.readings),
        "MotionChannelCount": channels,
        "ACCELChannelCount": channels // 2,
        "GYROChannelCount": channels // 2,
        **{f"{kind}ChannelCount": 0 for kind in _OTHER_CHANNELS},
        "MissingValues": _MISSING,
        "SoftwareVersions": f"imu-reps {__version__}",
    }


_EVENT_COLUMNS = {
    "onset": {"Description": "From the first row of the motion file", "Units": "s"},
    "duration": {"Description": "From the first movement of a repetition to its last", "Units": "s"},
    "trial_type": {"Levels": {"rep": "A repetition, as counted"}},
    "turn": {"Description": "When the leg is at its far end, the middle of the pause there", "Units": "s"},
    "pause": {"Description": "How long it stays there", "Units": "s"},
    "flags": {"Description": "Faults judged, apart by semicolons; none: no fault"},
}


def _events(one: MotionSet) -> bytes:
    zero_s = float(one.time_s[0])
    rows = []
    for rep in one.reps:
        far = rep.far_end_s(one.header.start)
        turn = (None, None) if far is None else ((far[0] + far[1]) / 2 - zero_s, far[1] - far[0])
        figures = [rep.start_s - zero_s, rep.end_s - rep.start_s]
        rows.append([*map(_cell, figures), "rep", *map(_cell, turn), ";".join(rep.flags) or "none"])
    return _table(list(_EVENT_COLUMNS), rows)


def _cell(value: float | None) -> str:
    return _MISSING if value is None else f"{value + 0.0:.4f}"


def _values(values: FloatArray) -> bytes:
    """Return rows without column names, as specified for motion files."""
    text = io.StringIO()
    np.savetxt(text, np.round(values, 5) + 0.0, fmt="%.5f", delimiter="\t")
    return text.getvalue().replace("nan", _MISSING).encode()


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    return "".join("\t".join(row) + "\n" for row in (titles, *rows)).encode()


def _document(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2) + "\n").encode()


_README = """# Leg raises from two inertial sensors

One sensor sat on the pelvis, one on the ankle. Each motion file holds specific force (m/s^2, gravity
included: a sensor at rest reads 9.8 on the axis that points up) and angular rate (deg/s) in each sensor's own
axes, brought to one grid of 100 Hz by straight lines; n/a where a sensor gave no reading. Events are the
repetitions that were counted, with their faults. Persons are named as in the recordings: look at the labels
before you share this.
"""
