"""A part of the fuzzer: one use of mutated inputs, and the outcomes allowed for it.

A part makes its input from a random number generator, passes it in, and checks the result. An error other
than those allowed for the part, a warning, or an unsound result is a finding.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from imu_reps.errors import ImuRepsError
from imu_reps.report.findings import with_message

Rng = np.random.Generator

#: Limit of a message, as it is shown in a terminal: content of a file is quoted, not repeated whole.
LONGEST_MESSAGE = 2000


class UnsoundError(Exception):
    """A result is not as documented."""


def require(condition: object, what: str) -> None:
    """Raise if a result is unsound."""
    if not condition:
        raise UnsoundError(what)


@dataclass(frozen=True)
class Part:
    """One use of mutated inputs.

    Attributes
    ----------
    run : callable
        Takes a random number generator; raises if the input is refused.
    originals : callable
        Makes the inputs to mutate and caches them.
    per_million : int
        Number of inputs per million; cheap parts get most.
    limit_s : float
        Limit of the processor time; an input that takes longer hangs. A day-long recording, which a jump in
        time makes of a short set, takes a minute to analyse.
    may_raise : tuple of exception types
        Exceptions by which an input may be refused.
    """

    run: Callable[[Rng], None]
    originals: Callable[[], object]
    per_million: int
    limit_s: float
    may_raise: tuple[type[Exception], ...] = (ImuRepsError,)

    @property
    def name(self) -> str:
        return self.run.__name__

    def accepts(self, seed: int, index: int) -> bool:
        """Run one input; return whether it was accepted, False if it was refused with a hint."""
        rng = np.random.default_rng([seed, crc32(self.name.encode()), index])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                self.run(rng)
        except self.may_raise as error:
            if isinstance(error, ImuRepsError):
                _require_hint(error)
            return False
        return True


def _require_hint(error: ImuRepsError) -> None:
    words = with_message(error)
    require(words.hint and words.code, f"no hint: {words}")
    require(
        len(words.message) <= LONGEST_MESSAGE, f"a message of {len(words.message)}: {words.message[:200]}"
    )
