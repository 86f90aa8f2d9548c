"""Exercises."""

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
