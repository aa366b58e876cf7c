"""Tables on terminals of all widths, and where there is none."""

from __future__ import annotations

import io
import json
import sys

import pytest
from rich.cells import cell_len

from human_detector.commands.tables import print_table
from support.commands import environment
from support.terminal import TerminalSession

HEADER = ("VIDEO", "OUTCOME", "FRAMES", "DETECTIONS", "TIME")
ROWS = [
    ("holiday/the second camera.mp4", "done before", "1024", "HumanDetector 24, FaceDetector 1024", "1:00"),
    ("名前.mp4", "failed", "0", "-", "0:00"),
]


def shown(columns: int, *rows: tuple[str, ...]) -> list[str]:
    """The lines of the table on a terminal of that width."""
    code = (
        "import json, sys; from human_detector.commands.tables import print_table;"
        f"print_table({HEADER!r}, json.loads(sys.argv[1]), right=['FRAMES', 'TIME'])"
    )
    command = [sys.executable, "-c", code, json.dumps(rows)]
    with TerminalSession(command, environment(), columns) as terminal:
        assert terminal.wait() == 0
    return terminal.lines


def test_a_narrow_terminal_gets_a_list() -> None:
    """Columns side by side would break "HumanDetector" apart."""
    assert shown(50, *ROWS) == [
        "holiday/the second camera.mp4",
        "  outcome: done before; frames: 1024;",
        "  detections: HumanDetector 24, FaceDetector",
        "  1024; time: 1:00",
        "名前.mp4",
        "  outcome: failed; frames: 0; detections: -;",
        "  time: 0:00",
    ]


def test_a_table_that_fits_stays_one() -> None:
    assert shown(50, ROWS[1]) == [
        "VIDEO     OUTCOME  FRAMES  DETECTIONS  TIME",
        "名前.mp4  failed        0  -           0:00",
    ]


@pytest.mark.parametrize("columns", [40, 69, 70, 80, 200])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    lines = shown(columns, *ROWS)
    assert max(map(cell_len, lines)) <= columns
    assert ("VIDEO" in lines[0]) == (columns >= 70)
    assert all(word in "\n".join(lines) for word in ("HumanDetector", "FaceDetector"))


def test_without_a_terminal_a_row_is_a_line() -> None:
    stream = io.StringIO()
    print_table(HEADER, [("v" * 300, "done", "1", "two\nlines", "0:01")], stream=stream)
    assert stream.getvalue().splitlines()[1] == f"{'v' * 300}  done     1       two lines   0:01"
