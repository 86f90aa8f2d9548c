"""An example of every command, as its help ends with it."""

from __future__ import annotations

#: By the command's words. Each can be typed as it stands, or with the user's own names in it.
EXAMPLES = {
    "scan": "imu-reps scan --seconds 30",
    "pair": "imu-reps pair --person kim",
    "record": "imu-reps record --side left,right --reps 10 --tempo 2-0-2-0 --page",
    "test end-range": "imu-reps test end-range --exercise single_leg_raise",
    "test setup": "imu-reps test setup",
    "watch": "imu-reps watch --virtual",
    "demo": "imu-reps demo --fast",
    "doctor": "imu-reps doctor",
    "report": "imu-reps report set.csv --html report.html",
    "replay": "imu-reps replay set.csv --speed 2",
    "angles": "imu-reps angles set.csv -o angles.csv",
    "import": "imu-reps import phone.csv --platform ios -o set.csv",
    "batch": "imu-reps batch recordings -o result",
    "check": "imu-reps check set.csv",
    "history": "imu-reps history --person kim --last 20",
    "plan": "imu-reps plan",
    "persons list": "imu-reps persons list",
    "persons rename": "imu-reps persons rename kim kim-lee",
    "persons merge": "imu-reps persons merge kim kim-lee",
    "persons export": "imu-reps persons export kim kim.zip",
    "persons delete": "imu-reps persons delete kim",
    "reanalyse": "imu-reps reanalyse --diff",
    "simulate": "imu-reps simulate -o set.csv --reps 8 --fault back_arch:7-8",
    "settings": "imu-reps settings",
    "where": "imu-reps where --profile",
    "docs": "imu-reps docs guide",
    "completion": "imu-reps completion bash --install",
}


def with_example(words: str) -> str | None:
    """What a command's help ends with; None of a group, whose commands have their own."""
    example = EXAMPLES.get(words)
    return None if example is None else f"\b\nExample:\n  {example}"
