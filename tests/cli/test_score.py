"""``imu-reps score``: labels of every format with recordings, and the reported agreement."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

from imu_reps import load, save

Run = Callable[..., Result]
HEAD = "start_s,turn_s,turn_end_s,end_s,flags,note\n"


def truth_of(file: Path) -> list[dict[str, float]]:
    reps: list[dict[str, float]] = json.loads(file.with_suffix(".truth.json").read_text(encoding="utf-8"))[
        "reps"
    ]
    return reps


def rows_of(file: Path, by_s: float = 0.0) -> list[list[str]]:
    """Return the true repetitions of a simulated set as rows of labels."""
    return [
        [
            f"{rep['start_s'] + by_s}",
            f"{rep['start_s'] + rep['concentric_s'] + by_s}",
            f"{rep['end_s'] - rep['eccentric_s'] + by_s}",
            f"{rep['end_s'] + by_s}",
            ";".join(rep["flags"]),  # type: ignore[arg-type]
            "",
        ]
        for rep in truth_of(file)
    ]


def labelled(file: Path, by_s: float = 0.0, out: Path | None = None) -> Path:
    out = out or file.with_name("by_hand.labels.csv")
    out.write_text(HEAD + "".join(",".join(row) + "\n" for row in rows_of(file, by_s)), encoding="utf-8")
    return out


def figures(result: Result) -> dict[str, dict[str, float | None]]:
    assert result.exit_code == 0, result.output
    found: dict[str, dict[str, float | None]] = json.loads(result.stdout)["figures"]
    return found


def test_the_truth_of_a_simulated_set_is_used_as_its_labels(run: Run, swung: Path) -> None:
    found = figures(run("score", swung, "--json"))

    assert found["count_right_share"]["value"] == 1.0
    assert found["rep_recall"]["value"] == found["rep_precision"]["value"] == 1.0
    assert found["start_s_abs_p95"]["value"] < 0.05  # type: ignore[operator]
    assert found["momentum_recall"]["value"] == found["back_arch_recall"]["value"] == 1.0


def test_labels_in_csv_equal_the_truth_and_a_shift_is_recovered(
    run: Run, swung: Path, tmp_path: Path
) -> None:
    file = Path(shutil.copy(swung, tmp_path))
    shutil.copy(swung.with_suffix(".truth.json"), tmp_path)
    of_truth = figures(run("score", file, "--json"))
    same = figures(run("score", file, labelled(file), "--json"))
    shifted = figures(run("score", file, labelled(file, 0.4), "--json"))
    put_back = figures(run("score", file, labelled(file, 0.4), "--offset", "-0.4", "--json"))

    assert same == of_truth
    assert put_back == same
    for name in ("start", "turn", "end"):
        bias, true = shifted[f"{name}_s_bias"]["value"], same[f"{name}_s_bias"]["value"]
        assert bias == pytest.approx(true - 0.4, abs=2e-4)  # type: ignore[operator]
    assert shifted["up_s_bias"] == same["up_s_bias"]


def test_labels_saved_by_excel_are_read(run: Run, swung: Path, tmp_path: Path) -> None:
    plain = labelled(swung, out=tmp_path / "plain.csv")
    german = tmp_path / "german.csv"
    rows = [[cell.replace(".", ",").replace(";", " ") for cell in row] for row in rows_of(swung)]
    text = "".join(";".join(row) + "\r\n" for row in [HEAD.strip().split(","), *rows])
    german.write_bytes(text.encode("utf-8-sig"))

    assert run("score", swung, german, "--json").stdout == run("score", swung, plain, "--json").stdout


def test_events_of_our_own_data_set_match_the_count_itself(run: Run, swung: Path, tmp_path: Path) -> None:
    assert run("export", swung, "--as", "bids", "-o", tmp_path / "bids").exit_code == 0
    (events,) = (tmp_path / "bids").rglob("*_events.tsv")
    found = figures(run("score", swung, events, "--json"))

    times = ("start", "turn", "end", "up", "down")
    assert all(found[f"{name}_s_abs_p95"]["value"] == pytest.approx(0.0, abs=2e-4) for name in times)
    assert found["momentum_precision"]["value"] == found["back_arch_recall"]["value"] == 1.0


def test_the_text_and_the_rows_contain_the_figures(run: Run, swung: Path, tmp_path: Path) -> None:
    labels = labelled(swung, out=tmp_path / "l.csv")
    text = run("score", swung, labels).stdout
    rows = list(csv.DictReader(io.StringIO(run("score", swung, labels, "--csv").stdout)))
    found = figures(run("score", swung, labels, "--json"))

    assert "1 set, 4 labelled reps, 4 counted." in text
    assert "Count right in 100 % of sets" in text
    assert f"{found['start_s_abs_median']['value']:.3f}" in text
    assert {row["figure"]: row["value"] for row in rows} == {
        name: "" if figure["value"] is None else str(figure["value"]) for name, figure in found.items()
    }
    assert {row["low"] for row in rows} == {""}


def test_labels_on_another_clock_are_reported(run: Run, swung: Path, tmp_path: Path) -> None:
    result = run("score", swung, labelled(swung, 300.0, out=tmp_path / "l.csv"))

    assert result.exit_code == 0
    assert "--offset" in result.stdout


def test_a_folder_is_paired_by_name_and_a_subfolder_is_a_person(
    run: Run, swung: Path, tmp_path: Path
) -> None:
    for number in range(6):
        place = tmp_path / f"P{number}"
        place.mkdir()
        shutil.copy(swung, place / "a.csv")
        labelled(swung, 0.02 * number, out=place / "a.labels.csv")
    shutil.copy(swung, tmp_path / "P0" / "unlabelled.csv")
    result = run("score", tmp_path, "--json")
    document = json.loads(result.stdout)
    bias = document["figures"]["start_s_bias"]

    assert (document["sets"], document["persons"], document["labelled"]) == (6, 6, 24)
    assert bias["low"] < bias["value"] < bias["high"]
    assert "unlabelled.csv: no labels" in result.stderr
    assert "95 % intervals over 6 persons" in run("score", tmp_path).stdout


def test_one_bad_file_of_a_folder_is_reported_and_the_others_are_scored(
    run: Run, swung: Path, tmp_path: Path
) -> None:
    for name in ("good", "bad"):
        shutil.copy(swung, tmp_path / f"{name}.csv")
        labelled(swung, out=tmp_path / f"{name}.labels.csv")
    (tmp_path / "bad.labels.csv").write_text("start_s\n1.0\n", encoding="utf-8")
    result = run("score", tmp_path)

    assert result.exit_code == 4
    assert "bad.labels.csv" in result.stderr
    assert "1 set, 4 labelled reps" in result.stdout


BROKEN = {
    "empty": b"",
    "comments alone": b"# nothing\n",
    "no end": b"start_s\n1.0\n",
    "misspelt": b"start_s,end_s,flag\n1.0,2.0,momentum\n",
    "a word": b"start_s,end_s\none,2.0\n",
    "nan": b"start_s,end_s\nnan,2.0\n",
    "an empty time": b"start_s,end_s\n,2.0\n",
    "backwards": b"start_s,end_s\n3.0,2.0\n",
    "turn outside": b"start_s,end_s,turn_s\n1.0,2.0,5.0\n",
    "turn end alone": b"start_s,end_s,turn_end_s\n1.0,2.0,1.5\n",
    "overlap": b"start_s,end_s\n1.0,4.0\n3.0,6.0\n",
    "twice": b"start_s,end_s,end_s\n1.0,2.0,2.0\n",
    "short row": b"start_s,end_s,flags\n1.0,2.0\n",
    "no such flag": b"start_s,end_s,flags\n1.0,2.0,swing\n",
    "quote": b'start_s,end_s\n"1.0,2.0\n',
    "binary": bytes(range(256)),
    "utf-16": "start_s,end_s\n1,2\n".encode("utf-16"),
    "huge": b"start_s,end_s\n" + b"1" * 5000 + b",2\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_invalid_labels_are_refused_with_their_line(run: Run, swung: Path, tmp_path: Path, name: str) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_bytes(BROKEN[name])
    result = run("score", swung, labels)

    assert result.exit_code == 4, result.output
    assert "labels.csv" in result.stderr
    assert result.exception is None or isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("x.truth.json", "{"),
        ("x.truth.json", "[]"),
        ("x.truth.json", '{"reps": [1]}'),
        ("x.truth.json", '{"reps": [{}]}'),
        ("x_events.tsv", "onset\n1\n"),
        ("x_events.tsv", "onset\tduration\n1\tn/a\n"),
        ("x_events.tsv", "onset\tduration\n1\t-3\n"),
    ],
)
def test_other_formats_are_refused_the_same_way(
    run: Run, swung: Path, tmp_path: Path, file: str, text: str
) -> None:
    (tmp_path / file).write_text(text, encoding="utf-8")

    assert run("score", swung, tmp_path / file).exit_code == 4


def test_events_of_other_kinds_are_ignored(run: Run, swung: Path, tmp_path: Path) -> None:
    events = tmp_path / "x_events.tsv"
    events.write_text("onset\tduration\ttrial_type\n1\t0\tbeep\n2\tn/a\tcue\n", encoding="utf-8")
    result = run("score", swung, events)

    assert "0 labelled reps, 4 counted" in result.stdout


def test_labels_from_corrections_by_hand_are_read(run: Run, swung: Path, tmp_path: Path) -> None:
    first, last = truth_of(swung)[0], truth_of(swung)[-1]
    spans = [f"{rep['start_s']},{rep['end_s']}" for rep in (first, last)]
    rows = [f"{spans[0]},rep,hand", f"{spans[1]},too_small,sensors"]
    (tmp_path / "l.csv").write_text("\n".join(["start_s,end_s,label,by", *rows]), encoding="utf-8")

    assert "1 labelled rep, 4 counted" in run("score", swung, tmp_path / "l.csv").stdout


def test_a_set_that_could_not_be_counted_is_not_scored_as_zero(run: Run, swung: Path, tmp_path: Path) -> None:
    file = tmp_path / "pelvis_alone.csv"
    save(replace(load(swung), ankle=None), file)
    labelled(swung, out=tmp_path / "pelvis_alone.labels.csv")
    result = run("score", file)

    assert result.exit_code == 4
    assert "not counted" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["no.csv"],
        ["no.csv", "no.labels.csv"],
        [".", "x.csv"],
        [".", "--json", "--csv"],
        [".", "--offset", "nan"],
    ],
)
def test_a_wrong_call_gives_a_message(
    run: Run, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("score", *words)

    assert result.exit_code in (1, 2)
    assert "Traceback" not in result.output
    assert result.stderr
