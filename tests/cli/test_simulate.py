"""``imu-reps simulate``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from imu_reps import load
from imu_reps.cli.simulate import FAULTS
from imu_reps.domain.exercise import EXERCISES, HOLDS
from imu_reps.sim.wearer import showcase

if sys.platform != "win32":
    import resource

Run = Callable[..., Result]


def truth(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(file.with_suffix(".truth.json").read_text(encoding="utf-8"))
    return document


def test_the_recording_is_marked_as_simulated_and_its_truth_is_next_to_it(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "set.csv"
    words = ["--side", "right", "--reps", "3", "--tempo", "3-1-2-0.5", "--range", "50", "--rate", "50"]
    result = run("simulate", *words, "-o", file)
    made = load(str(file))

    assert result.exit_code == 0
    assert made.header.simulated
    assert (made.header.exercise, made.header.side) == ("single_leg_raise", "right")
    assert str(made.header.tempo_target) == "3.0-1.0-2.0-0.5"
    assert made.header.ankle.rate_hz == 50.0
    assert truth(file)["set"]["rep_count"] == 3
    assert truth(file)["set"]["range_deg_mean"] == pytest.approx(50.0, abs=0.5)


def test_nothing_is_overwritten(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "set.csv"
    file.write_text("mine", encoding="utf-8")
    other = tmp_path / "other.csv"
    other.with_suffix(".truth.json").write_text("mine", encoding="utf-8")

    assert run("simulate", "-o", file).exit_code == 1
    assert run("simulate", "-o", other).exit_code == 1
    assert file.read_text(encoding="utf-8") == "mine"
    assert other.with_suffix(".truth.json").read_text(encoding="utf-8") == "mine"
    assert not other.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="limits on files are POSIX")
def test_an_older_file_stays_whole_where_the_new_one_cannot_be_written(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "set.csv"
    assert run("simulate", "--reps", "1", "-o", file).exit_code == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before["set.csv"]) // 2, hard))
    try:
        refused = run("simulate", "--reps", "2", "-o", file, "--force")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert refused.exit_code == 1, refused.output
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert run("simulate", "--reps", "2", "-o", file, "--force").exit_code == 0
    assert truth(file)["set"]["rep_count"] == 2


def test_the_same_seed_gives_the_same_recording_and_another_seed_another(run: Run, tmp_path: Path) -> None:
    def made(name: str, seed: str) -> bytes:
        run("simulate", "--reps", "1", "--seed", seed, "-o", tmp_path / name)
        return (tmp_path / name).read_bytes()

    assert made("a.csv", "5") == made("b.csv", "5") != made("c.csv", "6")


def test_losses_leave_gaps_in_the_numbering(run: Run, tmp_path: Path) -> None:
    run("simulate", "--reps", "2", "--loss", "0.1", "-o", tmp_path / "lossy.csv")
    ankle = load(str(tmp_path / "lossy.csv")).ankle

    assert ankle is not None
    lost = 1.0 - len(ankle) / (ankle.sample[-1] - ankle.sample[0] + 1)
    assert lost == pytest.approx(0.1, abs=0.04)


@pytest.mark.parametrize("exercise", [exercise for exercise in EXERCISES if exercise not in HOLDS])
def test_every_exercise_has_its_reps_with_other_movements_around_them(
    run: Run, tmp_path: Path, exercise: str
) -> None:
    plain, lived = tmp_path / "plain.csv", tmp_path / "lived.csv"
    run("simulate", "--exercise", exercise, "--reps", "2", "-o", plain)
    run("simulate", "--exercise", exercise, "--reps", "2", "--life", "-o", lived)
    ends = [np.asarray(load(str(file)).ankle.time_s)[-1] for file in (plain, lived)]  # type: ignore[union-attr]

    assert truth(plain)["set"]["rep_count"] == truth(lived)["set"]["rep_count"] == 2
    assert ends[1] > ends[0] + 10.0


@pytest.mark.parametrize("exercise", HOLDS)
def test_a_hold_is_held_for_its_time_and_lets_go_at_the_named_second(
    run: Run, tmp_path: Path, exercise: str
) -> None:
    clean, arched = tmp_path / "clean.csv", tmp_path / "arched.csv"
    result = run("simulate", "--exercise", exercise, "--duration", "8", "-o", clean)
    run("simulate", "--exercise", exercise, "--duration", "8", "--fault", "back_arch:4", "-o", arched)

    assert "held 8 s" in result.stdout
    assert load(str(clean)).header.exercise == exercise
    assert truth(clean)["set"]["rep_count"] is None
    assert truth(clean)["set"]["time_under_tension_s"] == pytest.approx(8.0, abs=0.3)
    assert truth(clean)["hold"]["arch_after_s"] is None
    assert 4.0 < truth(arched)["hold"]["arch_after_s"] < 6.5


#: Faults judged by the truth; a jolt and a bent knee are commanded but not judged.
JUDGED = sorted(set(FAULTS) - {"snap", "knee_bend"})


@pytest.mark.parametrize("fault", JUDGED)
def test_a_fault_is_present_in_the_given_reps_only(run: Run, tmp_path: Path, fault: str) -> None:
    file = tmp_path / "set.csv"
    run("simulate", "--reps", "4", "--fault", f"{fault}:2,4", "-o", file)

    assert [fault in rep["flags"] for rep in truth(file)["reps"]] == [False, True, False, True]


@pytest.mark.parametrize(
    "words",
    [
        ["--fault", "arch"],
        ["--fault", "momentum:11"],
        ["--fault", "momentum:x"],
        ["--fault", "momentum:" + "9" * 5000],
        ["--fault", "momentum:5-3"],
        ["--tempo", "2-2"],
        ["--tempo", "0-0-2-0"],
        ["--random", "1", "--reps", "3"],
        ["--showcase", "clean", "--life"],
        ["--exercise", "jump"],
        ["--duration", "20"],
        ["--exercise", "hollow_hold", "--reps", "3"],
        ["--exercise", "hollow_hold", "--fault", "momentum"],
        ["--exercise", "hollow_hold", "--duration", "10", "--fault", "sinking:10"],
    ],
)
def test_invalid_requests_are_exit_code_2_and_nothing_is_written(
    run: Run, tmp_path: Path, words: list[str]
) -> None:
    result = run("simulate", *words, "-o", tmp_path / "set.csv")

    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_random_set_is_drawn_from_its_seed(run: Run, tmp_path: Path) -> None:
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        assert run("simulate", "--random", seed, "-o", tmp_path / f"{name}.csv").exit_code == 0
    first, again, other = ((tmp_path / f"{name}.csv").read_bytes() for name in "abc")

    assert first == again != other


def test_one_named_set_goes_to_a_file_and_all_to_a_folder(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    folder.mkdir()
    one = run("simulate", "--showcase", "clean", "-o", tmp_path / "one.csv")
    every = run("simulate", "--showcase", "all", "-o", folder)

    assert one.exit_code == every.exit_code == 0
    assert (tmp_path / "one.csv").read_bytes() == (folder / "clean.csv").read_bytes()
    assert {file.name.removesuffix(".csv") for file in folder.glob("*.csv")} == set(showcase())
    assert all(load(str(file)).header.simulated for file in folder.glob("*.csv"))


def test_an_unknown_name_is_exit_code_2_and_lists_the_known_names(run: Run, tmp_path: Path) -> None:
    result = run("simulate", "--showcase", "nothing", "-o", tmp_path / "set.csv")

    assert result.exit_code == 2
    assert "packet_loss" in result.stderr
