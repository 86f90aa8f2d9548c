"""``imu-reps test`` on recorded files; what is stored in the profile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import imu_reps.cli.test as tests_before
from imu_reps import Recording, RepFaults, RepPlan, SetPlan, analyze, load, save, simulate
from imu_reps.cli.console import exit_on_error
from imu_reps.domain.summary import Summary
from imu_reps.session.session_events import Finished
from imu_reps.storage.profile import PairedSensor, Person, Profiles, load_profiles, save_profiles

SLOW = RepPlan(
    top_deg=70.0,
    eccentric_s=5.0,
    bottom_pause_s=1.5,
    faults=RepFaults(arch_deg=12.0, arch_below_deg=40.0),
)
ME = Person("me", PairedSensor("witmotion", "A", 100.0), PairedSensor("witmotion", "B", 100.0))

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call ``imu-reps test`` with words, in a home of its own."""
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))

    def call(*words: str | Path) -> Result:
        return CliRunner().invoke(tests_before.test, [str(word) for word in words])

    return call


@pytest.fixture(scope="module")
def lowerings(
    tmp_path_factory: pytest.TempPathFactory, as_done: Callable[[Recording], Recording]
) -> list[Path]:
    """Three slow lowerings of each leg, as if performed by a person."""
    files = []
    for side in ("left", "right"):
        file = tmp_path_factory.mktemp("lowerings") / f"{side}.csv"
        recording = simulate(SetPlan(side=side, reps=(SLOW,) * 3), seed=4).recording
        save(as_done(recording), file)
        files.append(file)
    return files


def test_the_floor_of_both_sides_is_reported_and_stored(run: Run, lowerings: list[Path]) -> None:
    save_profiles(Profiles().with_person(ME))
    result = run("end-range", *lowerings)
    floors = load_profiles().person("me").floors

    assert result.exit_code == 0, result.output
    assert "left leg: your floor angle is about" in result.output
    assert "right leg: your floor angle is about" in result.output
    assert "Kept for me." in result.output
    assert set(floors) == {"left", "right"}
    assert floors["left"].exercise == "single_leg_raise"
    assert floors["left"].deg == pytest.approx(floors["right"].deg, abs=4.0)


@pytest.mark.parametrize("recorded_now", [False, True])
def test_who_is_paired_during_the_test_is_kept_and_gets_no_floor(
    run: Run, lowerings: list[Path], monkeypatch: pytest.MonkeyPatch, recorded_now: bool
) -> None:
    save_profiles(Profiles().with_person(ME))

    def pair_another() -> None:
        save_profiles(load_profiles().with_person(replace(ME, name="kim")))

    def summed_up(files: Sequence[str]) -> tuple[list[Summary], int]:
        pair_another()
        return [analyze(load(file)).summary for file in files], 0

    def recorded(*_: object, **__: object) -> tuple[list[Finished], int]:
        summaries, _ = summed_up(list(map(str, lowerings)))
        return [Finished(str(lowerings[0]), "target", summary=one) for one in summaries], 0

    monkeypatch.setattr(tests_before, "_summed_up", summed_up)
    monkeypatch.setattr(tests_before, "_recorded", recorded)
    result = run("end-range", *([] if recorded_now else [*lowerings, "--person", "me"]))

    assert "Kept for me." in result.output
    assert load_profiles().names() == "me, kim"
    assert set(load_profiles().person("me").floors) == {"left", "right"}
    assert load_profiles().person("kim").floors == {}


def test_with_show_only_nothing_is_stored(run: Run, lowerings: list[Path]) -> None:
    save_profiles(Profiles().with_person(ME))
    result = run("end-range", lowerings[0], "--no-keep")

    assert result.exit_code == 0
    assert load_profiles().person("me").floors == {}


def test_without_a_person_the_result_is_reported_and_not_stored(run: Run, lowerings: list[Path]) -> None:
    result = run("end-range", lowerings[0])

    assert result.exit_code == 0
    assert "Not kept: nobody is paired" in result.output


def test_a_simulated_recording_sets_nobodys_floor(run: Run, tmp_path: Path) -> None:
    save_profiles(Profiles().with_person(ME))
    file = tmp_path / "simulated.csv"
    save(simulate(SetPlan(reps=(SLOW,) * 3), seed=4).recording, file)
    result = run("end-range", file)

    assert "your floor angle is about" in result.output
    assert "Not kept: the recording is simulated" in result.output
    assert "Next time" not in result.output  # the result of this test, not of a session
    assert load_profiles().person("me").floors == {}


def test_an_unreadable_file_does_not_affect_the_others(
    run: Run, lowerings: list[Path], tmp_path: Path
) -> None:
    result = run("end-range", lowerings[0], tmp_path / "none.csv")

    assert result.exit_code == 1
    assert "left leg: your floor" in result.output
    assert "none.csv" in result.output


def test_an_unknown_person_is_refused_before_anything_else(run: Run, lowerings: list[Path]) -> None:
    save_profiles(Profiles().with_person(ME))
    with pytest.raises(SystemExit) as ended, exit_on_error():
        raise run("end-range", lowerings[0], "--person", "you").exception or AssertionError

    assert ended.value.code == 2


def test_the_setup_test_reports_the_press(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "press.csv"
    from imu_reps.sim.wearer import LifePlan

    plan = SetPlan(reps=(), life=LifePlan(still_before_s=4.0, rocks_deg=(11.0,)))
    save(simulate(plan, seed=1).recording, file)
    result = run("setup", file)

    assert result.exit_code == 0, result.output
    assert "The pelvis tipped back by" in result.output


def test_the_setup_test_needs_the_pelvis_sensor(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "press.csv"
    save(simulate(SetPlan(pelvis=None), seed=1).recording, file)
    result = run("setup", file)

    assert result.exit_code == 4
    assert "pelvis sensor" in result.output


def test_without_a_file_the_lowerings_are_recorded_now(run: Run, tmp_path: Path) -> None:
    words = ["--virtual", "open_profile", "--speed", "0", "--quiet", "--folder", tmp_path / "sets"]
    result = run("end-range", "--exercise", "single_leg_raise", *words)

    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "sets").glob("*.csv"))) == 2
    assert "left leg: your floor angle is about" in result.output
    assert "right leg: your floor angle is about" in result.output
    assert "Not kept: the recording is simulated" in result.output


def test_pressing_the_back_is_not_reported_as_a_set_of_no_reps(run: Run, tmp_path: Path) -> None:
    words = ["--virtual", "open_profile", "--speed", "0", "--quiet", "--folder", tmp_path / "press"]
    result = run("setup", *words)

    assert result.exit_code == 0, result.output
    assert "Press the back flat. 20 s." in result.output
    assert "set over: the time was up" in result.output
    assert " rep" not in result.output
    assert "held for 10" in result.output


def test_why_a_press_cannot_be_measured_is_said_once(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tests_before, "PRESS_S", 0.5)
    words = ["--virtual", "open_profile", "--speed", "0", "--quiet", "--folder", tmp_path / "press"]
    result = run("setup", *words)

    assert result.exit_code == 4
    assert result.output.count("too short") == 1


def test_the_instruction_names_both_legs_where_both_are_lowered(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imu_reps.cli.record.run.run_virtually", lambda *_: [])
    result = run("end-range", "--virtual", "open_profile", "--quiet")

    assert "lift the legs and lower them" in " ".join(result.output.split())


def test_no_help_of_a_test_is_truncated(run: Run) -> None:
    listed = run("--help").output.partition("Commands:")[2]

    assert "setup" in listed
    assert "..." not in listed
