"""Labelled repetitions, which a count is compared with."""

from __future__ import annotations

from dataclasses import dataclass

from imu_reps.domain.rep import Flag
from imu_reps.domain.validation import require_declared_types
from imu_reps.errors import RefusedValueError


@dataclass(frozen=True, slots=True)
class RepLabel:
    """One labelled repetition, on the recording's `time_s`.

    Attributes
    ----------
    start_s, end_s : float
        Start of the way out, and end of the way back.
    far_s : tuple of float, or None
        When the leg reaches its far end and when it leaves it; equal for a single time. None: not labelled.
    flags : tuple of Flag, or None
        Its faults; None: faults were not labelled.

    Raises
    ------
    RefusedValueError
        If the times are invalid, or not in this order.
    """

    start_s: float
    end_s: float
    far_s: tuple[float, float] | None = None
    flags: tuple[Flag, ...] | None = None

    def __post_init__(self) -> None:
        require_declared_types(self)
        times = (self.start_s, *(self.far_s or ()), self.end_s)
        if list(times) != sorted(times) or self.start_s == self.end_s:
            raise RefusedValueError(
                f"The times {', '.join(f'{time_s:g}' for time_s in times)} are not in their order.",
                hint="A repetition starts, turns and ends.",
            )

    def moved(self, by_s: float) -> RepLabel:
        """Return the label shifted by `by_s`."""
        far_s = None if self.far_s is None else (self.far_s[0] + by_s, self.far_s[1] + by_s)
        return RepLabel(self.start_s + by_s, self.end_s + by_s, far_s, self.flags)
