"""Random persons: recordings without them are unchanged, and their truth is as planned."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from imu_reps import SetPlan, save, simulate
from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2
from imu_reps.sim.wearer import TRAITS, CutPlan, PersonPlan, random_plan, showcase
from imu_reps.storage.labels_file import save_truth

RECORDINGS = Path(__file__).parents[3] / "recordings"


@pytest.mark.parametrize("name", showcase())
def test_a_plan_without_a_person_gives_an_unchanged_recording(name, tmp_path):
    made = simulate(showcase()[name], seed=0)
    save(made.recording, str(tmp_path / "again.csv"))
    again, stored = (
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (tmp_path / "again.csv", RECORDINGS / f"{name}.csv")
    )
    assert again == stored
    save_truth(made.truth.to_dict(), str(tmp_path / "again.csv"))
    assert (tmp_path / "again.truth.json").read_bytes() == (RECORDINGS / f"{name}.truth.json").read_bytes()


@pytest.mark.parametrize("seed", range(6))
def test_a_seed_without_a_person_gives_an_unchanged_recording(seed):
    plan, person = (random_plan(np.random.default_rng(seed), person=p) for p in (False, True))
    assert plan == random_plan(np.random.default_rng(seed))
    assert (plan.person, plan.cut, plan.traits) == (PersonPlan(), CutPlan(), ())
    assert (person.exercise, person.side, person.start) == (plan.exercise, plan.side, plan.start)
    assert person == random_plan(np.random.default_rng(seed), person=True)


def _planned_count(plan: SetPlan) -> int:
    """Return the number of repetitions that are neither partial nor cut off by the recording."""
    ranges = np.array([rep.range_deg for rep in plan.reps])
    counts = np.flatnonzero(ranges > 0.35 * np.median(ranges))
    begin, end = plan.cut.begin, plan.cut.end
    if begin is not None:
        counts = counts[counts > begin.rep]
    if end is not None:
        counts = counts[(counts <= end.rep) if end.phase == "rest" else (counts < end.rep)]
    return len(counts)


@pytest.mark.parametrize("seed", range(7000, 7030))
def test_a_persons_truth_counts_the_planned_repetitions(seed):
    plan = random_plan(np.random.default_rng(seed), person=True)
    made = simulate(plan, seed=seed)
    assert made.truth.rep_count == _planned_count(plan)
    assert len(made.truth.breaks_s) <= len(plan.person.sit_ups)
    for rep in made.truth.reps:
        assert -0.5 < rep.start_s < rep.end_s  # a first packet has older samples
        assert min(rep.concentric_s, rep.eccentric_s) > 0.3
        assert rep.top_pause_s is None or rep.top_pause_s >= 0.0
        assert rep.bottom_pause_s is None or rep.bottom_pause_s >= 0.0
    cut_off = [p for p in made.truth.partials if p.reason == "cut_off"]
    assert len(cut_off) <= (plan.cut.begin is not None) + (plan.cut.end is not None)
    json.dumps(made.truth.to_dict(), allow_nan=False)


def test_each_trait_is_as_frequent_as_stated():
    plans = [random_plan(np.random.default_rng(seed), person=True) for seed in range(600)]
    for name, trait in TRAITS.items():
        bare = [replace(plan, person=PersonPlan(), cut=CutPlan()) for plan in plans]
        allowed = [plan for plan, base in zip(plans, bare, strict=True) if trait.allowed(base)]
        share = np.mean([name in plan.traits for plan in allowed])
        assert share == pytest.approx(trait.chance, abs=4.0 * np.sqrt(0.25 / len(allowed))), name


@pytest.mark.parametrize("name", TRAITS)
def test_a_trait_can_be_requested_alone(name):
    plans = [random_plan(np.random.default_rng(seed), person=True, traits=(name,)) for seed in range(40)]
    having = [plan for plan in plans if plan.traits]
    assert having
    assert {plan.traits for plan in having} == {(name,)}
    bare = random_plan(np.random.default_rng(0), person=True, traits=())
    assert bare == random_plan(np.random.default_rng(0))


def test_an_unknown_trait_is_refused():
    with pytest.raises(ValueError, match="levitates"):
        random_plan(np.random.default_rng(0), person=True, traits=("levitates",))


def test_a_person_can_hold():
    for seed in range(20):
        plan = random_plan(np.random.default_rng(seed), person=True, exercise="hollow_hold")
        truth = simulate(plan, seed=seed).truth
        assert truth.rep_count == 0
        assert truth.hold is not None


def test_cheap_parts_are_as_noisy_as_their_class(quiet_set):
    made = random_plan(np.random.default_rng(3), person=True, traits=("cheap_parts",), rate_hz=200.0)
    ankle = made.ankle
    assert 0.0385 < ankle.acc_noise_mps2 < 0.07  # 400 to 700 ug/sqrt(Hz) over 100 Hz
    assert 0.1 <= ankle.gyr_noise_dps <= 0.5
    assert all(40.0 <= abs(mg) <= 60.0 for mg in ankle.acc_bias_mg)
    block = simulate(quiet_set(ankle=ankle)).recording.ankle
    assert block.acc_mps2[:200].std(axis=0) == pytest.approx([ankle.acc_noise_mps2] * 3, rel=0.25)
    assert np.linalg.norm(block.acc_mps2[:200].mean(axis=0)) == pytest.approx(STANDARD_GRAVITY_MPS2, abs=1.3)


def test_slow_sets_are_most_frequent_near_the_slowest():
    for seed in range(20):
        plan = random_plan(
            np.random.default_rng(seed), person=True, traits=("slow",), stalls=False, faults=False
        )
        peaks = [rep.peak_concentric_dps for rep in simulate(plan, seed=seed).truth.reps]
        assert np.median(peaks) < 27.0
