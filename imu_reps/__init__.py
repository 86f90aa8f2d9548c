"""Counts and judges leg raises from two small IMUs, one on the pelvis and one on the ankle.

See docs/guide.md#from-python for how to use the names, and docs/definitions.md for what the numbers mean.

Examples
--------
>>> from imu_reps import analyze, load
>>> analyze(load("recordings/clean.csv")).to_frame()  # doctest: +SKIP
"""

from __future__ import annotations

import logging
from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imu_reps.analysis.analyze import Analysis
    from imu_reps.analysis.pipeline import Pipeline
    from imu_reps.domain import events
    from imu_reps.domain.events import Event
    from imu_reps.domain.recording import Header, Note, Recording, SensorHeader
    from imu_reps.domain.rep import Fault, Rep
    from imu_reps.domain.samples import SampleBlock
    from imu_reps.domain.settings import Settings
    from imu_reps.domain.summary import Summary
    from imu_reps.domain.tempo import Tempo
    from imu_reps.domain.track import AngleTrack, Pose
    from imu_reps.errors import ImuRepsError
    from imu_reps.fleet.analyze_many import BatchResult, analyze_many, analyze_partition
    from imu_reps.fleet.analyze_one import analyze
    from imu_reps.sim.wearer import RepFaults, RepPlan, SensorPlan, SetPlan, Simulated, Truth, simulate
    from imu_reps.storage.recording import load
    from imu_reps.storage.recording.writer import save

__version__ = "0.1.0"

logging.getLogger(__name__).addHandler(logging.NullHandler())  # silent unless logging is configured

__all__ = [
    "Analysis",
    "AngleTrack",
    "BatchResult",
    "Event",
    "Fault",
    "Header",
    "ImuRepsError",
    "Note",
    "Pipeline",
    "Pose",
    "Recording",
    "Rep",
    "RepFaults",
    "RepPlan",
    "SampleBlock",
    "SensorHeader",
    "SensorPlan",
    "SetPlan",
    "Settings",
    "Simulated",
    "Summary",
    "Tempo",
    "Truth",
    "__version__",
    "analyze",
    "analyze_many",
    "analyze_partition",
    "events",
    "load",
    "save",
    "simulate",
]

#: Module of each name. Names are imported on first use, so that `import imu_reps` alone does not load NumPy.
_HOMES = {
    "Analysis": "analysis.analyze",
    "AngleTrack": "domain.track",
    "BatchResult": "fleet.analyze_many",
    "Event": "domain.events",
    "Fault": "domain.rep",
    "Header": "domain.recording",
    "ImuRepsError": "errors",
    "Note": "domain.recording",
    "Pipeline": "analysis.pipeline",
    "Pose": "domain.track",
    "Recording": "domain.recording",
    "Rep": "domain.rep",
    "RepFaults": "sim.wearer",
    "RepPlan": "sim.wearer",
    "SampleBlock": "domain.samples",
    "SensorHeader": "domain.recording",
    "SensorPlan": "sim.wearer",
    "SetPlan": "sim.wearer",
    "Settings": "domain.settings",
    "Simulated": "sim.wearer",
    "Summary": "domain.summary",
    "Tempo": "domain.tempo",
    "Truth": "sim.wearer",
    "analyze": "fleet.analyze_one",
    "analyze_many": "fleet.analyze_many",
    "analyze_partition": "fleet.analyze_many",
    "load": "storage.recording",
    "save": "storage.recording.writer",
    "simulate": "sim.wearer",
}

#: Public modules.
_MODULES = {"events": "domain.events"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value: Any = _import_module(f"{__name__}.{_MODULES[name]}")
    elif name in _HOMES:
        value = getattr(_import_module(f"{__name__}.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
