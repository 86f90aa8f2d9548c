"""Cost of a batch: cores, growth with the number of recordings, memory, alternatives, reading a recording.

Run by hand: ``python tests/benchmarks/fleet.py [PART...]``, by default all parts (`PARTS`); ``--recordings``
sets how many one-minute sets most of them take. Every figure is a ratio within one run. Processor time counts
all processes; wall-clock figures need an otherwise idle machine.
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
LINE, MEMORY = (4, 2, 1), (10, 1)  # divisors of the number of recordings: 500, 1,000, 2,000 and 200, 2,000
SHELL_LOOP_SETS = 20
STORED_RESULTS = 5000


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall-clock and processor time of a process and its children."""

    wall_s: float
    cpu_s: float


def make_sets(folder: Path, count: int) -> list[Path]:
    """Write sets of one minute, spread over `DAYS` days: copies of `DISTINCT` different ones."""
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


def cost_of(*arguments: str, cores: int) -> Cost:
    """Run a command on `cores` cores and return its cost."""
    before, begin_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    core_ids = sorted(os.sched_getaffinity(0))[:cores]
    subprocess.run(
        arguments,
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **ONE_THREAD},
        preexec_fn=lambda: os.sched_setaffinity(0, core_ids),
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.perf_counter() - begin_s, cpu_s)


def batch(sources: list[Path], out: Path, *, workers: int) -> Cost:
    """Run `imu-reps batch` over these files, on as many cores as workers."""
    list_file = out.with_suffix(".txt")
    list_file.write_text("\n".join(map(str, sources)), encoding="utf-8")
    arguments = (
        sys.executable,
        "-m",
        "imu_reps",
        "batch",
        f"@{list_file}",
        "-o",
        str(out),
        "--workers",
        str(workers),
    )
    return cost_of(*arguments, cores=workers)


def run_way(way: str, list_file: Path, *, cores: int) -> Cost:
    """Run one of `WAYS` in its own process."""
    return cost_of(sys.executable, __file__, "--way", way, str(list_file), cores=cores)


def bare_loop(paths: list[str]) -> None:
    """Analyse the recordings in a loop, without anything around it."""
    from imu_reps import analyze, load

    for path in paths:
        analyze(load(path))


def summarize(path: str) -> object:
    """Return the summary of a recording: the work that a user's pool calls."""
    from imu_reps import analyze, load

    return analyze(load(path)).summary


def futures(paths: list[str]) -> None:
    """Analyse the recordings in a pool as a user would write it."""
    with ProcessPoolExecutor() as pool:
        list(pool.map(summarize, paths, chunksize=4))


WAYS: dict[str, Callable[[list[str]], None]] = {"bare": bare_loop, "futures": futures}


def by_cores(paths: list[Path], folder: Path) -> Iterator[str]:
    """Compare one core with the bare loop, and two cores with one."""
    list_file = folder / "listed.txt"
    list_file.write_text("\n".join(map(str, paths)), encoding="utf-8")
    bare = run_way("bare", list_file, cores=1)
    one = batch(paths, folder / "one", workers=1)
    two = batch(paths, folder / "two", workers=2)
    yield f"{len(paths)} sets of 60 s; bare loop {1e3 * bare.cpu_s / len(paths):.1f} ms a set"
    yield f"one core over the bare loop: {one.wall_s / bare.wall_s:.3f} by the clock (limit 1.10)"
    yield f"one core over the bare loop: {one.cpu_s / bare.cpu_s:.3f} of processor time"
    yield f"two cores over one: {one.wall_s / two.wall_s:.3f} times as fast (at least 1.85)"


def straight_line(paths: list[Path], folder: Path) -> Iterator[str]:
    """Fit processor time against the number of recordings."""
    import numpy as np

    counts = [len(paths) // part for part in LINE]
    costs = [batch(paths[:count], folder / f"line{count}", workers=2).cpu_s for count in counts]
    fit = np.polyval(np.polyfit(counts, costs, 1), counts)
    r2 = 1.0 - np.sum((costs - fit) ** 2) / np.sum((costs - np.mean(costs)) ** 2)
    each = ", ".join(f"{count}: {cost:.1f} s" for count, cost in zip(counts, costs, strict=True))
    yield f"processor time of {each}; R2 = {r2:.5f} (at least 0.995)"


def busy(paths: list[Path], _: Path) -> Iterator[str]:
    """Measure for which share of the time two workers keep two cores busy, even on a loaded machine.

    Time in which a worker waits for a core counts as busy; Linux reports it separately.
    """
    from imu_reps import analyze_many

    done, began_s = 0, 0.0
    first_and_last_s: dict[str, tuple[float, float]] = {}
    for _result in analyze_many(paths, workers=2):
        done += 1
        began_s = began_s or time.perf_counter()
        now = {pid: scheduled_s(pid) for pid in worker_pids()}
        first = {pid: first_and_last_s.get(pid, (at, at))[0] for pid, at in now.items()}
        first_and_last_s = {pid: (first[pid], at) for pid, at in now.items()}
    share = (
        sum(last - first for first, last in first_and_last_s.values()) / 2 / (time.perf_counter() - began_s)
    )
    yield f"two workers over {done} sets busy for {share:.1%} of the time: {2 * share:.2f} cores' work"


def worker_pids() -> list[str]:
    """Return the ids of this process's worker processes."""
    found = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="utf-8").split()
    return [pid for pid in found if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def scheduled_s(pid: str) -> float:
    """Return the time for which a process has computed or waited for a core."""
    computed, waited, _ = Path(f"/proc/{pid}/schedstat").read_text(encoding="utf-8").split()
    return (int(computed) + int(waited)) / 1e9


def memory(paths: list[Path], _: Path) -> Iterator[str]:
    """Compare the peak memory of a worker after few recordings and after many."""
    few_count, many_count = (len(paths) // part for part in MEMORY)
    few, many = resident_mb(paths[:few_count]), resident_mb(paths)
    yield f"a worker over {few_count} sets: {few:.1f} MB, over {many_count}: {many:.1f} MB"
    yield f"memory of a worker, many over few: {many / few:.3f} (0.95 to 1.05)"


def resident_mb(paths: list[Path]) -> float:
    """Return the largest resident memory of the one worker that summarizes these recordings."""
    from imu_reps import analyze_many

    largest = 0.0
    for _ in analyze_many(paths, workers=1):
        for pid in worker_pids():
            status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
            found = re.search(r"VmRSS:\s+(\d+)", status)
            largest = max(largest, int(found[1]) / 1e3 if found else 0.0)
    return largest


def alternatives(paths: list[Path], folder: Path) -> Iterator[str]:
    """Compare with a shell loop and with a user's own pool."""
    list_file, few = folder / "listed.txt", folder / "few.txt"
    list_file.write_text("\n".join(map(str, paths)), encoding="utf-8")
    few.write_text("\n".join(map(str, paths[:SHELL_LOOP_SETS])), encoding="utf-8")
    loop = f'while read -r file; do {sys.executable} -m imu_reps report --json "$file"; done < {few}'
    shell = cost_of("sh", "-c", loop, cores=2).wall_s / SHELL_LOOP_SETS
    pool = run_way("futures", list_file, cores=2).wall_s / len(paths)
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
    """Compare reading a recording with reading a table of numbers by pandas, types declared."""
    import pandas as pd

    from imu_reps import load
    from imu_reps.storage.recording.format import COLUMNS

    types = dict.fromkeys(set(COLUMNS) - {"sample", "sensor"}, "float64")
    types |= {"sample": "int64", "sensor": "object"}

    def by_pandas() -> None:
        pd.read_csv(paths[0], comment="#", dtype=types)

    ours_s, pandas_s = [], []
    for _round in range(200):
        for action, durations in ((lambda: load(paths[0]), ours_s), (by_pandas, pandas_s)):
            begin_s = time.process_time()
            action()
            durations.append(time.process_time() - begin_s)
    yield f"load over pandas.read_csv: {min(ours_s) / min(pandas_s):.3f} (limit 1.3)"


def varied_copy(rows: ResultRows, file: str, seed: int) -> ResultRows:
    """Return the same set with different numbers, on one day: it compresses no better than real sets."""
    import numpy as np

    rng = np.random.default_rng(seed)

    def varied(value: object) -> object:
        return round(value * rng.uniform(0.8, 1.2), 4) if isinstance(value, float) else value

    tables = {
        table: [{name: varied(value) for name, value in row.items()} | {"file": file} for row in of_table]
        for table, of_table in rows.tables.items()
    }
    content = rng.bytes(32).hex()
    for row in tables.get("sets", []):
        row["content"] = content
    return replace(rows, file=file, content=content, day="2026-11-01", tables=tables)


def coordinator(paths: list[Path], folder: Path) -> Iterator[str]:
    """Measure the work per recording of the one process that stores results, and the bytes in and out."""
    from imu_reps import analyze_partition
    from imu_reps.fleet.batch_run import ArrivedResult, Committer, Journal, Manifest
    from imu_reps.fleet.dataset import Dataset
    from imu_reps.fleet.files import FileStore, ListedFile
    from imu_reps.fleet.result_rows import to_rows

    store = FileStore(str(folder / "kept"))
    committer = Committer(
        Dataset.open_or_create(store, "parquet"), Manifest(store), Journal(store), "benchmark"
    )
    results = [to_rows(one) for one in analyze_partition(paths[:DISTINCT])]
    names = [f"s3://bucket/clinic/2026-11-01/{number:08}.csv" for number in range(STORED_RESULTS)]
    arriving = [
        varied_copy(results[number % len(results)], name, number) for number, name in enumerate(names)
    ]
    begin_s = time.process_time()
    for name, rows in zip(names, arriving, strict=True):
        committer.take(ArrivedResult(ListedFile(name, 1, "tag"), "benchmark", rows))
    committer.commit()
    each_s = (time.process_time() - begin_s) / STORED_RESULTS
    sizes = {
        table: sum(store.system.sizes([store.path(name) for name in store.names(table)]))
        for table in ("sets", "reps", "faults", "manifest")
    }
    input_bytes = sum(path.stat().st_size for path in paths[:DISTINCT]) / DISTINCT
    yield f"keeping a result: {1e6 * each_s:.0f} us of processor, one a time; {1 / each_s:.0f} a second"
    yield f"bytes in: {input_bytes:.0f}; out: " + ", ".join(
        f"{name} {size / STORED_RESULTS:.0f}" for name, size in sizes.items()
    )


PARTS = {
    "cores": by_cores,
    "busy": busy,
    "line": straight_line,
    "memory": memory,
    "others": alternatives,
    "reading": reading,
    "coordinator": coordinator,
}


def main() -> None:
    """Make the sets, and print the requested figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("parts", nargs="*", choices=[*PARTS, []], help="by default all")
    options.add_argument("--recordings", type=int, default=2000)
    options.add_argument("--way", nargs=2, help=argparse.SUPPRESS)
    arguments = options.parse_args()
    if arguments.way:
        WAYS[arguments.way[0]](Path(arguments.way[1]).read_text(encoding="utf-8").splitlines())
        return
    with tempfile.TemporaryDirectory() as folder:
        sets = Path(folder, "sets")
        sets.mkdir()
        paths = make_sets(sets, arguments.recordings)
        for part in arguments.parts or PARTS:
            for line in PARTS[part](paths, Path(folder)):
                print(line, flush=True)


if __name__ == "__main__":
    main()
