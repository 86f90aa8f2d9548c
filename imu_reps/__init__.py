"""Counts and judges leg raises from two small IMUs, one on the pelvis and one on the ankle.

Examples
--------
>>> from imu_reps import analyze, load
>>> analyze(load("recordings/clean.csv")).to_frame()  # doctest: +SKIP
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imu_reps.analysis.analyze import Analysis, analyze
    from imu_reps.analysis.pipeline import Pipeline
    from imu_reps.domain.recording import Header, Recording, SensorHeader
    from imu_reps.domain.rep import Fault, Rep
    from imu_reps.domain.samples import SampleBlock
    from imu_reps.domain.settings import Settings
    from imu_reps.domain.summary import Summary
    from imu_reps.domain.tempo import Tempo
    from imu_reps.domain.track import AngleTrack
    from imu_reps.errors import ImuRepsError
    from imu_reps.sim.wearer import SetPlan, simulate
    from imu_reps.storage.recording import load, save

__version__ = "0.1.0"

logging.getLogger(__name__).addHandler(logging.NullHandler())  # silent unless whoever uses it listens

__all__ = [
    "Analysis",
    "AngleTrack",
    "Fault",
    "Header",
    "ImuRepsError",
    "Pipeline",
    "Recording",
    "Rep",
    "SampleBlock",
    "SensorHeader",
    "SetPlan",
    "Settings",
    "Summary",
    "Tempo",
    "__version__",
    "analyze",
    "load",
    "save",
    "simulate",
]

#: Where each name lives. Names are fetched when first asked for: `import imu_reps` alone loads no NumPy.
_HOMES = {
    "Analysis": "analysis.analyze",
    "AngleTrack": "domain.track",
    "Fault": "domain.rep",
    "Header": "domain.recording",
    "ImuRepsError": "errors",
    "Pipeline": "analysis.pipeline",
    "Recording": "domain.recording",
    "Rep": "domain.rep",
    "SampleBlock": "domain.samples",
    "SensorHeader": "domain.recording",
    "SetPlan": "sim.wearer",
    "Settings": "domain.settings",
    "Summary": "domain.summary",
    "Tempo": "domain.tempo",
    "analyze": "analysis.analyze",
    "load": "storage.recording",
    "save": "storage.recording",
    "simulate": "sim.wearer",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
