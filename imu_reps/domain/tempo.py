"""Tempo: eccentric-bottom-concentric-top in seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from imu_reps.domain.validation import require_declared_types, short_repr
from imu_reps.errors import RefusedValueError

FOUR_NUMBERS = "A tempo is four numbers such as 2-0-2-0"
_TEMPO = re.compile("-".join([r"(\d+(?:\.\d*)?)"] * 4), re.ASCII)


@dataclass(frozen=True, slots=True)
class TempoTolerance:
    """How much a movement and a pause may differ from their target: docs/definitions.md#tempo."""

    #: Of a movement the larger of the two holds.
    way_within_s: float = 0.25
    way_within_share: float = 0.15
    pause_within_s: float = 0.35


TOLERANCE = TempoTolerance()


TempoPart = Literal["eccentric_s", "bottom_s", "concentric_s", "top_s"]
_WAYS: tuple[TempoPart, ...] = ("eccentric_s", "concentric_s")
_PARTS: tuple[TempoPart, ...] = get_args(TempoPart)


@dataclass(frozen=True, slots=True)
class Tempo:
    """Seconds of lowering, rest at the bottom, lifting, and rest at the top.

    Examples
    --------
    >>> str(Tempo.parse("4-3-2-0"))
    '4.0-3.0-2.0-0.0'
    """

    eccentric_s: float
    bottom_s: float
    concentric_s: float
    top_s: float

    def __post_init__(self) -> None:
        require_declared_types(self)
        if min(self.eccentric_s, self.bottom_s, self.concentric_s, self.top_s) < 0.0:
            raise RefusedValueError(
                f"{self} is no tempo: no part takes less than no time.", hint=FOUR_NUMBERS + "."
            )

    @classmethod
    def parse(cls, text: str) -> Tempo:
        """Parse ``4-3-2-0`` or ``4.0-3.0-2.0-0.0``.

        Raises
        ------
        RefusedValueError
            If `text` is not four non-negative numbers joined by hyphens.
        """
        parts = _TEMPO.fullmatch(text.strip()) if isinstance(text, str) else None
        if parts is None:
            raise RefusedValueError(f"{short_repr(text)} is no tempo.", hint=FOUR_NUMBERS + ".")
        return cls(*map(float, parts.groups()))

    def missed(self, aim: Tempo) -> tuple[TempoPart, ...]:
        """Return the parts that miss a target.

        Examples
        --------
        >>> Tempo(3.5, 0.3, 2.2, 0.0).missed(Tempo.parse("4-0-2-0"))
        ()
        >>> Tempo(3.0, 0.0, 2.0, 0.0).missed(Tempo.parse("4-0-2-0"))
        ('eccentric_s',)
        """
        return tuple(
            part for part in _PARTS if abs(getattr(self, part) - getattr(aim, part)) > _within_s(part, aim)
        )

    def __str__(self) -> str:
        return f"{self.eccentric_s:.1f}-{self.bottom_s:.1f}-{self.concentric_s:.1f}-{self.top_s:.1f}"


def _within_s(part: TempoPart, aim: Tempo) -> float:
    """Return the tolerance of a part, with room for floating-point error."""
    if part not in _WAYS:
        return TOLERANCE.pause_within_s + 1e-9
    return max(TOLERANCE.way_within_s, TOLERANCE.way_within_share * float(getattr(aim, part))) + 1e-9


#: Named tempos of the coaching texts.
TEMPO_PRESETS = {
    "even": Tempo(2.0, 0.0, 2.0, 0.0),
    "slow_lowering": Tempo(4.0, 0.0, 2.0, 0.0),
    "slow_with_hold": Tempo(4.0, 3.0, 2.0, 0.0),
}


#: Names of the presets as typed.
TEMPO_NAMES = tuple(name.replace("_", "-") for name in TEMPO_PRESETS)


def named_tempo(text: str) -> Tempo:
    """Parse the name of a preset, with hyphens or underscores, or four numbers as `Tempo.parse`.

    Raises
    ------
    RefusedValueError
        If `text` is neither.

    Examples
    --------
    >>> str(named_tempo("slow-lowering"))
    '4.0-0.0-2.0-0.0'
    """
    preset = TEMPO_PRESETS.get(text.strip().lower().replace("-", "_"))
    if preset is not None:
        return preset
    try:
        return Tempo.parse(text)
    except RefusedValueError as error:
        hint = f"{FOUR_NUMBERS}, or one of {', '.join(TEMPO_NAMES)}."
        raise RefusedValueError(error.message, hint=hint) from error
