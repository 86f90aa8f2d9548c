"""Sets of every population, each with the counts that are right, and what an analysis made of them.

Nothing that an analysis does ends the judging: what it refuses, or crashes on, is wrong and says so.
"""

from __future__ import annotations

import json
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import numpy as np
import populations
from foreign_sets import ForeignSet, SetErrors, TrueRep, errors, foreign_sets
from populations import SLOT_S, Population, counted, worn
from real_cuts import SEEDS, Cut, cuts
from real_recordings import Known, idle, raises, walks

import imu_reps
from imu_reps import Analysis, ImuRepsError, Recording, load, simulate
from imu_reps.sources.replay_source import replay_blocks

#: What analyses a finished set; another estimator, or the same with something left out, takes its place.
Analyze = Callable[[Recording], Analysis]

#: A count; None: not counted at all; in words, why there is none.
Found = int | str | None

OWN: Mapping[str, Population] = MappingProxyType(
    {
        "mixed": populations.MIXED,
        "idle": populations.IDLE,
        "25 Hz": populations.SLOW_RADIO,
        "swung": populations.SWINGING,
        "swung hanging": populations.SWINGING_HANGING,
        "cheap": populations.CHEAP,
    }
)

#: Arrivals of a starved computer or a busy link, and how many repetitions are in them.
TRICKLES: Mapping[str, int] = MappingProxyType(
    {"live-count-falls-back": 10, "open-profile-trickle": 8, "runaway-live-clock": 10}
)

#: A real person who walks, climbs and swings.
CLIMBER = "14-climbing-and-walking-is-no-set/cmu_01_09.csv.gz"

REFUSED = "refused: "

#: A set that takes longer, finished or live, has no count.
LONGEST_S = 90.0

NO_ERRORS = SetErrors()


@dataclass(frozen=True)
class JudgedSet:
    """A set and what is right for it.

    Attributes
    ----------
    name : str
    load : callable
        Gives the recording.
    allowed : frozenset of (int or None)
        Counts that are right; None: not counted at all.
    may_refuse : bool
        Whether a refusal is right too.
    reps : tuple of TrueRep
        Where more than the count is known.
    """

    name: str
    load: Callable[[], Recording]
    allowed: frozenset[int | None]
    may_refuse: bool = False
    reps: tuple[TrueRep, ...] = ()


#: Sets are made where and when they are judged.
Makers = Sequence[Callable[[], JudgedSet]]


@dataclass(frozen=True)
class Outcome:
    """What was made of a set.

    Attributes
    ----------
    found, live : int, str or None
        Counts, finished and live after closing, or in words why there is none.
    right, live_right : bool
        `live_right` is True where it was not followed live.
    certainty : str or None
        Of the finished count, where the summary says it.
    errors : SetErrors
    """

    name: str
    allowed: frozenset[int | None]
    found: Found
    right: bool
    live: Found = None
    live_right: bool = True
    certainty: str | None = None
    errors: SetErrors = NO_ERRORS

    @property
    def off(self) -> float:
        """By how much the finished count misses the nearest that is right; infinite without a count."""
        return _off(self.found, self.allowed)

    @property
    def live_off(self) -> float:
        """The same of the live count."""
        return _off(self.live, self.allowed)


def _off(found: Found, allowed: frozenset[int | None]) -> float:
    right = [count for count in allowed if count is not None]
    if not isinstance(found, int) or not right:
        return 0.0 if found in allowed else float("inf")
    return float(min((found - count for count in right), key=abs))


def outcome(one: JudgedSet, *, live: bool = False, analyze: Analyze = imu_reps.analyze) -> Outcome:
    """Analyse a set; live, it goes through the pipeline too."""
    recording = tried(one.load)
    if isinstance(recording, str):
        right = is_right(one, recording)
        return Outcome(one.name, one.allowed, recording, right, recording if live else None, right)
    analysis = tried(lambda: analyze(recording))
    heard = tried(lambda: closed_count(recording)) if live else None
    live_right = not live or is_right(one, heard)
    if isinstance(analysis, str):
        return Outcome(one.name, one.allowed, analysis, is_right(one, analysis), heard, live_right)
    found = analysis.summary.set.rep_count
    return Outcome(
        one.name,
        one.allowed,
        found,
        is_right(one, found),
        heard,
        live_right,
        getattr(analysis.summary.set, "rep_count_certainty", None),
        errors(analysis, one.reps),
    )


def closed_count(recording: Recording) -> int | None:
    """Announced live and not taken back, the end's corrections among it; None without an ankle sensor."""
    pipeline = imu_reps.Pipeline(recording.header, sensors=worn(recording))
    heard = [event for block in replay_blocks(recording, SLOT_S) for event in pipeline.push(block)]
    closing, _ = pipeline.finish()
    return None if recording.ankle is None else counted([*heard, *closing])


_T = TypeVar("_T")


def tried(do: Callable[[], _T]) -> _T | str:
    """What it gives, or in words why it gives nothing."""
    try:
        with _time_limit(LONGEST_S):
            return do()
    except _TooSlow:
        return f"not done in {LONGEST_S:.0f} s"
    except ImuRepsError as error:
        return f"{REFUSED}{error.code}"
    except Exception as error:  # a crash is a wrong count, and the judging goes on
        at = traceback.extract_tb(error.__traceback__)[-1]
        return f"crashed: {type(error).__name__} at {Path(at.filename).name}:{at.lineno}"


class _TooSlow(Exception):  # noqa: N818 - it ends one set, and is no error of this command's
    """A set took too long."""


@contextmanager
def _time_limit(limit_s: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def is_right(one: JudgedSet, found: Found) -> bool:
    """Whether a count, or a refusal, is one of those that are right."""
    if isinstance(found, str):
        return one.may_refuse and found.startswith(REFUSED)
    return found in one.allowed


def of_folder(folder: Path) -> Makers:
    """Sets of other simulators: recordings with their truth beside them."""
    return [partial(_foreign, one) for one in foreign_sets(folder)]


def of_cuts(datasets: Path, seeds: Sequence[int] = SEEDS) -> Makers:
    """Real raises cut anywhere and turned any way round."""
    return [partial(_cut, one) for one in cuts(datasets, seeds)]


def of_raises(datasets: Path) -> Makers:
    """Real raises, whole and set by set."""
    return [partial(_known, one) for one in raises(datasets)]


def of_nobody(datasets: Path) -> Makers:
    """Real recordings in which no leg is raised."""
    return [partial(_known, one) for one in (*idle(datasets), *walks(datasets))]


def of_person(cases: Path) -> Makers:
    """A real person who walks to a frame, climbs, hangs, swings and drops."""
    return [partial(JudgedSet, "climber", partial(load, cases / CLIMBER), frozenset({0}))]


def of_cases(cases: Path) -> Makers:
    """Recordings that were summed up wrongly: counts alone. Whether the words are right, `judge.py` says."""
    return [*_expected_cases(cases), *_trickles(cases)]


def of_own(names: Iterable[str] = tuple(OWN)) -> Makers:
    """Sets of our own simulator, by the names of their populations."""
    return [partial(_own, name, seed) for name in names for seed in OWN[name].seeds]


def _foreign(one: ForeignSet) -> JudgedSet:
    return JudgedSet(one.name, partial(load, one.path), frozenset({one.rep_count}), reps=one.reps)


def _cut(one: Cut) -> JudgedSet:
    return JudgedSet(one.name, lambda: one.recording, frozenset(one.allowed))


def _known(one: Known) -> JudgedSet:
    return JudgedSet(one.name, lambda: one.recording, frozenset({one.expected}))


def _own(name: str, seed: int) -> JudgedSet:
    population = OWN[name]
    plan = population.draw(np.random.default_rng(seed), **population.constraints)
    made = simulate(plan, seed=seed)
    reps = tuple(TrueRep.of(rep) for rep in made.truth.reps)
    allowed = frozenset({made.truth.rep_count})
    return JudgedSet(f"{name} {seed}", lambda: made.recording, allowed, reps=reps)


def _expected_cases(cases: Path) -> Iterator[Callable[[], JudgedSet]]:
    for path in sorted(cases.glob("*/expected.json")):
        for one in json.loads(path.read_text("utf-8")):
            yield partial(_case, path.parent / one["file"], one["reps"], bool(one["names_one_of"]))


def _trickles(cases: Path) -> Iterator[Callable[[], JudgedSet]]:
    for name, reps in TRICKLES.items():
        path = cases / "20-link-trickles-then-catches-up" / f"{name}.csv.gz"
        if path.is_file():
            yield partial(_case, path, reps, False)


def _case(path: Path, reps: int | str, has_cause: bool) -> JudgedSet:
    """Of 6, of a number, or only to be refused; a refusal is right too where there is a cause to name."""
    counts = {"refuse": frozenset[int | None](), "refuse_or_right": frozenset({6})}
    allowed = counts[reps] if isinstance(reps, str) else frozenset({reps})
    return JudgedSet(f"{path.parent.name}/{path.name}", partial(load, path), allowed, has_cause)
