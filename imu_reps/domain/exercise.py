"""Exercises: with which leg, from where, and in which posture."""

from __future__ import annotations

from typing import Literal, get_args

Exercise = Literal[
    "single_leg_raise",
    "single_leg_raise_bent",
    "double_leg_raise",
    "heel_tap",
    "hanging_leg_raise",
    "hollow_hold",
]
EXERCISES: tuple[Exercise, ...] = get_args(Exercise)

#: Exercises that are held and have no repetitions.
HOLDS: tuple[Exercise, ...] = ("hollow_hold",)

#: Exercises of both legs at once.
BOTH_LEGS: tuple[Exercise, ...] = ("double_leg_raise", "hanging_leg_raise", "hollow_hold")

Side = Literal["left", "right", "both"]
SIDES: tuple[Side, ...] = get_args(Side)

Start = Literal["low", "high"]
STARTS: tuple[Start, ...] = get_args(Start)

Posture = Literal["supine", "hanging"]


def default_start(exercise: Exercise) -> Start:
    """Return where the leg rests between reps by default."""
    return "high" if exercise == "heel_tap" else "low"


def default_posture(exercise: Exercise) -> Posture:
    """Return the default posture of an exercise."""
    return "hanging" if exercise == "hanging_leg_raise" else "supine"
