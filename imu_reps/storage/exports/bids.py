"""Sets as a data set of BIDS with motion data (Jeung et al., Scientific Data 2024; BIDS 1.9 and later)."""

from __future__ import annotations

import io
import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imu_reps import __version__
from imu_reps.domain.frames import ACC_COLUMNS, GYR_COLUMNS
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import FloatArray, SensorPlace
from imu_reps.domain.track import GRID_HZ
from imu_reps.errors import FileAccessError, UsageError
from imu_reps.storage.file_access import access_error, make_folder, replace, write_new

BIDS_VERSION = "1.9.0"
TRACKING_SYSTEM = "imus"
_DESCRIPTION = "dataset_description.json"
_PLACEMENTS = {
    "pelvis": "front of the pelvis, near the hip bone",
    "ankle": "shank, just above the malleoli of the working leg",
}
_OTHER_CHANNELS = ("ANGACCEL", "JNTANG", "LATENCY", "MAGN", "MISC", "ORNT", "POS", "VEL")
_MISSING = "n/a"


@dataclass(frozen=True, slots=True)
class MotionSet:
    """One set, as a data set of BIDS holds it.

    Attributes
    ----------
    person : str or None
    header : Header
    time_s : (n,) float
        A regular grid on the recording's `time_s`.
    readings : mapping of place to (n, 6) float
        Specific force in m/s², then angular rate in deg/s, in the sensor's axes; NaN where there is none.
    reps : tuple of Rep
    """

    person: str | None
    header: Header
    time_s: FloatArray
    readings: Mapping[SensorPlace, FloatArray]
    reps: tuple[Rep, ...]


def save_bids(sets: Sequence[MotionSet], folder: str | os.PathLike[str], *, force: bool = False) -> None:
    """Write a data set: made beside its place, and put there when it is whole.

    Parameters
    ----------
    sets : sequence of MotionSet
    folder : path-like
        Must not be there; with `force` files of an older data set of ours are replaced, others left alone.

    Raises
    ------
    UsageError
        ``no_person``, ``same_person``: whose the sets are is not said, or two names make one label.
    FileAccessError
        ``exists``, ``not_ours``; or the folder cannot be written.
    """
    files, place = _files(sets), Path(folder)
    try:
        if place.exists() and not (place.is_dir() and not any(place.iterdir())):
            _refuse_unless_ours(place, force=force)
            _replace_files(files, place)
            return
        make_folder(place.absolute().parent)
        with tempfile.TemporaryDirectory(prefix=f".{place.name}.", dir=place.absolute().parent) as beside:
            made = Path(beside) / "made"
            for name, content in files.items():
                make_folder((made / name).parent)
                write_new(made / name, content)
            made.replace(place)
    except OSError as error:
        raise access_error(error, str(place)) from error


def _refuse_unless_ours(place: Path, *, force: bool) -> None:
    description = place / _DESCRIPTION
    if not description.is_file() or b'"imu-reps"' not in description.read_bytes()[:4096]:
        raise FileAccessError(
            f"{place}: there is something else under that name, and it is never replaced.",
            hint="Choose another name.",
            code="not_ours",
        )
    if not force:
        raise FileAccessError(
            f"{place}: the data set exists already.",
            hint="Choose another name, or replace its files with --force.",
            code="exists",
        )


def _replace_files(files: Mapping[str, bytes], place: Path) -> None:
    for name, content in files.items():
        make_folder((place / name).parent)
        replace(place / name, content)


def _files(sets: Sequence[MotionSet]) -> dict[str, bytes]:
    """Every file of the data set by its path in it."""
    labels, files, runs = _labels(sets), dict[str, bytes](), dict[str, int]()
    for one, label in zip(sets, labels, strict=True):
        task = one.header.exercise.replace("_", "")
        stem = f"sub-{label}_task-{task}"
        runs[stem] = runs.get(stem, 0) + 1
        files |= _set_files(one, f"sub-{label}/motion/", stem, f"_run-{runs[stem]:02d}")
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
    return files


def _labels(sets: Sequence[MotionSet]) -> list[str]:
    """A label of letters and digits for each set's person; two persons never share one."""
    if len(sets) > 1 and any(one.person is None for one in sets):
        raise UsageError(
            "A recording does not say whose it is, so persons would be mixed up.",
            hint="Export it alone, or write '# person: NAME' into a copy of it.",
            code="no_person",
        )
    named: dict[str, str | None] = {}
    labels = []
    for one in sets:
        label = "01" if one.person is None else re.sub("[^A-Za-z0-9]", "", one.person)
        if not label or named.setdefault(label, one.person) != one.person:
            raise UsageError(
                f"{one.person!r} makes no label of its own: BIDS has only letters and digits in it.",
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
    """Rows without a title, as the specification has motion files."""
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
