"""Parts that end in forbidden ways, to test that the command reports them."""

from __future__ import annotations

import os
import warnings

from parts import Part, Rng

from imu_reps.errors import RecordingError


def aborts(rng: Rng) -> None:
    """Sometimes abort the process, as C++ does."""
    if rng.random() < 0.1:
        os.abort()


def hangs(rng: Rng) -> None:
    """Sometimes run for ever."""
    while rng.random() < 0.1:
        while True:
            pass


def raises(rng: Rng) -> None:
    """Sometimes raise an exception that no caller expects."""
    if rng.random() < 0.1:
        raise KeyError("left")


def warns(rng: Rng) -> None:
    """Sometimes warn."""
    if rng.random() < 0.1:
        warnings.warn("overflow", RuntimeWarning, stacklevel=2)


def refuses(rng: Rng) -> None:
    """Refuse half of the inputs, sometimes without a hint."""
    if rng.random() < 0.5:
        raise RecordingError(
            "It is none.", hint="" if rng.random() < 0.3 else "Record it again.", code="none"
        )


def _nothing() -> None:
    """Make no inputs."""


PARTS = {run.__name__: Part(run, _nothing, 1, 1.0) for run in (aborts, hangs, raises, warns, refuses)}
