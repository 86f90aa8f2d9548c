"""For any input the importers give samples or one of our errors."""

from __future__ import annotations

import random
from pathlib import Path

import export_writers as writers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps import ImuRepsError
from imu_reps.domain.recording import Header
from imu_reps.importers.readers import ExportFile, ImportOptions, imported_sensor, join_sensors, read_exports
from imu_reps.importers.sensor_readings import column_map, merge_parts

Data = dict[str, writers.Sent]
BESIDES = ("Metadata.csv", "meta/time.csv")


def import_all(files: tuple[ExportFile, ...], import_options: ImportOptions) -> bool:
    """Return whether the files gave samples."""
    try:
        sensor = imported_sensor(merge_parts(read_exports(files, import_options), "ankle sensor"), "ankle")
        join_sensors({"ankle": sensor}, Header())
    except ImuRepsError as error:
        if not error.hint or len(error.message) > 2000:
            raise
        return False
    return True


@pytest.fixture(scope="module")
def exports(data: Data, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[ExportFile, ...]]:
    """Half a second in every format."""
    sent = data["ankle"]
    short = writers.Sent(sent.time_s[:60], sent.acc[:60], sent.gyr[:60])
    found = {}
    for name, write in {**writers.ON_A_CLOCK, **writers.ALONE, "plain": writers.plain}.items():
        folder = tmp_path_factory.mktemp(name)
        paths = write(short, folder)
        paths += [folder / companion for companion in BESIDES if (folder / companion).exists()]
        found[name] = tuple(ExportFile(path.name, path.read_bytes()) for path in paths)
    return found


def options_of(name: str) -> ImportOptions:
    return ImportOptions(column_map(writers.PLAIN_MAP)) if name == "plain" else ImportOptions()


JUNK = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"nan",
    b"1e999",
    b"-",
    b"\n\n",
    b"9" * 400,
    b'"',
    b";",
    b",",
    b"\t",
    b"1_0",
    b"{" * 50,
)


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Return the content truncated, spliced, with junk inserted, or with lines moved."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(content) + 1)
        match rng.randrange(6):
            case 0:
                content = content[:at]
            case 1:
                content = content[:at] + rng.choice(JUNK) + content[at:]
            case 2:
                content = content[:at] + content[at + rng.randrange(40) :]
            case 3:
                content = content[:at] + rng.randbytes(rng.randrange(1, 8)) + content[at:]
            case 4:
                lines = content.split(b"\n")
                rng.shuffle(lines)
                content = b"\n".join(lines)
            case 5:
                content = content.replace(rng.choice((b"0", b",", b"1", b".", b"e")), rng.choice(JUNK), 3)
    return content


def test_unchanged_exports_are_imported(exports: dict[str, tuple[ExportFile, ...]]) -> None:
    assert all(import_all(files, options_of(name)) for name, files in exports.items())


def test_mutated_exports_give_samples_or_our_errors(exports: dict[str, tuple[ExportFile, ...]]) -> None:
    imported = refused = 0
    for name, files in exports.items():
        rng = random.Random(name)
        for _ in range(150):
            changed = tuple(ExportFile(file.name, mutated(file.content, rng)) for file in files)
            if import_all(changed, options_of(name)):
                imported += 1
            else:
                refused += 1

    assert imported > 20
    assert refused > 500


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=600), st.sampled_from(["a.csv", "Gyroscope.csv", "TotalAcceleration.csv", "x.json"])
)
def test_binary_junk_gives_our_errors(content: bytes, name: str) -> None:
    import_all((ExportFile(name, content),), ImportOptions())


def test_deep_json_is_refused() -> None:
    content = b'[{"ArrayAcc":' + b"[" * 100_000
    assert not import_all((ExportFile("a.json", content),), ImportOptions())
    nested = b'{"ArrayAcc": 1, "x":' * 30 + b"1" + b"}" * 30
    assert not import_all((ExportFile("a.json", nested),), ImportOptions())


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    import os

    from click.testing import CliRunner

    from imu_reps.cli.main import main

    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes with names on this system")
    os.mkfifo(tmp_path / "pipe.csv")
    result = CliRunner().invoke(main, ["import", str(tmp_path / "pipe.csv"), "-o", str(tmp_path / "set.csv")])
    assert result.exit_code == 1
