"""Write the page of thresholds from the code: ``python tests/accuracy/thresholds_page.py``.

``--measure`` also measures the sensitivity of the results to each number (some minutes); without it a number
keeps the sensitivity measured for its present value.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from functools import partial
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from estimator_seam import analyze_with, changed

from imu_reps import Analysis, Recording, Rep, Settings, Summary, analyze, simulate
from imu_reps.analysis.estimate import EstimatorParams
from imu_reps.analysis.set.evidence import EvidenceParams
from imu_reps.analysis.set.leg import LegParams
from imu_reps.analysis.set.spells import SpellParams
from imu_reps.domain.settings import Preset
from imu_reps.sim.wearer import random_plan

PAGE = Path(__file__).parents[2] / "imu_reps" / "docs" / "thresholds.md"

#: Heading of each group, its dataclass, and its field of `EstimatorParams`.
GROUPS: tuple[tuple[str, type, str], ...] = (
    ("Certainty of the count", EstimatorParams, ""),
    ("Posture and pelvic rocks", SpellParams, "spells"),
    ("The leg's axis and angle", LegParams, "leg"),
    ("Evidence for a reading of the set", EvidenceParams, "evidence"),
)

#: Heading of the numbers in the `PARAMS` of a module, and the module.
ROOMS: dict[str, str] = {
    "Rest and the gyroscope's bias": "kinematics.rest",
    "Knocks": "kinematics.recorded",
    "The lever": "kinematics.lever",
    "Clocks: the line under the arrivals": "kinematics.clock.envelope",
    "Clocks: losses that nobody counted": "kinematics.clock.losses",
    "Clocks: the connection interval": "kinematics.sync.sensor_offset",
    "Live clocks": "kinematics.clock.stream",
    "Live clocks: the line under the arrivals": "kinematics.clock.stream_envelope",
    "Live clocks: losses that nobody counted": "kinematics.clock.stream_losses",
    "Taps": "kinematics.sync.taps",
    "Quality: times": "quality.timing",
    "Quality: numbering": "quality.numbering",
    "Quality: rates that change": "quality.rates",
    "Quality: readings": "quality.readings",
    "Quality: spikes and noise": "quality.spikes",
    "Quality: channels": "quality.channels",
    "Quality: copies and streams": "quality.copies",
    "Quality: names that are exchanged": "quality.exchanged",
    "Quality: windows": "quality.windows",
    "Quality: the accelerometer": "quality.accelerometer",
    "Quality: the gyroscope between calm moments": "quality.gyroscope",
    "Quality: a gyroscope's constant bias": "quality.bias",
    "Quality: the gyroscope in motion": "quality.gyroscope_in_motion",
    "Quality: a gyroscope's scale that drifts": "quality.gyroscope_drift",
    "Quality: a gyroscope that changes or is late": "quality.gyroscope_in_pieces",
    "Quality: sensors that slipped": "quality.slipped",
    "Quality: placement": "quality.placement",
}


def _room(heading: str) -> Any:
    """Return the module of a heading."""
    return import_module(f"imu_reps.{ROOMS[heading]}")


#: All dataclasses and types with thresholds.
HELD = (Settings, *(of for _, of, _ in GROUPS), *(type(_room(heading).PARAMS) for heading in ROOMS))

#: Sensitivity: relative changes of a number, and the simulated sets that are compared.
SHARES = (-0.2, 0.2)
SEEDS = range(20)
KINDS: tuple[dict[str, Any], ...] = ({"fault_share": 0.3}, {"person": True})
SETS = len(SEEDS) * len(KINDS)

UNITS = {
    "deg": "°",
    "dps": "°/s",
    "s": "s",
    "m": "m",
    "mps2": "m/s²",
    "share": "share",
    "ratio": "ratio",
}
NO_UNIT = {"momentum": "share", "drop": "share", "samples": "count", "min": "count"}

COLUMNS = "| Name | Value | Unit | What it is | Source | Counts / faults moved |\n|---|---|---|---|---|---|\n"
INTRODUCTION = f"""\
# Thresholds

Every number that decides what counts and what is a fault, with its unit, its source and what it moves.

Made from the code by `python tests/accuracy/thresholds_page.py`. None is a diagnosis, and "ours" means
what it says: chosen, not found in a study.

The last column is the sensitivity, with the number 20 % smaller, and 20 % larger: how many of {SETS}
simulated sets have another count or another certainty of it, and how many of their repetitions have other
faults. Half of the sets are everything by chance with each fault in 30 % of those that can have it, half
are those of a restless person (both of seeds {SEEDS[0]} to {SEEDS[-1]}). A dash: not measured.

Numbers that follow from physics or from a filter's design, and those that only say how many samples a
method needs, stand beside their code with unit and source.
"""
PRESETS: tuple[Preset, ...] = ("beginner", "strict")

SETTINGS = """
## Settings

Change one with `--set NAME=VALUE`, several with `--preset beginner` or `--preset strict`.

"""


@dataclass(frozen=True)
class Threshold:
    """One number: its name, value, meaning and source."""

    name: str
    value: object
    meaning: str
    source: str

    @property
    def unit(self) -> str:
        """Unit, from the last known word of the name."""
        known = [UNITS[word] for word in self.name.split("_") if word in UNITS]
        return known[-1] if known else NO_UNIT.get(self.name.split("_")[0], "")

    @property
    def shown(self) -> str:
        """The value as shown on the page."""
        return f"{self.value:g}" if isinstance(self.value, int | float) else str(self.value)

    def row(self, moved: str) -> str:
        """Return the row of the page."""
        cells = (f"`{self.name}`", self.shown, self.unit, self.meaning, self.source, moved)
        return f"| {' | '.join(cells)} |\n"


def thresholds(of: type) -> Iterator[Threshold]:
    """Yield the numbers of a dataclass, from its fields and the numpydoc section of its attributes."""
    meanings = attributes(of.__doc__ or "")
    for field in fields(of):
        value = getattr(of(), field.name)
        if value is None or isinstance(value, int | float):
            text, source = meanings[field.name]
            yield Threshold(field.name, value, text, source)


def attributes(docstring: str) -> dict[str, tuple[str, str]]:
    """Return meaning and source of every attribute; the source is the last part in brackets."""
    found: dict[str, tuple[str, str]] = {}
    section = cleandoc(docstring).partition("----------\n")[2] + "\n"
    for names, text in re.findall(r"^(\w[\w, ]*) : [^\n]*\n((?:    [^\n]*\n)*)", section, re.MULTILINE):
        words = " ".join(text.split())
        match = re.fullmatch(r"(.*?)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)[.]?", words)
        meaning, source = (match[1], match[2]) if match else (words.rstrip("."), "ours")
        found |= {name.strip(): (meaning, source) for name in names.split(",")}
    return found


def _changes(preset: Preset) -> str:
    """Describe the changes of a preset."""
    usual, chosen = Settings(), Settings.for_preset(preset)
    names = [field.name for field in fields(Settings) if field.name != "preset"]
    changed_ones = [name for name in names if getattr(usual, name) != getattr(chosen, name)]
    return ", ".join(f"`{name}` to {getattr(chosen, name):g}" for name in changed_ones)


def page(moved: Callable[[str, Threshold], str]) -> str:
    """Return the page, with the sensitivity of each number."""
    text = INTRODUCTION + SETTINGS + COLUMNS
    text += "".join(one.row(moved("Settings", one)) for one in thresholds(Settings))
    text += "".join(f"\nThe preset `{preset}` changes {_changes(preset)}.\n" for preset in PRESETS)
    for heading, of, _ in GROUPS:
        rows = (one.row(moved(heading, one)) for one in thresholds(of))
        text += f"\n## {heading}\n\n{COLUMNS}{''.join(rows)}"
    for heading in ROOMS:
        rows = (one.row(moved(heading, one)) for one in thresholds(type(_room(heading).PARAMS)))
        text += f"\n## {heading}\n\n{COLUMNS}{''.join(rows)}"
    return text


def stored_sensitivity() -> Callable[[str, Threshold], str]:
    """Return a lookup of the sensitivities on the present page, for numbers with an unchanged value."""
    found: dict[tuple[str, ...], str] = {}
    heading = ""
    for line in PAGE.read_text("utf-8").splitlines() if PAGE.exists() else ():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        elif line.startswith("| `"):
            name, value, *_, moved = line.strip("| ").split(" | ")
            found[heading, name.strip("`"), value] = moved
    return lambda heading, one: found.get((heading, one.name, one.shown), "-")


class Measured:
    """Sensitivity of the simulated sets to each number."""

    def __init__(self) -> None:
        self._sets = [
            simulate(random_plan(np.random.default_rng(seed), **kind), seed=seed).recording
            for kind in KINDS
            for seed in SEEDS
        ]
        self._usual = self._read(analyze)

    def __call__(self, heading: str, one: Threshold) -> str:
        """Return how many counts and how many judged repetitions change, for each relative change."""
        if not isinstance(one.value, int | float):
            return "-"
        moved = [self._differ(self._with(heading, one, one.value * (1.0 + share))) for share in SHARES]
        return ", ".join(f"{counts} / {flags}" for counts, flags in moved)

    def _with(self, heading: str, one: Threshold, value: float) -> Callable[[Recording], Analysis]:
        if heading == "Settings":
            settings = replace(Settings(), **{one.name: value})
            return lambda recording: analyze(recording, settings)
        if heading in ROOMS:
            return partial(_analyze_in, heading, {one.name: type(one.value)(value)})
        group = {heading: group for heading, _, group in GROUPS}[heading]
        path = (group, one.name) if group else (one.name,)
        return analyze_with(changed(EstimatorParams(), path, value))

    def _read(self, analysis: Callable[[Recording], Analysis]) -> list[Summary]:
        return [analysis(recording).summary for recording in self._sets]

    def _differ(self, analysis: Callable[[Recording], Analysis]) -> tuple[int, int]:
        pairs = list(zip(self._usual, self._read(analysis), strict=True))
        counts = sum(_count(usual) != _count(now) for usual, now in pairs)
        reps = [
            zip(usual.reps, now.reps, strict=True) for usual, now in pairs if len(usual.reps) == len(now.reps)
        ]
        return counts, sum(_faults(a) != _faults(b) for of_set in reps for a, b in of_set)


def _analyze_in(heading: str, changes: dict[str, Any], recording: Recording) -> Analysis:
    """Analyse with other numbers in a module."""
    room = _room(heading)
    with patch.object(room, "PARAMS", replace(room.PARAMS, **changes)):
        return analyze(recording)


def _count(summary: Summary) -> tuple[int | None, str | None]:
    return summary.set.rep_count, summary.set.rep_count_certainty


def _faults(rep: Rep) -> list[tuple[str, str]]:
    return [(fault.code, fault.level) for fault in rep.faults]


def main() -> None:
    """Write the page."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--measure", action="store_true")
    moved = Measured() if options.parse_args().measure else stored_sensitivity()
    PAGE.write_text(page(moved), encoding="utf-8")


if __name__ == "__main__":
    main()
