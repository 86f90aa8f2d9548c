"""The inputs that are mutated: whole inputs of each kind, small enough to be read ten thousand times.

They are the project's own recordings, exports written by the importers' fixtures and, where available, real
exports (``IMU_REPS_DATASETS``) and packets published by others (``IMU_REPS_DESIGN``).
"""

from __future__ import annotations

import gzip
import json
import os
import re
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import export_writers as writers

from imu_reps import Header, Recording, RepPlan, SetPlan, load, simulate
from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.importers.readers import ExportFile
from imu_reps.sensors.families import FAMILIES
from imu_reps.sensors.wire import Family, Read, Subscribe
from imu_reps.storage.recording.header import header_text

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "tests" / "sensors" / "families" / "vectors"

#: Rows of a file for the reader and of an export; length in s of a set to analyse and of one to count live.
FILE_LINES, EXPORT_ROWS, SET_S, LIVE_S = 60, 40, 14.0, 9.0

#: A characteristic and the bytes received from it.
Packet = tuple[str, bytes]

NOTES = (
    "# @3.500000 pain: 4",
    "# @4.0 effort: 7",
    "# @1 end: user",
    "# @9.5 correct: missed_rep 4.000 to 7.500",
    "# @9.5 correct: not_a_rep 5.2",
    "# @9.6 correct: exercise heel_tap",
    "# @9.7 correct: undo 1",
    "# @9.8 correct: person Ida",
    "# @0.5 tap: both",
    "# @2.25 dropout: ankle 1.2 s",
    "# @12.5 discarded:",
)


def _folder(variable: str, name: str) -> Path | None:
    """Return a folder outside the checkout, named by its variable or at its usual place; None if absent."""
    folder = Path(os.environ.get(variable) or ROOT.parent / "shared" / name)
    return folder if folder.is_dir() else None


@cache
def recordings() -> tuple[Recording, ...]:
    """Return the recordings in `recordings/`, and a hold, whole."""
    hold = simulate(SetPlan(exercise="hollow_hold", side="both"), seed=3).recording
    return (*(load(path) for path in sorted((ROOT / "recordings").glob("*.csv"))), hold)


def cut(recording: Recording, from_s: float, until_s: float) -> Recording:
    """Return the samples of a recording between two times, with all its notes."""
    for block in recording.blocks:
        recording = recording.with_samples(block[(block.time_s >= from_s) & (block.time_s < until_s)])
    return recording


@cache
def files() -> tuple[bytes, ...]:
    """Return the beginnings of recordings, also as other programs save them."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "recordings").glob("*.csv"))]
    beginnings = [
        "\n".join([*text.split("\n")[:FILE_LINES], *NOTES[: 2 * k]]) + "\n" for k, text in enumerate(texts)
    ]
    first = beginnings[0]
    german = re.sub(r"(?m)^(?!#).*$", lambda row: row[0].replace(",", ";").replace(".", ","), first)
    quoted = re.sub(r"(?m)^(?!#).+$", lambda row: '"' + row[0].replace(",", '","') + '"', first)
    padded = re.sub(r"(?m)^#.*$", lambda row: row[0] + ",,,,,,,,,", first)
    variants = (
        german,
        quoted,
        padded,
        first.replace("\n", "\r\n"),
        first.replace("\n", "\r"),
        "sep=,\n" + first,
    )
    as_bytes = [text.encode() for text in (*beginnings, *variants)]
    return (
        *as_bytes,
        "\ufeff".encode() + as_bytes[0],
        first.encode("utf-16"),
        gzip.compress(as_bytes[1], mtime=0),
    )


@cache
def note_lines() -> tuple[bytes, ...]:
    """Return lines of notes as they are written in a file."""
    return tuple(line.encode() for line in NOTES)


@cache
def header_lines() -> tuple[str, ...]:
    """Return the header lines of every recording, and of a header with every field."""
    full_header = Header(
        side="left",
        session="2026-11-21 evening",
        set_number=3,
        range_target_deg=60.0,
        floor_deg=12.0,
        floor_from="end_range",
        practice_reps=1,
        extra={"person": "Ida", "pelvis.host_id": "C0:FF:EE:00:00:01", "app": "some app 1.2"},
    )
    beginnings = [header_text(full_header), *(header_text(recording.header) for recording in recordings())]
    short_lines = [
        "# created: 2026-11-21T07:30:00+00:00",
        "# tempo_target: 2-0-2-0",
        "# range_target_deg: 60",
    ]
    return tuple(dict.fromkeys(short_lines + [line for top in beginnings for line in top.splitlines()]))


@cache
def exports() -> dict[str, tuple[ExportFile, ...]]:
    """Return less than a second in every imported format, and real exports where available."""
    (recording, *_) = (simulate(SetPlan(reps=(RepPlan(),)), seed=5).recording,)
    readings = writers.sent(recording.blocks[-1])
    short = writers.Sent(
        readings.time_s[:EXPORT_ROWS], readings.acc[:EXPORT_ROWS], readings.gyr[:EXPORT_ROWS]
    )
    found: dict[str, tuple[ExportFile, ...]] = {}
    with tempfile.TemporaryDirectory() as directory:
        for name, write in {**writers.ON_A_CLOCK, **writers.ALONE, "plain": writers.plain}.items():
            folder = Path(directory) / name
            paths = write(short, folder)
            paths += [path for path in sorted(folder.rglob("*.csv")) if path not in paths]
            found[name] = tuple(ExportFile(path.name, path.read_bytes()) for path in paths)
    return found | _real_exports()


def _real_exports() -> dict[str, tuple[ExportFile, ...]]:
    datasets = _folder("IMU_REPS_DATASETS", "datasets")
    if datasets is None:
        return {}
    found: dict[str, tuple[ExportFile, ...]] = {}
    for folder in sorted((datasets / "vendor_formats").iterdir()):
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        found[f"real {folder.name}"] = tuple(ExportFile(path.name, _beginning(path)) for path in paths)
    return found


def _beginning(path: Path) -> bytes:
    """Return the first lines of an export; an archive whole."""
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    return content if path.suffix == ".xlsx" else b"\n".join(content.split(b"\n")[: EXPORT_ROWS + 10]) + b"\n"


@cache
def phone_messages() -> tuple[bytes, ...]:
    """Return a message that Sensor Logger pushes and an answer of phyphox."""
    axes = {"x": 0.1, "y": -0.2, "z": 9.8}
    pushed = [
        {"name": name, "time": 1_795_000_000_000_000_000 + 10_000_000 * k, "values": axes, "accuracy": 3}
        for k in range(6)
        for name in ("totalacceleration", "accelerometer", "gravity", "gyroscope")
    ]
    names = ("acc_time", "accX", "accY", "accZ", "gyr_time", "gyrX", "gyrY", "gyrZ")
    buffers = {
        name: {"size": 0, "updateMode": "partial", "buffer": [0.01 * k for k in range(6)]} for name in names
    }
    messages = (
        {"messageId": 7, "sessionId": "one", "deviceId": "phone", "payload": pushed},
        {"buffer": buffers, "status": {"session": "a1", "measuring": True, "timedRun": False}},
    )
    return tuple(json.dumps(message).encode() for message in messages)


@cache
def characteristics(family: Family) -> tuple[str, ...]:
    """Return all characteristics that a family subscribes to or reads, in any attempt."""
    steps = [step for attempt in range(3) for step in family.start(family.rates_hz[-1], attempt)]
    found = [step.characteristic for step in (*steps, *family.poll) if isinstance(step, Subscribe | Read)]
    return tuple(dict.fromkeys(name for one in found for name in ((one,) if isinstance(one, str) else one)))


def _streams(family: Family) -> tuple[tuple[Packet, ...], ...]:
    """Return the packets of sensors of a family, one run per tuple."""
    tree = json.loads((VECTORS / f"{family.name}.json").read_text(encoding="utf-8"))
    subscribed = next(
        s for s in family.start(family.rates_hz[-1], 0) if isinstance(s, Subscribe)
    ).characteristic
    main = subscribed if isinstance(subscribed, str) else subscribed[0]
    if "cases" in tree:
        cases = [[(name, bytes.fromhex(data)) for name, data, _ in case["packets"]] for case in tree["cases"]]
        return (*map(tuple, cases), *_published(family))
    packets = re.findall(
        r'"((?:[0-9a-f]{2}){4,})"', json.dumps({k: v for k, v in tree.items() if k != "commands"})
    )
    run = [(main, bytes.fromhex(digits)) for digits in packets]
    if family.name == "open_profile":
        run.insert(0, (characteristics(family)[1], bytes.fromhex(tree["info"]["hex"])))
    return (tuple(run), *_published(family))


def _published(family: Family) -> tuple[tuple[Packet, ...], ...]:
    """Return published packets from the characteristics of this family."""
    design = _folder("IMU_REPS_DESIGN", "design")
    if design is None:
        return ()
    golden = json.loads((design / "golden-packets.json").read_text(encoding="utf-8"))
    used = characteristics(family)
    run = [
        (one["characteristic"], bytes.fromhex(one["hex"])) for one in golden if one["characteristic"] in used
    ]
    return (tuple(run),) if run else ()


@cache
def streams_of_all() -> dict[Family, tuple[tuple[Packet, ...], ...]]:
    """Return the packets of sensors of every family."""
    return {family: _streams(family) for family in FAMILIES}


@cache
def sets(length_s: float) -> tuple[Recording, ...]:
    """Return short sets of every exercise, cut from the recordings, as if people had done them."""
    return tuple(
        _as_done(cut(recording, from_s, from_s + length_s))
        for recording in recordings()
        for from_s in (0.0, 6.0)
    )


def _as_done(recording: Recording) -> Recording:
    header = replace(recording.header, simulated=False)
    for place in SENSOR_PLACES:
        header = header.with_sensor(place, replace(header.sensor(place), sensor="witmotion"))
    return replace(recording, header=header, file="set.csv")
