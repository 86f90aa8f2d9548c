"""Uses of mutated inputs, through public functions only, and the results they may give."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator
from dataclasses import is_dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import export_writers as writers
import numpy as np
import originals
from mutators import OF_FILES, OF_TEXT, any_of, mutated, mutated_packets, mutated_recording
from parts import LONGEST_MESSAGE, Part, Rng, require
from rich.console import Console

from imu_reps import ImuRepsError, Note, Pipeline, Recording, SampleBlock, analyze, load, save
from imu_reps.domain.recording import Header, corrected_header, corrections_of, last_rating
from imu_reps.importers.readers import ExportFile, ImportOptions, imported_sensor, join_sensors, read_exports
from imu_reps.importers.sensor_readings import column_map, merge_parts
from imu_reps.quality.plausibility import check_recording
from imu_reps.report.findings import finding_text
from imu_reps.report.text import text_report
from imu_reps.sensors.wire import Decoded
from imu_reps.sources.phone_readings import PhoneReceiver, phyphox_readings, sensor_logger_readings
from imu_reps.storage.history_store import stored_set
from imu_reps.storage.plain_json import summary_line
from imu_reps.storage.recording import load_comments, parse_recording
from imu_reps.storage.recording.format import note_line, note_of, split_comment
from imu_reps.storage.recording.header import HeaderLine, header_text, read_header

NAME = "set.csv"
#: Largest factor by which a followed set may become longer: following takes a share of the set's duration.
LONGEST_LIVE = 10.0


def header(rng: Rng) -> None:
    """Read header lines like those of a file; a header that was read can be written and read again."""
    lines = originals.header_lines()
    chosen = [lines[k] for k in rng.permutation(len(lines))[: int(rng.integers(1, 7))]]
    text = mutated("\n".join(chosen).encode(), OF_TEXT, [line.encode() for line in lines], rng)
    pairs = [split_comment(line.strip()) for line in text.decode(errors="replace").split("\n")]
    read = [HeaderLine(k + 2, *pair) for k, pair in enumerate(pairs) if pair is not None]
    first = HeaderLine(1, "format", "imu-reps-recording/1")
    found, cautions = read_header([first, *(one for one in read if one.key != "format")], name=NAME)
    require(all(len(one.message) <= LONGEST_MESSAGE for one in cautions), "a caution of endless length")
    _check_writes_back(found)


def _check_writes_back(found: Header) -> None:
    """Check that a header reads back the same; one that cannot be written is refused, as documented."""
    with contextlib.suppress(ValueError):
        lines = [split_comment(line) for line in header_text(found).split("\n")]
        read_back, _ = read_header([HeaderLine(1, *pair) for pair in lines if pair], name=NAME)
        require(read_back == found, f"{found} reads back as {read_back}")


def notes(rng: Rng) -> None:
    """Read lines of notes and evaluate them: ratings and corrections."""
    lines = originals.note_lines()
    chosen = [lines[k] for k in rng.integers(len(lines), size=int(rng.integers(1, 4)))]
    text = mutated(b"\n".join(chosen), OF_TEXT, lines, rng).decode(errors="replace")
    pairs = [split_comment(line.strip()) for line in text.split("\n")]
    found = [note for pair in pairs if pair is not None and (note := note_of(*pair)) is not None]
    for each_note in found:
        _check_note_writes_back(each_note)
    for key in ("pain", "effort"):
        answer = last_rating(found, key)
        require(answer is None or 0 <= answer <= 10, f"{key} {answer}")
    corrections = corrections_of(found)
    for correction in corrections:
        if correction.what == "missed_rep":
            require(
                correction.span_s[0] < correction.span_s[1],
                f"{correction} ends before it begins",
            )
        if correction.what == "not_a_rep":
            require(correction.at_s >= 0.0, f"{correction} is no moment")
    corrected_header(Header(), corrections)


def _check_note_writes_back(note: Note) -> None:
    with contextlib.suppress(ValueError):
        pair = split_comment(note_line(note).strip())
        read_back = None if pair is None else note_of(*pair)
        require(
            read_back is not None and read_back.key == note.key and read_back.value == note.value,
            f"{note} as {read_back}",
        )


def decoders(rng: Rng) -> None:
    """Decode packets of one family; a decoder never raises, whatever the bytes."""
    family = any_of(rng, tuple(originals.streams_of_all()))
    runs, names = originals.streams_of_all()[family], originals.characteristics(family)
    run = any_of(rng, runs)
    first = int(rng.integers(max(1, len(run) - 5))) if rng.random() < 0.3 else 0
    state = family.begin(any_of(rng, family.rates_hz))
    arrival_s = any_of(rng, (0.0, 1e9))
    for name, data in mutated_packets(
        run[first : first + 8], (*names, "00002a19-0000-1000-8000-00805f9b34fb"), rng
    ):
        arrival_s += any_of(rng, (0.0, 0.01, 0.05, 0.05, 3.0, 4000.0))
        if rng.random() < 0.05:
            state = family.resume(state)
        state, decoded = family.decode(state, name, data, arrival_s)
        _check_decoded(decoded)


def _check_decoded(decoded: Decoded) -> None:
    samples = decoded.samples
    block = SampleBlock(
        "ankle",
        np.zeros(len(samples)),
        samples.number,
        samples.device_time_s,
        samples.acc_mps2,
        samples.gyr_dps,
    )
    require(np.isfinite(block.acc_mps2).all() and np.isfinite(block.gyr_dps).all(), "a sample is no number")
    require(not np.isinf(block.device_time_s).any(), "a clock is infinite")
    require((np.diff(block.sample) > 0).all(), "numbers do not ascend within a packet")
    require(decoded.damaged >= 0 and decoded.repeated >= 0, "fewer than none")
    percent = decoded.facts.battery_percent
    require(percent is None or 0.0 <= percent <= 100.0, f"battery {percent} %")


def phones(rng: Rng) -> None:
    """Read phone messages; an unreadable one is a ValueError, as documented."""
    messages = originals.phone_messages()
    receiver = PhoneReceiver("ankle")
    for k in range(int(rng.integers(1, 4))):
        which = int(rng.integers(len(messages)))
        body = mutated(messages[which], OF_TEXT, messages, rng) if rng.random() < 0.8 else messages[which]
        readings = (
            phyphox_readings(body) if which else sensor_logger_readings(body, inverted=bool(rng.integers(2)))
        )
        block = receiver.take(readings, float(k))
        if block is not None:
            require(
                np.isfinite(block.acc_mps2).all() and np.isfinite(block.gyr_dps).all(),
                "a reading is no number",
            )


def reader(rng: Rng) -> None:
    """Read whole files, mostly from memory, sometimes from disk."""
    files = originals.files()
    content = mutated(any_of(rng, files), OF_FILES, files, rng)
    if rng.random() < 0.95:
        _check_recording(parse_recording(content, name=NAME))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        path.write_bytes(content)
        with contextlib.suppress(ImuRepsError):
            load_comments(path)
        _check_recording(load(path))


def _check_recording(recording: Recording) -> None:
    for block in recording.blocks:
        require(
            np.isfinite(block.acc_mps2).all() and np.isfinite(block.gyr_dps).all(), "a sample is no number"
        )
        require(
            (np.abs(block.time_s) <= 1e9).all() and (np.diff(block.time_s) >= 0).all(), "impossible times"
        )
        require(not (np.abs(block.device_time_s) > 1e10).any(), "an impossible clock")
    for caution in recording.cautions:
        require(
            caution.hint and len(caution.message) <= LONGEST_MESSAGE, f"a caution: {caution.message[:200]}"
        )


def importers(rng: Rng) -> None:
    """Import exports of other systems to a recording that can be written and read."""
    exports = originals.exports()
    name = any_of(rng, tuple(exports))
    other_contents = [file.content for files in exports.values() for file in files]
    chosen = [
        ExportFile(
            file.name,
            mutated(file.content, OF_FILES, other_contents, rng) if rng.random() < 0.7 else file.content,
        )
        for file in exports[name]
    ]
    columns = column_map(writers.PLAIN_MAP) if name == "plain" else None
    platform = any_of(rng, ("ios", "android", None))
    sensors = read_exports(tuple(chosen), ImportOptions(columns, platform))
    sensor = imported_sensor(
        merge_parts(sensors[:1] if len(sensors) > 2 else sensors, "ankle sensor"), "ankle"
    )
    recording = join_sensors({"ankle": sensor}, Header())
    if rng.random() < 0.2:
        with tempfile.TemporaryDirectory() as folder:
            save(recording, Path(folder) / NAME)
            _check_recording(load(Path(folder) / NAME))


def final(rng: Rng) -> None:
    """Check and analyse short sets, from Python and from their file; write them as JSON and as text."""
    recording = any_of(rng, originals.sets(originals.SET_S))
    if rng.random() < 0.15:
        recording = parse_recording(mutated(_file_of(recording), OF_FILES, [b"#"], rng), name=NAME)
    else:
        recording = mutated_recording(recording, originals.NOTES, 1e9, rng)
    with contextlib.suppress(ImuRepsError):
        for finding in check_recording(recording):
            finding_text(finding)
    analysis = analyze(recording)
    summary_line(analysis.summary, finding_text)  # refuses what is not finite
    with contextlib.suppress(ImuRepsError):  # one that was discarded
        stored_set(recording, analysis.summary)
    console = Console(file=io.StringIO(), width=80)
    console.print(text_report(analysis.summary, 80, person=analysis.person, verbose=True))


_FILES: dict[int, bytes] = {}


def _file_of(recording: Recording) -> bytes:
    """Return the file content of a set; cached, because it is used many times."""
    if id(recording) not in _FILES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / NAME
            save(recording, path)
            _FILES[id(recording)] = path.read_bytes()
    return _FILES[id(recording)]


def live(rng: Rng) -> None:
    """Push short sets in blocks of any size; finish half of them."""
    recording = mutated_recording(
        any_of(rng, originals.sets(originals.LIVE_S)), originals.NOTES, LONGEST_LIVE, rng
    )
    pipeline = Pipeline(recording.header)
    for note in recording.notes:
        pipeline.note(note)
    for pushed in _pieces(recording, rng):
        events = pipeline.push(*pushed)
        require(all(_finite(event) for event in events), f"no number in {events}")
        require(
            pipeline.rep_count >= 0 and (pipeline.pose is None or _finite(pipeline.pose)), "no pose, no count"
        )
    if rng.random() < 0.5:
        pipeline.angles()
        closing, analysis = pipeline.finish()
        require(all(_finite(event) for event in closing), f"no number in {closing}")
        summary_line(analysis.summary, finding_text)


def _pieces(recording: Recording, rng: Rng) -> Iterator[list[SampleBlock]]:
    """Yield both sensors' samples in turn, cut at random."""
    cuts = np.sort(rng.random(any_of(rng, (3, 8, 8, 40))))
    for begin, end in pairwise([0.0, *cuts, 1.0]):
        pieces = [block[round(begin * len(block)) : round(end * len(block))] for block in recording.blocks]
        yield from ([pieces] if rng.random() < 0.7 else [[piece] for piece in pieces])


def _finite(tree: object) -> bool:
    """Return whether no number in a result is NaN or infinite."""
    if isinstance(tree, float | np.floating):
        return bool(np.isfinite(tree))
    if is_dataclass(tree):
        return all(_finite(getattr(tree, name)) for name in tree.__dataclass_fields__)
    return not isinstance(tree, tuple | list) or all(map(_finite, tree))


PARTS = {
    part.name: part
    for part in (
        Part(live, partial(originals.sets, originals.LIVE_S), 2_000, 120.0),
        Part(final, partial(originals.sets, originals.SET_S), 4_000, 120.0),
        Part(reader, originals.files, 80_000, 20.0),
        Part(importers, originals.exports, 34_000, 20.0),
        Part(decoders, originals.streams_of_all, 300_000, 20.0, ()),
        Part(phones, originals.phone_messages, 30_000, 20.0, (ValueError,)),
        Part(header, originals.header_lines, 250_000, 20.0),
        Part(notes, originals.note_lines, 300_000, 20.0, ()),
    )
}
