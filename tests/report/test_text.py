"""The text report says in words what the summary contains, and nothing else."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from imu_reps import Fault, Rep, Summary
from imu_reps.domain.finding import Finding
from imu_reps.domain.rep import Partial
from imu_reps.domain.summary import Sensors, Trend, Zero
from imu_reps.report.text import text_report

Make = Callable[..., Summary]
MakeRep = Callable[..., Rep]
MakeFault = Callable[..., Fault]


def rendered(summary: Summary, width: int = 80, **details: Any) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False, markup=False, emoji=False)
    console.print(text_report(summary, width, **details))
    return out.getvalue()


def prose(summary: Summary, **details: Any) -> str:
    """Return the report without line breaks."""
    return re.sub(r"\s+", " ", rendered(summary, **details))


def row(text: str, number: int) -> str:
    return next(line for line in text.splitlines() if re.match(rf"\s*{number}\s+\d", line))


def section(text: str, title: str) -> str:
    """Return the text between a title and the next empty line."""
    return text.partition(f"\n{title}\n")[2].partition("\n\n")[0]


def test_the_set_is_described_in_a_headline(
    make_summary: Make, make_rep: MakeRep, make_fault: MakeFault
) -> None:
    lines = rendered(make_summary(make_rep(1), make_rep(2, make_fault()))).splitlines()

    assert [line.rstrip() for line in lines[:2]] == [
        "21 Nov 2026, 07:30 · Single leg raise, left · 2 reps, 1 clean",
        "  tempo 2.1-0.4-2.0-0.2 · range 61°",
    ]


def test_each_rep_has_a_row_with_its_figures_in_the_order_of_the_tempo(
    make_summary: Make, make_rep: MakeRep
) -> None:
    text = rendered(make_summary(make_rep(1), make_rep(2, concentric_s=1.6, momentum=0.04)))

    assert row(text, 1).split() == ["1", "2.1", "0.7", "2.0", "0.2", "61", "1", "−2", "1", "clean"]
    assert row(text, 2).split()[1:4] == ["2.1", "0.7", "1.6"]


def test_scatter_between_reps_is_not_called_measurement_error(make_summary: Make, make_rep: MakeRep) -> None:
    text = rendered(make_summary(make_rep(1), make_rep(2), figures={"range_deg_sd": 11.0}))

    assert "range scatters by 11°" in text
    assert "± 11" not in text


def test_no_scatter_is_not_zero_degrees(make_summary: Make, make_rep: MakeRep) -> None:
    text = rendered(make_summary(make_rep(1), make_rep(2), figures={"range_deg_sd": 0.3}))

    assert "range scatters by less than 1°" in text


def test_a_person_named_later_is_in_the_headline_alone_and_other_corrections_are_told(
    make_summary: Make, make_rep: MakeRep
) -> None:
    by_hand = [Finding("header_by_hand", values={"what": what, "value": what}) for what in ("person", "side")]
    text = prose(make_summary(make_rep(1), findings=tuple(by_hand)))

    assert "Corrected by hand: side" in text
    assert "person" not in text


def test_a_missing_pelvis_sensor_is_told_once_with_all_that_follows(
    make_summary: Make, make_rep: MakeRep
) -> None:
    found = (
        Finding("no_pelvis"),
        Finding("posture_unchecked", values={"pelvis": False, "posture": "supine"}),
    )
    alone = make_summary(make_rep(1), findings=found)
    text = prose(replace(alone, sensors=replace(alone.sensors, pelvis=None)))

    assert "nor is the posture checked" in text
    assert "Posture was not checked" not in text


def test_a_high_start_is_described_from_the_top_down(make_summary: Make, make_rep: MakeRep) -> None:
    text = rendered(make_summary(make_rep(1), make_rep(2), recording={"start": "high"}))

    assert re.search(r"down +bottom +up +top", text)
    assert row(text, 1).split()[1:5] == ["2.1", "0.7", "2.0", "0.2"]


def test_a_heel_tap_shows_speed_and_a_hanging_raise_the_curl(make_summary: Make, make_rep: MakeRep) -> None:
    tap = rendered(make_summary(make_rep(1), recording={"exercise": "heel_tap"}))
    hanging = {"exercise": "hanging_leg_raise", "posture": "hanging", "side": "both"}
    curled = rendered(make_summary(make_rep(1), recording=hanging))

    assert "speed" in tap
    assert "momentum" not in tap
    assert "curl" in curled
    assert "rotation" not in curled


def test_a_fault_is_named_in_its_row_and_described_in_a_sentence(
    make_summary: Make, make_rep: MakeRep, make_fault: MakeFault
) -> None:
    swing = make_fault(code="momentum", value=0.34, limit=0.2, unit="share")
    arch = make_fault(value=9.0)
    summary = make_summary(
        make_rep(1), make_rep(2, swing), make_rep(3), make_rep(4, arch, lift_off_angle_deg=24.0)
    )
    text = rendered(summary)

    assert row(text, 2).rstrip().endswith("momentum")
    assert row(text, 4).rstrip().endswith("back arch")
    wrong = re.sub(r"\s+", " ", section(text, "What was wrong"))
    assert (
        "Rep 4, back arch: the pelvis tipped forward by 9° (limit 6°), from about 24° of leg height down."
        in wrong
    )
    assert "Rep 2, momentum: swing carried 34 % of the way up (limit 20 %)." in wrong


def test_a_rep_at_watch_level_stays_clean_and_out_of_the_faults(
    make_summary: Make, make_rep: MakeRep, make_fault: MakeFault
) -> None:
    text = rendered(make_summary(make_rep(1, make_fault(level="watch", value=4.0, limit=3.0))), 100)

    assert row(text, 1).rstrip().endswith("clean, watch back arch")
    assert "What was wrong" not in text


@pytest.mark.parametrize(
    ("side", "rotation", "rising"),
    [
        ("left", 8.0, "right"),
        ("left", -8.0, "left"),
        ("right", 8.0, "left"),
        ("right", -8.0, "right"),
        ("both", 8.0, "right"),
        (None, -8.0, "left"),
    ],
)
def test_the_rising_side_follows_the_sign_of_rotation(
    make_summary: Make,
    make_rep: MakeRep,
    make_fault: MakeFault,
    side: str | None,
    rotation: float,
    rising: str,
) -> None:
    pop = make_fault(code="hip_pop", value=rotation, limit=7.0)
    summary = make_summary(make_rep(1, pop, pelvic_rotation_deg=rotation), recording={"side": side})

    assert f"turned by 8° (limit 7°), the {rising} side rising" in prose(summary)


def test_every_flag_is_described_with_its_value_and_its_limit(
    make_summary: Make, make_rep: MakeRep, make_fault: MakeFault
) -> None:
    faults = [
        make_fault(code="momentum", value=170.0, limit=150.0, unit="deg/s"),
        make_fault(code="fast_lowering", value=0.8, limit=1.0, unit="s"),
        make_fault(code="heel_touch", value=5.2, limit=3.0, unit="m/s²"),
        make_fault(code="short_range", value=38.0, limit=43.0),
        make_fault(code="below_floor", value=20.0, limit=26.0),
        make_fault(code="knee_bend", value=0.8, limit=0.9, unit="share", certainty="low"),
        make_fault(code="snap", value=7.0, limit=6.0, unit="times noise", at_angle_deg=31.0),
    ]
    summary = make_summary(*(make_rep(number, fault) for number, fault in enumerate(faults, 1)))
    text = prose(summary)

    assert "the leg moved at 170°/s (limit 150°/s)" in text
    assert "the leg came down in 0.8 s (at least 1.0 s)" in text
    assert "a knock of 5.2 m/s² (limit 3.0 m/s²)" in text
    assert "the leg moved 38° (at least 43°)" in text
    assert "the leg went down to 20° (floor angle set 26°)" in text
    assert "the knee may have bent (not certain)" in text
    assert "a jolt on the way down near 31° of leg height" in text


def test_an_unclean_set_is_never_called_clean(
    make_summary: Make, make_rep: MakeRep, make_fault: MakeFault
) -> None:
    assert "A clean set" in rendered(make_summary(make_rep(1), make_rep(2)))
    assert "A clean set" not in rendered(make_summary(make_rep(1), make_rep(2, make_fault())))


def test_the_floor_and_a_certain_trend_are_reported_and_an_uncertain_one_is_not(
    make_summary: Make, make_rep: MakeRep
) -> None:
    trends = (Trend("range_deg", 63.0, 52.0, 7, True), Trend("duration_s", 4.0, 3.4, None, False))
    text = prose(make_summary(make_rep(1), figures={"floor_angle_deg": 26.0, "trend": trends}))

    assert "Your floor angle is about 26°" in text
    assert (
        "The mean range fell from 63° in the first third of the set to 52° in the last, from rep 7 on."
        in text
    )
    assert "time for a rep" not in text


def test_increasing_backward_tilt_is_not_reported(make_summary: Make, make_rep: MakeRep) -> None:
    trend = (Trend("pelvic_tilt_deg", -2.0, -5.0, 4, True),)

    assert "tilt of the pelvis" not in prose(make_summary(make_rep(1), figures={"trend": trend}))


def test_one_arch_is_not_reported_as_none(
    make_summary: Make, make_rep: MakeRep, make_fault: MakeFault
) -> None:
    below = {"floor_below_deg": 1.0}
    arched = make_summary(make_rep(1), make_rep(2, make_fault(), lift_off_angle_deg=24.0), figures=below)

    assert "did not tip forward" in prose(make_summary(make_rep(1), figures=below))
    assert "did not tip forward" not in prose(arched)


@pytest.mark.parametrize("width", range(50, 90))
def test_no_line_breaks_between_a_number_and_its_unit(
    make_summary: Make, make_rep: MakeRep, make_fault: MakeFault, width: int
) -> None:
    swing = make_fault(code="momentum", value=0.34, limit=0.2, unit="share")
    text = rendered(make_summary(make_rep(1, swing)), width)

    assert "34 %" in text
    assert "20 %)" in text
    assert "\N{NO-BREAK SPACE}" not in text


def test_an_unmeasured_value_is_a_dash_never_a_zero_and_the_reason_is_given(
    make_summary: Make, make_rep: MakeRep
) -> None:
    without = {"pelvic_tilt_deg": None, "pelvic_rotation_deg": None, "not_judged": ("back_arch", "hip_pop")}
    reps = [replace(make_rep(n, **without), clean=None) for n in (1, 2)]
    summary = make_summary(*reps, zero=Zero(None, "no pelvis sensor"))
    text = rendered(replace(summary, sensors=Sensors(None, summary.sensors.ankle)))

    assert row(text, 1).split()[6:8] == ["–", "–"]
    assert "– not measured" in text
    assert "none fully judged" in text
    assert "Back arch and hip pop in all reps: there was no pelvis sensor." in text


def test_the_pause_after_the_last_rep_and_a_rest_are_no_missing_values(
    make_summary: Make, make_rep: MakeRep
) -> None:
    rested = replace(make_rep(2, bottom_pause_s=None), start_s=25.0, end_s=29.3)
    first = make_rep(1, bottom_pause_s=None)
    text = rendered(make_summary(first, rested))

    assert row(text, 1).split()[2] == "rest"
    assert row(text, 2).split()[:5] == ["2", "2.1", "2.0", "0.2", "61"]
    assert "not measured" not in text


def test_a_set_without_an_ankle_sensor_is_not_counted_and_gives_the_reason(make_summary: Make) -> None:
    summary = make_summary(figures={"rep_count": None, "clean_count": None, "partial_count": None})

    assert "reps not counted, no ankle sensor" in rendered(summary)


def test_no_reps_are_reported_plainly_unless_the_set_never_began(make_summary: Make) -> None:
    none, unready = (
        make_summary(),
        make_summary(findings=(Finding("never_ready", values={"posture": "supine"}),)),
    )

    assert "no reps" in rendered(none)
    assert "never went out and back by at least 8°" in rendered(none)
    assert "never went out" not in rendered(unready)
    assert "never saw you lying" in rendered(unready)


def test_one_rep_is_one_rep_and_fifty_have_fifty_rows(make_summary: Make, make_rep: MakeRep) -> None:
    assert "1 rep, 1 clean" in rendered(make_summary(make_rep(1)))
    text = rendered(make_summary(*(make_rep(n) for n in range(1, 51))))

    assert [int(row(text, n).split()[0]) for n in range(1, 51)] == list(range(1, 51))


def test_simulation_zero_partials_and_losses_are_reported(make_summary: Make, make_rep: MakeRep) -> None:
    summary = make_summary(
        make_rep(1),
        recording={"simulated": True},
        partials=tuple(Partial(t, t + 1, 9.0) for t in range(40, 46)),
    )
    lossy = replace(summary.sensors.ankle, samples=900, lost=100, longest_gap_s=0.42)  # type: ignore[type-var]
    text = prose(replace(summary, sensors=Sensors(summary.sensors.pelvis, lossy)), verbose=True)

    assert "simulated, nobody moved" in text
    assert "6 smaller movements not counted, at 40.0 s, 41.0 s, 42.0 s, 43.0 s and 2 times more." in text
    assert (
        "zero taken at 4.2 s (the last still moment before the first lift), as if your back lay flat" in text
    )
    assert "pelvis 100 Hz; ankle 100 Hz, 10 % lost, longest gap 0.4 s." in text


def test_it_says_once_that_it_is_no_medical_device(make_summary: Make, make_rep: MakeRep) -> None:
    assert rendered(make_summary(make_rep(1))).count("Not a medical device") == 1


@pytest.mark.parametrize("width", [60, 80, 120])
def test_nothing_is_wider_than_the_screen_and_no_figure_is_cut(
    make_summary: Make, make_rep: MakeRep, make_fault: MakeFault, width: int
) -> None:
    faults = (make_fault(), make_fault(code="hip_pop", value=-8.0, limit=7.0))
    text = rendered(make_summary(make_rep(1), make_rep(2, *faults)), width)

    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert row(text, 2).split()[:9] == ["2", "2.1", "0.7", "2.0", "0.2", "61", "1", "−2", "1"]


@pytest.mark.parametrize(("rate_hz", "word"), [(100.0, "a jolt"), (208.0, "a click")])
def test_a_jolt_is_called_a_click_only_if_the_sensor_is_fast_enough(
    make_summary: Make, make_rep: MakeRep, make_fault: MakeFault, rate_hz: float, word: str
) -> None:
    jolt = make_fault(code="snap", value=7.0, limit=1.0, unit="m/s²", at_angle_deg=31.0)
    summary = make_summary(make_rep(1, jolt))
    assert summary.sensors.ankle is not None
    ankle = replace(summary.sensors.ankle, rate_hz=rate_hz)
    text = prose(replace(summary, sensors=replace(summary.sensors, ankle=ankle)))

    assert f"{word} on the way down near 31° of leg height" in text
    assert "With pain: stop" in text


def test_a_swing_of_the_body_is_given_in_degrees(
    make_summary: Make, make_rep: MakeRep, make_fault: MakeFault
) -> None:
    swing = make_fault(code="momentum", value=-12.0, limit=10.0, unit="deg")

    assert "a swing of the body by 12° (limit 10°)" in prose(make_summary(make_rep(1, swing)))


def test_a_slow_sensor_is_named_as_the_reason_for_an_unjudged_touch(
    make_summary: Make, make_rep: MakeRep
) -> None:
    summary = make_summary(make_rep(1, not_judged=("heel_touch",)))
    assert summary.sensors.ankle is not None
    ankle = replace(summary.sensors.ankle, rate_hz=50.0)

    assert "sensor this slow may miss one" in prose(
        replace(summary, sensors=replace(summary.sensors, ankle=ankle))
    )


def test_the_person_and_the_day_come_first(make_summary: Make, make_rep: MakeRep) -> None:
    assert rendered(make_summary(make_rep(1)), 120, person="anna").startswith("anna · 21 Nov 2026, 07:30 · ")


def test_after_pain_nothing_is_called_a_clean_set(make_summary: Make, make_rep: MakeRep) -> None:
    hurt = make_summary(make_rep(1), make_rep(2), findings=(Finding("stopped_with_pain"),))

    assert "It hurt, and you stopped." in prose(hurt)
    assert "clean set" not in prose(hurt).lower()


def test_the_height_at_which_the_back_lets_go_is_given_once(
    make_summary: Make, make_rep: MakeRep, make_fault: MakeFault
) -> None:
    reps = [make_rep(n, make_fault(), lift_off_angle_deg=height) for n, height in ((1, 17.0), (2, 26.0))]
    text = prose(make_summary(*reps, figures={"floor_angle_deg": 26.0}))

    assert "Your floor angle is about 26°" in text
    assert "leg height down" not in text


def test_a_known_floor_angle_is_not_lowered_by_the_set(
    make_summary: Make, make_rep: MakeRep, make_fault: MakeFault
) -> None:
    below = make_rep(1, make_fault(code="below_floor", value=20.0, limit=30.0))
    text = prose(make_summary(below, figures={"floor_angle_deg": 26.0}))

    assert "flat above about 26°; the floor angle set for it stays 30°" in text


def test_technical_details_are_shown_on_request_only(make_summary: Make, make_rep: MakeRep) -> None:
    slow = Finding("drift", values={"drift_ppm": 80.0}, sensor="ankle")
    summary = make_summary(make_rep(1), findings=(slow,))

    assert "Sensors: pelvis" not in prose(summary)
    assert "clock runs" not in prose(summary)
    assert "clock runs fast by 80 ppm" in prose(summary, verbose=True)


def test_a_command_is_never_broken_across_lines(make_summary: Make, make_rep: MakeRep) -> None:
    wrong = Finding("correction_unused", values={"number": 1, "what": "missed rep", "value": "5"})
    for width in range(40, 100):
        text = rendered(make_summary(make_rep(1), findings=(wrong,)), width)
        assert "imu-\n" not in text


def test_in_forty_columns_the_least_needed_are_left_out_and_the_verdict_stays(
    make_summary: Make, make_rep: MakeRep, make_fault: MakeFault
) -> None:
    text = rendered(make_summary(make_rep(1), make_rep(2, make_fault())), 40)

    assert max(map(len, text.splitlines())) <= 40
    assert row(text, 2).rstrip().endswith("back arch")
    assert "mom." not in text
    assert "bot." not in text


def test_a_path_is_never_broken(make_summary: Make, make_rep: MakeRep) -> None:
    path = "/home/anna/Library/Application Support/imu-reps/recordings/2026-11-21 single leg raise.csv"

    assert path in rendered(make_summary(make_rep(1), recording={"file": path}), 200)


def test_a_bent_knee_that_nothing_earlier_can_show_is_named_once_with_the_reason(
    make_summary: Make, make_rep: MakeRep
) -> None:
    reps = [
        make_rep(number, not_judged=("knee_bend",) if number in (1, 2, 4) else ()) for number in (1, 2, 3, 4)
    ]
    text = prose(make_summary(*reps))

    assert (
        "Not judged • Knee bend in reps 1, 2 and 4: later reps are compared with the first ones, "
        "and slow ones do not show it." in text
    )


def test_a_bent_knee_at_the_bar_is_not_judged_without_a_pelvis_sensor(
    make_summary: Make, make_rep: MakeRep
) -> None:
    reps = [make_rep(number, not_judged=("knee_bend",)) for number in (1, 2, 3)]
    at_bar = {"exercise": "hanging_leg_raise", "posture": "hanging"}
    alone = make_summary(*reps, recording=at_bar)
    text = prose(replace(alone, sensors=replace(alone.sensors, pelvis=None)))

    reason = "without a pelvis sensor nothing shows how the hip swings at the bar"
    assert f"Knee bend in all reps: {reason}." in text
