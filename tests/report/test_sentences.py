"""Every sentence of the report about a number agrees with that number, over simulated sets.

The sentences are parsed and compared with the summary by independent rules: nothing of `imu_reps.report`
is used but the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from imu_reps import Rep, Summary, Tempo, analyze, simulate
from imu_reps.report.text import text_report
from imu_reps.sim.wearer import random_plan

#: First seeds of the daily sets and of the larger number of sets.
FIRST, DAILY, ALL = 14_000, 12, 400
#: Printed numbers are rounded: half of the last place, plus floating-point error.
HALF = 0.5 + 1e-6

FAULT = re.compile(
    r"(?P<where>(?:Reps?|All) [^:]*?), (?P<code>back arch|hip pop|momentum|fast lowering|heel touch|"
    r"short range|below floor|knee bend|snap): (?P<words>[^.]*(?:\.\d[^.]*)*)\."
)
#: The evidence of a fault: its worst value, its unit and the limit it passed.
EVIDENCE = re.compile(
    r"(?P<near>just over |just under )?(?P<value>−?[\d.]+) ?(?P<unit>°/s|°|%|s|m/s²)[^(]*"
    r"\((?:limit|at least|floor angle set) (?P<limit>−?[\d.]+) ?(?:°/s|°|%|s|m/s²)\)"
)
PLACES = {"°": ("deg", 1.0, 1.0), "°/s": ("deg/s", 1.0, 1.0), "%": ("share", 1.0, 0.01)} | {
    unit: (unit, 0.1, 1.0) for unit in ("s", "m/s²")
}


def sets(seeds: range) -> Iterator[tuple[int, Summary, str]]:
    """Yield random sets, each with a target tempo near or far, some with a known floor angle."""
    for seed in seeds:
        rng = np.random.default_rng(seed)
        recording = simulate(random_plan(rng), seed=seed).recording
        own = analyze(recording).summary.set
        header = replace(
            recording.header,
            tempo_target=_aim(own.tempo, rng),
            floor_deg=float(rng.uniform(5.0, 40.0)) if rng.random() < 0.3 else None,
            range_target_deg=float(rng.uniform(20.0, 80.0)) if rng.random() < 0.3 else None,
        )
        summary = analyze(replace(recording, header=header)).summary
        console = Console(width=10_000, highlight=False, markup=False, emoji=False)
        with console.capture() as captured:
            console.print(text_report(summary, 10_000))
        yield seed, summary, unbroken(captured.get())


def unbroken(text: str) -> str:
    """Return the report with each of its points on one line."""
    table, points, prose = text.partition("\n\u2022 ")
    return table + points + re.sub(r"\n  (?=\S)", " ", prose)


def _aim(tempo: str | None, rng: np.random.Generator) -> Tempo:
    """Return the measured tempo, changed by up to 0.5 s in each part."""
    parts = [2.0, 0.0, 2.0, 0.0] if tempo is None else [float(part) for part in tempo.split("-")]
    return Tempo(*(max(0.0, round(part + rng.uniform(-0.5, 0.5), 1)) for part in parts))


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def reps_of(where: str, summary: Summary) -> list[int]:
    """Return the numbers of the named repetitions: "Reps 1–4 and 9", "Rep 7", "All reps"."""
    if where.lower().startswith("all"):
        return [rep.number for rep in summary.reps]
    spans = [[int(end) for end in span.split("–")] for span in re.findall(r"\d+(?:–\d+)?", where)]
    return [n for span in spans for n in range(span[0], span[-1] + 1)]


def check_faults(summary: Summary, text: str) -> None:
    stated: dict[str, list[int]] = {}
    for found in FAULT.finditer(text):
        code, numbers = found["code"].replace(" ", "_"), reps_of(found["where"], summary)
        stated.setdefault(code, []).extend(numbers)
        evidence = EVIDENCE.search(found["words"])
        assert evidence is not None or code in ("knee_bend", "snap"), found[0]
        if evidence is not None:
            check_evidence(code, numbers, evidence, summary)
        elif code == "snap":
            heights = [f.at_angle_deg for n in numbers for f in faults(summary.reps[n - 1], code)]
            about = re.search(r"near (−?\d+)°", found["words"])
            assert about is not None
            assert abs(number(about[1]) - np.median([h for h in heights if h is not None])) <= HALF
        height = re.search(r"from about (−?\d+)° of leg height down", found["words"])
        if height is not None:
            (lift_off,) = [r.lift_off_angle_deg for r in summary.reps if r.lift_off_angle_deg is not None]
            assert abs(number(height[1]) - lift_off) <= HALF
    flagged = {flag for rep in summary.reps for flag in rep.flags}
    assert set(stated) == flagged
    for code, numbers in stated.items():
        assert set(numbers) == {rep.number for rep in summary.reps if code in rep.flags}


def faults(rep: Rep, code: str) -> list:
    return [fault for fault in rep.faults if fault.code == code and fault.level == "flag"]


def check_evidence(code: str, numbers: list[int], evidence: re.Match[str], summary: Summary) -> None:
    unit, place, scale = PLACES[evidence["unit"]]
    found = [fault for n in numbers for fault in faults(summary.reps[n - 1], code) if fault.unit == unit]
    assert len(found) == len(numbers), "each of these repetitions has that fault in that unit"
    values = [abs(fault.value) / scale for fault in found]
    limit = abs(found[0].limit) / scale
    worst = min(values) if values[0] < limit else max(values)
    assert abs(number(evidence["value"]) - worst) <= HALF * place
    assert abs(number(evidence["limit"]) - limit) <= HALF * place
    assert bool(evidence["near"]) == (evidence["value"] == evidence["limit"])
    if evidence["near"]:
        assert (evidence["near"] == "just over ") == (worst >= limit)


def check_counts(summary: Summary, text: str) -> None:
    head = text.partition("\n\n")[0]
    if summary.set.rep_count is None or summary.recording.exercise == "hollow_hold":
        return
    count = re.search(r"(\d+|no) reps?\b", head)
    assert count is not None
    assert int(count[1].replace("no", "0")) == summary.set.rep_count == len(summary.reps)
    clean = re.search(r"(\d+) clean", head)
    assert (None if clean is None else int(clean[1])) == (summary.set.clean_count if summary.reps else None)
    if clean is not None:
        assert int(clean[1]) == sum(rep.clean is True for rep in summary.reps)
    unjudged = re.search(r"(\d+) not fully judged", head)
    missing = sum(rep.clean is None for rep in summary.reps)
    if "none fully judged" in head:
        assert missing == len(summary.reps) > 0
    else:
        assert (0 if unjudged is None else int(unjudged[1])) == missing
    all_clean = bool(summary.reps) and all(rep.clean is True for rep in summary.reps)
    assert ("A clean set" in text) == all_clean
    spread = re.search(r"range (−?\d+)°", head)
    assert (spread is None) == (summary.set.range_deg_mean is None)
    if spread is not None:
        assert (
            abs(
                number(spread[1])
                - np.mean([rep.range_deg for rep in summary.reps if rep.range_deg is not None])
            )
            <= HALF
        )


def check_rows(summary: Summary, text: str) -> None:
    """Check the row of each repetition: its figures, times in the order of the tempo, its level in words."""
    rows = re.findall(
        r"^ *(\d+) +((?:[\d.]+|–|rest)(?: +\S+)*?)? +"
        r"((?:clean|not fully|[a-z]+ [a-z]+|momentum|snap)[^\d\n]*)$",
        text,
        re.MULTILINE,
    )
    assert [int(row[0]) for row in rows] == [rep.number for rep in summary.reps]
    heads = re.search(r"^rep +(.*)$", text, re.MULTILINE)
    if summary.reps:
        assert heads is not None
        assert heads[1].split()[:4] == ["down", "bottom", "up", "top"]
    for rep, (_, figures, verdict) in zip(summary.reps, rows, strict=True):
        assert (verdict.strip().startswith("clean")) == (rep.clean is True)
        assert (verdict.strip().startswith("not fully judged")) == (rep.clean is None)
        if rep.flags:
            assert {word.strip().replace(" ", "_") for word in verdict.split(",")} == set(rep.flags)
        elif "watch" in verdict:
            watched = verdict.partition("watch ")[2].split(",")
            assert {w.strip().replace(" ", "_") for w in watched} == {f.code for f in rep.faults}
        if rep.eccentric_s is not None:
            assert abs(number(figures.split()[0]) - rep.eccentric_s) <= HALF * 0.1


def check_floor(summary: Summary, text: str) -> None:
    lift_offs = sorted(
        rep.lift_off_angle_deg
        for rep in summary.reps
        if rep.lift_off_angle_deg is not None and rep.pelvic_tilt_deg is not None
    )
    angle = re.search(r"Your floor angle is about (−?\d+)°|stayed flat above about (−?\d+)°", text)
    assert (angle is not None) == (len(lift_offs) >= 2 and summary.recording.exercise != "heel_tap")
    if angle is not None:
        stated = number(angle[1] or angle[2])
        assert summary.set.floor_angle_deg is not None
        assert abs(stated - summary.set.floor_angle_deg) <= HALF
        # the back stayed down above it in four of five that let go: the safe side of any two neighbours
        assert sum(one <= stated + HALF for one in lift_offs) >= 0.8 * len(lift_offs)
    stays = re.search(r"the floor angle set for it stays (−?\d+)°", text)
    if stays is not None:
        own = {f.limit for rep in summary.reps for f in rep.faults if f.code == "below_floor"}
        assert abs(number(stays[1]) - max(own)) <= HALF
    floor_kept = re.search(r"You kept to the floor angle set, (−?\d+)°", text)
    if floor_kept is not None:
        known = [rep.bottom_angle_deg for rep in summary.reps if "below_floor" not in rep.not_judged]
        lowest = min(angle for angle in known if angle is not None)
        assert lowest >= number(floor_kept[1]) - 2.0 - HALF
        within = re.search(r"You kept to the floor angle set, [^.]*?, to within (\d+)°", text)
        assert (int(within[1]) if within else 0) == max(0, int(number(floor_kept[1])) - round(lowest))
        last = summary.reps[-1]
        went_on = "below_floor" in last.not_judged and last.bottom_angle_deg is not None
        went_on = went_on and round(last.bottom_angle_deg) < number(floor_kept[1])
        assert (", the last lowering aside." in text) == went_on
    flat = re.search(r"did not tip forward on the way down to (−?\d+)°", text)
    if flat is not None:
        assert not lift_offs
        lowest = min(
            rep.bottom_angle_deg
            for rep in summary.reps
            if rep.pelvic_tilt_deg is not None and rep.bottom_angle_deg is not None
        )
        assert abs(number(flat[1]) - lowest) <= HALF


def check_range(summary: Summary, text: str) -> None:
    stated = re.search(
        r"reached the range you aimed at, (\d+)°, in (?:(every) rep|(none|\d+) of (\d+) rep)", text
    )
    if stated is None:
        return
    ranges = [round(rep.range_deg) for rep in summary.reps if rep.range_deg is not None]
    reached = sum(one >= int(stated[1]) for one in ranges)
    assert reached == (len(ranges) if stated[2] else 0 if stated[3] == "none" else int(stated[3]))
    assert stated[4] is None or int(stated[4]) == len(ranges)


def check_tempo(summary: Summary, text: str) -> None:
    figures = summary.set
    means = [
        [getattr(rep, name) for rep in summary.reps if getattr(rep, name) is not None]
        for name in ("eccentric_s", "bottom_pause_s", "concentric_s", "top_pause_s")
    ]
    stated = re.search(r"tempo ([\d.]+(?:-[\d.]+){3})", text.partition("\n\n")[0])
    assert (stated is not None) == all(means)
    if stated is None:
        return
    measured = [float(np.mean(values)) for values in means]
    assert np.allclose([float(part) for part in stated[1].split("-")], measured, atol=HALF * 0.1)
    assert figures.tempo_target is not None
    aim = [float(part) for part in figures.tempo_target.split("-")]
    within = [max(0.25, 0.15 * aim[0]), 0.35, max(0.25, 0.15 * aim[2]), 0.35]
    missed = [abs(m - a) > w + 1e-6 for m, a, w in zip(measured, aim, within, strict=True)]
    assert ("You kept the tempo you aimed at" in text) == (not any(missed))
    words = (
        "the way down took",
        "the pause at the bottom was",
        "the way up took",
        "the pause at the top was",
    )
    for k, part in enumerate(words):
        stated_aim = re.search(rf"{part} ([\d.]+) s \(aim ([\d.]+) s\)", text)
        assert (stated_aim is not None) == missed[k]
        if stated_aim is not None:
            assert abs(float(stated_aim[1]) - measured[k]) <= HALF * 0.1
            assert float(stated_aim[2]) == aim[k]


def check_trends(summary: Summary, text: str) -> None:
    names = {
        "range": "range_deg",
        "time for a rep": "duration_s",
        "forward tilt of the pelvis": "pelvic_tilt_deg",
    }
    by_name = {trend.what: trend for trend in summary.set.trend if trend.certain}
    pattern = rf"The ({'|'.join(names)}) (grew|fell) from (−?[\d.]+)[°s ]+to (−?[\d.]+)"
    for what, went, first, last in re.findall(pattern, text):
        trend, place = by_name[names[what]], 0.1 if what == "time for a rep" else 1.0
        assert abs(number(first) - trend.first_third) <= HALF * place
        assert abs(number(last) - trend.last_third) <= HALF * place
        assert (went == "grew") == (trend.last_third > trend.first_third)


def check(seeds: range) -> None:
    wrong = []
    for seed, summary, text in sets(seeds):
        for rule in (
            check_counts,
            check_rows,
            check_faults,
            check_floor,
            check_range,
            check_tempo,
            check_trends,
        ):
            try:
                rule(summary, text)
            except AssertionError as error:
                wrong.append(f"seed {seed}, {rule.__name__}: {error}\n{text}")
    assert not wrong, f"{len(wrong)} of {len(seeds)} sets:\n" + "\n".join(wrong[:3])


def test_every_sentence_about_a_number_agrees_with_that_number() -> None:
    check(range(FIRST, FIRST + DAILY))


@pytest.mark.soak
def test_every_sentence_about_a_number_agrees_with_that_number_over_many_sets() -> None:
    check(range(FIRST, FIRST + ALL))
