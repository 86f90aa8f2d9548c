"""Run on a computer: takes the configuration out of the maker's own driver, for `bmi270_config.bin`.

python bmi270_config.py bmi270.c bmi270_config.bin
"""

import re
import sys
from pathlib import Path

CONFIG_BYTES = 8192


def configuration(source: str) -> bytes:
    """Find the array `bmi270_config_file` in the text of `bmi270.c` and give its bytes."""
    array = re.search(r"\bbmi270_config_file\s*\[[^\]]*\]\s*=\s*\{(.*?)\}", source, re.DOTALL)
    if array is None:
        raise SystemExit("there is no array bmi270_config_file in this file; take bmi270.c itself")
    without_comments = re.sub(r"/\*.*?\*/|//[^\n]*", "", array[1], flags=re.DOTALL)
    content = bytes(int(number, 0) for number in re.findall(r"0[xX][0-9a-fA-F]+|\d+", without_comments))
    if len(content) != CONFIG_BYTES:
        raise SystemExit(f"the array has {len(content)} bytes, not {CONFIG_BYTES}: is the file complete?")
    return content


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(configuration(Path(sys.argv[1]).read_text(encoding="utf-8")))
