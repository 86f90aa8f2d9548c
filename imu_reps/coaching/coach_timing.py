"""Timing parameters of the coach: when it speaks, how often, and how long it waits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CoachTiming:
    """When and how often the coach speaks; all values are ours, tried by ear.

    Attributes
    ----------
    asked_s : float
        Longest interval between two calls of the coach; a cue is decided at least this long before it
        expires.
    breath_s : float
        Silence between two spoken cues. Counts and cues of higher priority follow at once, as they expire
        soon.
    breathing_reps : int
        Number of repetitions at the beginning of a set with breathing cues.
    floor_reps : int
        Number of repetitions with a warning before the floor, after the back let go.
    end_seen_s : float
        Least time after the end of a movement at which it can be detected, by the pause that begins there.
    live_deg : float
        Tolerance of a live leg angle in the comparison with the target height.
    min_hold_s : float
        Shortest pause (at the top or bottom of a target tempo) that is counted down; a shorter one leaves no
        time for the words.
    count_in : int
        Seconds counted down before the first movement.
    still_s : float
        Stillness before the count-in: the tilt zero needs a second.
    lift_s : float
        Time to lift the legs into a high start; after it the coach goes on even if no lift was detected.
    held_s : float
        Pause before the count-in once the legs are up: short, as holding them is hard.
    repeat_s : int
        Interval at which the seconds of a hold are spoken.
    countdown_s : int
        Seconds before a hold's target that are counted down one by one.
    rest_begin_s : float
        Silence at the beginning of a rest, as the last cues of the set may still be playing.
    rest_announced_s : tuple[int, ...]
        Times left in a rest that are announced.
    min_before_s : float
        Least time between the beginning of a rest and such an announcement.
    lie_down_s : float
        Time before the next set at which the person is asked to lie down: the tilt zero needs a still second.
    silence_s : float
        Least silence between two cues of a rest.
    """

    asked_s: float = 0.1
    breath_s: float = 0.1
    breathing_reps: int = 3
    floor_reps: int = 2
    end_seen_s: float = 0.1
    live_deg: float = 2.0
    min_hold_s: float = 1.0
    count_in: int = 3
    still_s: float = 2.0
    lift_s: float = 5.0
    held_s: float = 0.5
    repeat_s: int = 10
    countdown_s: int = 3
    rest_begin_s: float = 2.5
    rest_announced_s: tuple[int, ...] = (30, 10)
    min_before_s: float = 10.0
    lie_down_s: float = 4.0
    silence_s: float = 0.5


TIMING = CoachTiming()
