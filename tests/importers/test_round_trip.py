"""A simulated set, exported as by another system and imported, gives the same report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import export_writers as writers
import numpy as np
import pytest
from click.testing import Result

from imu_reps import Recording, Rep, analyze, load

Run = Callable[..., Result]
Options = Callable[[dict[str, list[Path]]], list[str | Path]]
Data = dict[str, writers.Sent]


@pytest.fixture(scope="module")
def expected_reps(simulated: Recording) -> tuple[Rep, ...]:
    """The repetitions of the original set."""
    return analyze(simulated).summary.reps


def assert_same_report(imported: Path, expected_reps: tuple[Rep, ...]) -> None:
    """Check that the count is equal, tempo within 0.02 s, range within 1°."""
    found = analyze(load(imported)).summary.reps
    assert len(found) == len(expected_reps) == 4
    for one, other in zip(found, expected_reps, strict=True):
        assert abs(one.concentric_s - other.concentric_s) <= 0.02
        assert abs(one.eccentric_s - other.eccentric_s) <= 0.02
        assert one.range_deg is not None
        assert other.range_deg is not None
        assert abs(one.range_deg - other.range_deg) <= 1.0


@pytest.mark.parametrize("name", writers.ON_A_CLOCK)
def test_two_sensors_with_their_clocks(
    name: str, data: Data, expected_reps: tuple[Rep, ...], tmp_path: Path, run: Run, options: Options
) -> None:
    files = {place: writers.ON_A_CLOCK[name](one, tmp_path / place) for place, one in data.items()}
    output = tmp_path / "set.csv"
    result = run("import", *options(files), "-o", output, "--side", "left")

    assert result.exit_code == 0, result.output
    assert_same_report(output, expected_reps)
    checked = run("check", output)
    assert checked.exit_code == 0, checked.output
    header = load(output).header
    for place, paths in files.items():
        assert header.extra[f"{place}.assumed"]
        assert paths[0].name in header.extra[f"{place}.imported_acc"]
        assert paths[-1].name in header.extra[f"{place}.imported_gyr"]
        assert all(path.name in result.output for path in paths)


@pytest.mark.parametrize("name", writers.ALONE)
def test_the_ankle_alone_without_a_common_clock(
    name: str, data: Data, simulated: Recording, tmp_path: Path, run: Run
) -> None:
    files = writers.ALONE[name](data["ankle"], tmp_path)
    result = run("import", *files, "-o", tmp_path / "set.csv")

    assert result.exit_code == 0, result.output
    assert "without an option" in result.output
    assert_same_report(tmp_path / "set.csv", analyze(replace(simulated, pelvis=None)).summary.reps)


def test_a_gyroscope_of_half_the_rate_is_interpolated_inside_and_never_extrapolated(
    data: Data, expected_reps: tuple[Rep, ...], tmp_path: Path, run: Run, options: Options
) -> None:
    files = {place: writers.metabase(one, tmp_path / place, gyr_every=2) for place, one in data.items()}
    result = run("import", *options(files), "-o", tmp_path / "set.csv")

    assert result.exit_code == 0, result.output
    assert "linear interpolation" in result.output
    assert_same_report(tmp_path / "set.csv", expected_reps)
    ankle = load(tmp_path / "set.csv").ankle
    assert ankle is not None
    sent = data["ankle"]
    shared = np.round(sent.time_s[::2] - min(one.time_s[0] for one in data.values()), 3)
    assert abs(ankle.time_s[-1] - shared[-1]) <= 0.002  # without the odd sample after the gyroscope's last
    at = int(np.argmin(np.abs(ankle.time_s - shared[500])))
    np.testing.assert_allclose(ankle.gyr_dps[at], sent.gyr[1000], atol=1e-3)


def test_a_gap_of_the_slower_quantity_is_not_bridged(data: Data, tmp_path: Path, run: Run) -> None:
    acc, gyr = writers.metabase(data["ankle"], tmp_path, gyr_every=2)
    lines = gyr.read_text().splitlines()
    gyr.write_text("\n".join(lines[:500] + lines[550:]) + "\n")
    result = run("import", acc, gyr, "-o", tmp_path / "set.csv")

    assert result.exit_code == 0, result.output
    ankle = load(tmp_path / "set.csv").ankle
    assert ankle is not None
    assert np.diff(ankle.time_s).max() > 0.9


def test_a_saved_column_map_gives_the_same_result(
    data: Data,
    expected_reps: tuple[Rep, ...],
    tmp_path: Path,
    run: Run,
    options: Options,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path / "home"))
    files = {place: writers.plain(one, tmp_path / place) for place, one in data.items()}
    first = run(
        "import", *options(files), "-o", tmp_path / "a.csv", "--map", writers.PLAIN_MAP, "--save-map", "lab"
    )
    again = run("import", *options(files), "-o", tmp_path / "b.csv", "--map", "lab")

    assert (first.exit_code, again.exit_code) == (0, 0), first.output + again.output
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()
    assert_same_report(tmp_path / "b.csv", expected_reps)


def tapped(sent: writers.Sent) -> writers.Sent:
    """Return the samples with three knocks in the first seconds."""
    acc = sent.acc.copy()
    for moment_s in (1.0, 1.4, 2.1):
        acc[np.argmin(np.abs(sent.time_s - writers.EPOCH_S - moment_s))] += 40.0
    return replace(sent, acc=acc)


def test_two_sensors_without_a_common_clock_are_aligned_by_a_tap(
    data: Data, expected_reps: tuple[Rep, ...], tmp_path: Path, run: Run, options: Options
) -> None:
    late = {"pelvis": 0.0, "ankle": 37.25}
    moved = {place: replace(tapped(one), time_s=one.time_s + late[place]) for place, one in data.items()}
    knocked = {place: tapped(one) for place, one in data.items()}
    files = {
        place: writers.movesense(replace(knocked[place], time_s=moved[place].time_s), tmp_path / place)
        for place in data
    }
    apart = run("import", *options(files), "-o", tmp_path / "set.csv")
    result = run("import", *options(files), "-o", tmp_path / "set.csv", "--tap")

    assert apart.exit_code == 4
    assert "no clock in common" in apart.output
    assert "--tap" in apart.output
    assert result.exit_code == 0, result.output
    assert_same_report(tmp_path / "set.csv", expected_reps)
    imported = load(tmp_path / "set.csv")
    assert [note.key for note in imported.notes] == ["tap"]
    assert imported.pelvis is not None
    assert imported.ankle is not None
    began_s = {block.sensor: float(block.time_s[0]) for block in imported.blocks}
    truly_s = data["ankle"].time_s[0] - data["pelvis"].time_s[0]
    assert abs(began_s["ankle"] - began_s["pelvis"] - truly_s) <= 0.005


@pytest.mark.parametrize(("since_1970_s", "year"), [(100.0, None), (writers.EPOCH_S, 2026), (9e9, None)])
def test_a_clock_that_was_never_set_gives_no_day(
    since_1970_s: float, year: int | None, data: Data, tmp_path: Path, run: Run
) -> None:
    sent = data["ankle"]
    shifted = replace(sent, time_s=sent.time_s - sent.time_s[0] + since_1970_s)
    file, out = writers.plain(shifted, tmp_path)[0], tmp_path / "set.csv"
    result = run("import", "--ankle", file, "-o", out, "--map", writers.PLAIN_MAP)
    created = load(out).header.created

    assert (created and created.year) == year
    assert ("say --side, --person, --created" in result.output) == (year is None)
