"""Help for newcomers: examples, settings, suggestions, completion, and the demo without hardware."""

from __future__ import annotations

import re
import shlex
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner

from imu_reps import Settings, load
from imu_reps.cli.main import COMMANDS, EXAMPLES, main
from imu_reps.cli.shared_options import VIRTUAL_FAMILIES
from imu_reps.sensors.families import FAMILIES


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path))


def call(*words: str):
    return CliRunner().invoke(main, list(words))


def commands() -> list[str]:
    """Return every command that does something, by its words."""
    found = []
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        inner = getattr(command, "commands", None)
        found += [f"{name} {one}" for one in inner] if inner else [name]
    return found


@pytest.mark.parametrize("words", commands())
def test_every_help_ends_with_one_example_that_can_be_typed(words: str) -> None:
    help_text = call(*words.split(), "--help").output
    example = EXAMPLES[words]
    typed = shlex.split(example)[1:]
    command: click.Command = main
    context = click.Context(main)
    while isinstance(command, click.Group):
        inner = command.get_command(context, typed.pop(0))
        assert inner is not None
        command = inner

    assert help_text.rstrip().endswith(example)
    assert help_text.count("Example:") == 1
    command.make_context(words, typed)  # its options exist


def test_help_is_a_word_too_of_the_program_and_of_a_command() -> None:
    assert call("help").output == call("--help").output
    assert call("help", "scan").output == call("scan", "--help").output


def test_help_names_the_virtual_sensors_there_are() -> None:
    from imu_reps.sources.virtual_source import DEVICES

    assert set(re.findall(r"[a-z_]{6,}", VIRTUAL_FAMILIES)) - {"without"} == set(DEVICES)


def test_the_demo_without_its_extra_ends_before_its_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)  # noqa: ARG005 - as called
    result = call("demo", "--fast")

    assert result.exit_code == 2
    assert "imu-reps[virtual]" in result.stderr
    assert "1 of 4" not in result.output


def test_settings_are_listed_with_unit_default_and_meaning() -> None:
    output = call("settings").output

    for field in fields(Settings):
        if field.name != "preset":
            assert f"{field.name} = " in output
    assert "tilt_flag_deg = 6 °" in output
    assert "--preset strict: tilt_watch_deg=2" in output


def test_families_are_listed() -> None:
    output = call("scan", "--families").output

    assert all(family.name in output for family in FAMILIES)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["reprot"], "report"),
        (["record", "--bretahing"], "--breathing"),
        (["record", "--exercise", "heel_tp"], "heel_tap"),
        (["report", "--set", "tilt_flg_deg=3", "x.csv"], "tilt_flag_deg"),
        (["settings", "tilt_wach"], "tilt_watch_deg"),
        (["docs", "sensor"], "sensors"),
        (["simulate", "-o", "x.csv", "--fault", "back_ach"], "back_arch"),
        (["simulate", "-o", "x.csv", "--showcase", "claen"], "clean"),
    ],
)
def test_a_similar_command_is_suggested(words: list[str], meant: str) -> None:
    result = call(*words)

    assert result.exit_code == 2
    assert f"Did you mean '{meant}'?" in result.stderr


def test_an_unknown_setting_is_answered_in_three_short_sentences() -> None:
    message = CliRunner().invoke(main, ["report", "--set", "tilt_flg_deg=3", "x.csv"]).stderr

    assert "such as tilt_flag_deg=8. Did you mean 'tilt_flag_deg'? `imu-reps settings` lists all." in message
    assert len(message) < 320


def test_each_setting_is_understandable_on_its_own() -> None:
    for name in ("drop_flag", "two_leg_eccentric_flag_s", "no_breath_s"):
        output = CliRunner().invoke(main, ["settings", name]).stdout

        assert " same " not in output
        assert "None" not in output


def test_without_a_similar_command_there_is_no_suggestion() -> None:
    assert "Did you mean" not in call("xyzzy").stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_or_installed_once_and_replaced_only_with_force(
    shell: str, tmp_path: Path
) -> None:
    printed = call("completion", shell).output
    installed, again = (call("completion", shell, "--install") for _ in range(2))
    (file,) = [path for path in tmp_path.rglob("*imu-reps*") if path.is_file()]
    same = file.read_text(encoding="utf-8")
    file.write_text(f"{printed}# of an older version\n", encoding="utf-8")
    refused, forced = (call("completion", shell, "--install", *more) for more in ((), ("--force",)))

    assert "_IMU_REPS_COMPLETE" in printed
    assert same == file.read_text(encoding="utf-8") == printed
    assert (installed.exit_code, again.exit_code, refused.exit_code, forced.exit_code) == (0, 0, 1, 0)
    assert f"Installed already, in {file}." in again.output
    assert "--force" in refused.output


def test_the_showcase_makes_its_folder_and_is_replaced_only_with_force(tmp_path: Path) -> None:
    file = tmp_path / "clean.csv"
    words = ("simulate", "--showcase", "clean", "-o", str(file))
    first, again, forced = call(*words), call(*words), call(*words, "--force")
    (tmp_path / "mine.csv").write_text("mine", encoding="utf-8")
    foreign = call("simulate", "-o", str(tmp_path / "mine.csv"), "--force")

    assert (first.exit_code, again.exit_code, forced.exit_code, foreign.exit_code) == (0, 1, 0, 1)
    assert "--force" in again.stderr
    assert (tmp_path / "mine.csv").read_text(encoding="utf-8") == "mine"
    assert load(file).header.simulated


def test_the_demo_pairs_records_tests_and_reports_and_stores_nothing(tmp_path: Path) -> None:
    result = call("demo", "--fast", "--folder", str(tmp_path / "demo"))

    assert result.exit_code == 0, result.output
    for text in (
        "+y side points to your head",
        *("back arch", "hip pop", "momentum", "fast lowering", "heel touch", "short range"),
        "your floor angle is about",
    ):
        assert text in " ".join(result.output.split())
    assert len([*(tmp_path / "demo").glob("*.html")]) == 1
    assert not (tmp_path / "home").exists()


def test_a_set_ended_by_hand_ends_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = [SimpleNamespace(path="set.csv", reason="user")]
    monkeypatch.setattr("imu_reps.cli.demo._pair", lambda: None)
    monkeypatch.setattr("imu_reps.cli.record.run.run_virtually", lambda *_: ended)

    shown = call("demo", "--folder", str(tmp_path))

    assert shown.exit_code == 0
    assert "2 of 4" in shown.output
    assert "3 of 4" not in shown.output
    assert "Your turn" in shown.output


@pytest.mark.parametrize(
    ("family", "text"), [("open_profile", "was asked to"), ("witmotion", "cannot be asked to")]
)
def test_a_watched_sensor_blinks_on_request(family: str, text: str) -> None:
    result = call("watch", "--virtual", family, "--seconds", "1", "--blink", "ankle")
    assert result.exit_code == 0, result.output
    assert f"The ankle sensor {text} blink." in result.output


def test_both_sensors_can_be_watched_raw() -> None:
    result = call("watch", "--virtual", "--seconds", "3")
    lines = [line for line in result.output.splitlines() if "m/s²" in line]

    assert result.exit_code == 0, result.output
    assert {line.split()[2] for line in lines} == {"pelvis", "ankle"}


def test_the_setup_test_runs_without_hardware(tmp_path: Path) -> None:
    result = call("test", "setup", "--virtual", "--speed", "0", "--folder", str(tmp_path))

    assert "The pelvis tipped back by" in result.output


def test_a_test_searches_for_its_sensors_before_it_asks_anybody_to_lie_down() -> None:
    result = call("test", "end-range")

    assert result.exit_code != 0
    assert "Lie still" not in result.output
