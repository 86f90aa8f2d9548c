"""What a batch costs: cores, straight line, memory, other ways of doing it, and reading a recording.

Run by hand: ``python tests/benchmarks/fleet.py [PART...]``, by default all parts (`PARTS`); ``--recordings``
says how many sets of a minute most of them take. Every figure is a ratio within one run. Processor time
counts all processes; what goes by the clock needs a machine with nothing else to do.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imu_reps.fleet.result_rows import ResultRows

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
DAYS, DISTINCT = 20, 20
LINE, MEMORY = (4, 2, 1), (10, 1)  # parts of the recordings: 500, 1,000, 2,000 and 200, 2,000
LOOPED = 20
KEPT = 5000


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process and its children took."""

    wall_s: float
    cpu_s: float


def make_sets(folder: Path, count: int) -> list[Path]:
    """Sets of a minute, over `DAYS` days: `DISTINCT` different ones, over and over."""
    from imu_reps import RepPlan, SetPlan, save, simulate
    from imu_reps.sim.wearer import LifePlan

    first = datetime(2026, 11, 1, 8, tzinfo=UTC)
    texts = []
    for number in range(DISTINCT):
        life = LifePlan(still_before_s=4.0 + 0.05 * number, rest_after_s=4.6)
        recording = simulate(SetPlan(reps=(RepPlan(),) * 10, life=life)).recording
        file = folder / f"{number}.csv"
        save(replace(recording, header=replace(recording.header, created=first)), file)
        texts.append(file.read_bytes())
        file.unlink()
    paths = []
    for number in range(count):
        day = first + timedelta(days=number * DAYS // count, seconds=number)
        text = re.sub(
            rb"# created: .*", b"# created: " + day.isoformat().encode(), texts[number % DISTINCT], count=1
        )
        paths.append(folder / f"{number:05}.csv")
        paths[-1].write_bytes(text)
    return paths


def cost_of(*words: str, cores: int) -> Cost:
    """Run a command on so many cores."""
    before, begin_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    subprocess.run(
        words,
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **ONE_THREAD},
        preexec_fn=lambda: os.sched_setaffinity(0, allowed),
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.perf_counter() - begin_s, cpu_s)


def batch(sources: list[Path], out: Path, *, workers: int) -> Cost:
    """`imu-reps batch` over these, on as many cores as workers."""
    listed = out.with_suffix(".txt")
    listed.write_text("\n".join(map(str, sources)), encoding="utf-8")
    words = (
        sys.executable,
        "-m",
        "imu_reps",
        "batch",
        f"@{listed}",
        "-o",
        str(out),
        "--workers",
        str(workers),
    )
    return cost_of(*words, cores=workers)


def itself(way: str, listed: Path, *, cores: int) -> Cost:
    """One of `WAYS` in a process of its own."""
    return cost_of(sys.executable, __file__, "--way", way, str(listed), cores=cores)


def bare_loop(paths: list[str]) -> None:
    """What is left if everything around it is taken away."""
    from imu_reps import analyze, load

    for path in paths:
        analyze(load(path))


def summed_up(path: str) -> object:
    """What a user's pool calls."""
    from imu_reps import analyze, load

    return analyze(load(path)).summary


def futures(paths: list[str]) -> None:
    """A pool as a user would write it."""
    with ProcessPoolExecutor() as pool:
        list(pool.map(summed_up, paths, chunksize=4))


WAYS: dict[str, Callable[[list[str]], None]] = {"bare": bare_loop, "futures": futures}


def by_cores(paths: list[Path], folder: Path) -> Iterator[str]:
    """One core against the bare loop, two against one."""
    listed = folder / "listed.txt"
    listed.write_text("\n".join(map(str, paths)), encoding="utf-8")
    bare = itself("bare", listed, cores=1)
    one = batch(paths, folder / "one", workers=1)
    two = batch(paths, folder / "two", workers=2)
    yield f"{len(paths)} sets of 60 s; bare loop {1e3 * bare.cpu_s / len(paths):.1f} ms a set"
    yield f"one core over the bare loop: {one.wall_s / bare.wall_s:.3f} by the clock (limit 1.10)"
    yield f"one core over the bare loop: {one.cpu_s / bare.cpu_s:.3f} of processor time"
    yield f"two cores over one: {one.wall_s / two.wall_s:.3f} times as fast (at least 1.85)"


def straight_line(paths: list[Path], folder: Path) -> Iterator[str]:
    """Processor time against the number of recordings."""
    import numpy as np

    counts = [len(paths) // part for part in LINE]
    costs = [batch(paths[:count], folder / f"line{count}", workers=2).cpu_s for count in counts]
    fit = np.polyval(np.polyfit(counts, costs, 1), counts)
    r2 = 1.0 - np.sum((costs - fit) ** 2) / np.sum((costs - np.mean(costs)) ** 2)
    each = ", ".join(f"{count}: {cost:.1f} s" for count, cost in zip(counts, costs, strict=True))
    yield f"processor time of {each}; R2 = {r2:.5f} (at least 0.995)"


def busy(paths: list[Path], _: Path) -> Iterator[str]:
    """How far two workers keep two cores busy; on a machine with other things to do, too.

    Time in which a worker waits for a core that somebody else has counts as busy, as Linux keeps it apart.
    """
    from imu_reps import analyze_many

    done, begun = 0, 0.0
    spent: dict[str, tuple[float, float]] = {}
    for _result in analyze_many(paths, workers=2):
        done += 1
        begun = begun or time.perf_counter()
        now = {child: scheduled_s(child) for child in children()}
        first = {child: spent.get(child, (at, at))[0] for child, at in now.items()}
        spent = {child: (first[child], at) for child, at in now.items()}
    share = sum(last - first for first, last in spent.values()) / 2 / (time.perf_counter() - begun)
    yield f"two workers over {done} sets busy for {share:.1%} of the time: {2 * share:.2f} cores' work"


def children() -> list[str]:
    """This process's children that compute."""
    found = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="utf-8").split()
    return [child for child in found if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def scheduled_s(child: str) -> float:
    """How long a process has computed or wanted to."""
    computed, waited, _ = Path(f"/proc/{child}/schedstat").read_text(encoding="utf-8").split()
    return (int(computed) + int(waited)) / 1e9


def memory(paths: list[Path], _: Path) -> Iterator[str]:
    """The largest a worker is, after few recordings and after many."""
    fewer, all_of_them = (len(paths) // part for part in MEMORY)
    few, many = resident_mb(paths[:fewer]), resident_mb(paths)
    yield f"a worker over {fewer} sets: {few:.1f} MB, over {all_of_them}: {many:.1f} MB"
    yield f"memory of a worker, many over few: {many / few:.3f} (0.95 to 1.05)"


def resident_mb(paths: list[Path]) -> float:
    """Largest resident memory of the one worker that sums up these."""
    from imu_reps import analyze_many

    largest = 0.0
    for _ in analyze_many(paths, workers=1):
        for child in children():
            status = Path(f"/proc/{child}/status").read_text(encoding="utf-8")
            found = re.search(r"VmRSS:\s+(\d+)", status)
            largest = max(largest, int(found[1]) / 1e3 if found else 0.0)
    return largest


def others(paths: list[Path], folder: Path) -> Iterator[str]:
    """A loop of the shell, and a pool of the user's own."""
    listed, few = folder / "listed.txt", folder / "few.txt"
    listed.write_text("\n".join(map(str, paths)), encoding="utf-8")
    few.write_text("\n".join(map(str, paths[:LOOPED])), encoding="utf-8")
    loop = f'while read -r file; do {sys.executable} -m imu_reps report --json "$file"; done < {few}'
    shell = cost_of("sh", "-c", loop, cores=2).wall_s / LOOPED
    pool = itself("futures", listed, cores=2).wall_s / len(paths)
    ours = batch(paths, folder / "others", workers=2).wall_s / len(paths)
    yield "| on two cores | ms a set | times of imu-reps batch |"
    yield "|---|---|---|"
    for name, cost_s in (
        ("`imu-reps batch`", ours),
        ("`concurrent.futures` over `analyze`", pool),
        ("a shell loop over `imu-reps report --json`", shell),
    ):
        yield f"| {name} | {1e3 * cost_s:.1f} | {cost_s / ours:.2f} |"


def reading(paths: list[Path], _: Path) -> Iterator[str]:
    """A recording against a table of numbers as pandas reads it, types declared."""
    import pandas as pd

    from imu_reps import load
    from imu_reps.storage.recording.format import COLUMNS

    types = dict.fromkeys(set(COLUMNS) - {"sample", "sensor"}, "float64")
    types |= {"sample": "int64", "sensor": "object"}

    def by_pandas() -> None:
        pd.read_csv(paths[0], comment="#", dtype=types)

    ours_s, theirs_s = [], []
    for _round in range(200):
        for action, of in ((lambda: load(paths[0]), ours_s), (by_pandas, theirs_s)):
            begin_s = time.process_time()
            action()
            of.append(time.process_time() - begin_s)
    yield f"load over pandas.read_csv: {min(ours_s) / min(theirs_s):.3f} (limit 1.3)"


def another(rows: ResultRows, file: str, seed: int) -> ResultRows:
    """The same set with other numbers, on one day: what compresses as little as real ones."""
    import numpy as np

    rng = np.random.default_rng(seed)

    def moved(value: object) -> object:
        return round(value * rng.uniform(0.8, 1.2), 4) if isinstance(value, float) else value

    tables = {
        table: [{name: moved(value) for name, value in row.items()} | {"file": file} for row in of_table]
        for table, of_table in rows.tables.items()
    }
    content = rng.bytes(32).hex()
    for row in tables.get("sets", []):
        row["content"] = content
    return replace(rows, file=file, content=content, day="2026-11-01", tables=tables)


def coordinator(paths: list[Path], folder: Path) -> Iterator[str]:
    """What of a recording falls to the one process that keeps the results, and what goes in and out."""
    from imu_reps import analyze_partition
    from imu_reps.fleet.batch_run import Keeper
    from imu_reps.fleet.dataset import Dataset
    from imu_reps.fleet.inputs import ListedFile
    from imu_reps.fleet.manifest import Arrived, Journal, Manifest
    from imu_reps.fleet.place import FilePlace
    from imu_reps.fleet.result_rows import rows_of

    place = FilePlace(str(folder / "kept"))
    keeper = Keeper(Dataset.made(place, "parquet"), Manifest(place), Journal(place), "benchmark")
    results = [rows_of(one) for one in analyze_partition(paths[:DISTINCT])]
    names = [f"s3://bucket/clinic/2026-11-01/{number:08}.csv" for number in range(KEPT)]
    arriving = [another(results[number % len(results)], name, number) for number, name in enumerate(names)]
    begin_s = time.process_time()
    for name, rows in zip(names, arriving, strict=True):
        keeper.take(Arrived(ListedFile(name, 1, "tag"), "benchmark", rows))
    keeper.commit()
    each_s = (time.process_time() - begin_s) / KEPT
    sizes = {
        table: sum(place.system.sizes([place.path(name) for name in place.names(table)]))
        for table in ("sets", "reps", "faults", "manifest")
    }
    coming = sum(path.stat().st_size for path in paths[:DISTINCT]) / DISTINCT
    yield f"keeping a result: {1e6 * each_s:.0f} us of processor, one a time; {1 / each_s:.0f} a second"
    yield f"bytes in: {coming:.0f}; out: " + ", ".join(
        f"{name} {size / KEPT:.0f}" for name, size in sizes.items()
    )


PARTS = {
    "cores": by_cores,
    "busy": busy,
    "line": straight_line,
    "memory": memory,
    "others": others,
    "reading": reading,
    "coordinator": coordinator,
}


def main() -> None:
    """Make the sets, and print what was asked for."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("parts", nargs="*", choices=[*PARTS, []], help="by default all")
    options.add_argument("--recordings", type=int, default=2000)
    options.add_argument("--way", nargs=2, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.way:
        WAYS[asked.way[0]](Path(asked.way[1]).read_text(encoding="utf-8").splitlines())
        return
    with tempfile.TemporaryDirectory() as folder:
        sets = Path(folder, "sets")
        sets.mkdir()
        paths = make_sets(sets, asked.recordings)
        for part in asked.parts or PARTS:
            for line in PARTS[part](paths, Path(folder)):
                print(line, flush=True)


if __name__ == "__main__":
    main()
