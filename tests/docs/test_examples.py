"""The examples of the documentation run and print the stated output."""

from __future__ import annotations

import os
from pathlib import Path
from runpy import run_path

import pytest
from programs import run

EXAMPLES = Path(__file__).parents[2] / "imu_reps" / "docs" / "examples"

SAYS = {
    "count_a_dataframe": ("8 repetitions, tempo 1.8-1.0-1.8-0.5", "range_deg"),
    "follow_live": ("ready", "repetition 8: 59 degrees", "8 repetitions in the whole set"),
    "new_sensor_family": ("65534 [0.  0.  9.8] [10.  0. -2.]", "65537 "),
    "compare_two_sessions": ("eccentric_s", "True", "False"),
    "plot_tilt_against_leg": ("written: ",),
}


def test_every_example_is_run() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(SAYS)


@pytest.mark.parametrize("name", SAYS)
def test_an_example_runs(name: str, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    done = run(str(EXAMPLES / f"{name}.py"), cwd=tmp_path, encoding="utf-8", env=environment)

    assert done.returncode == 0, done.stderr
    assert all(words in done.stdout for words in SAYS[name]), done.stdout
    if name.startswith("plot"):
        assert (tmp_path / "tilt_against_leg.png").read_bytes().startswith(b"\x89PNG")


def test_a_recording_alone_is_drawn_beside_itself_and_never_drawn_over(tmp_path: Path) -> None:
    target = run_path(str(EXAMPLES / "plot_tilt_against_leg.py"))["target"]
    mine = tmp_path / "mine.csv.gz"

    assert target([str(mine)]) == tmp_path / "mine.png"
    for picture in (str(mine), "other.csv"):
        with pytest.raises(SystemExit, match="no name for a picture"):
            target([str(mine), picture])


def test_one_file_is_not_compared_with_a_simulated_set() -> None:
    main = run_path(str(EXAMPLES / "compare_two_sessions.py"))["main"]

    with pytest.raises(SystemExit, match="Usage"):
        main(["mine.csv"])
