"""A wearer whose measured tempo is the requested one."""

from __future__ import annotations

from statistics import fmean

import pytest

from imu_reps import RepPlan, Tempo, simulate
from imu_reps.sim.wearer import paced

TEMPOS = (
    "2-0-2-0",
    "4-0-2-0",
    "4-3-2-0",
    "2-1-2-0.5",
    "4-1-2-0.5",
    "3-0.2-1.5-0.15",
    "1-0-1-0",
    "6-2-6-2",
    "5-0-5-0",
)


@pytest.mark.parametrize("text", TEMPOS)
@pytest.mark.parametrize(
    ("top_deg", "bottom_deg", "start"), [(60.0, 0.0, "low"), (90.0, 15.0, "high"), (35.0, 0.0, "low")]
)
def test_each_repetition_is_measured_as_requested(quiet_set, text, top_deg, bottom_deg, start):
    aim = Tempo.parse(text)
    rep = paced(RepPlan(top_deg=top_deg, bottom_deg=bottom_deg), aim)
    plan = quiet_set(*[rep] * 4, exercise="double_leg_raise", side="both", start=start)
    reps = simulate(plan).truth.reps
    for name in ("concentric_s", "eccentric_s", "top_s", "bottom_s"):
        measured = [getattr(r, name.replace("p_s", "p_pause_s").replace("m_s", "m_pause_s")) for r in reps]
        known = [value for value in measured if value is not None]
        assert known == pytest.approx([getattr(aim, name)] * len(known), abs=0.1), name
    assert fmean(r.range_deg for r in reps) == pytest.approx(top_deg - bottom_deg, abs=0.5)
