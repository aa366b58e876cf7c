"""Texts of strangers in logs and in the names of files."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from human_detector.harmless_text import HarmlessStream, beneath, file_name, harmless
from human_detector.logs import log_context, set_up_logging
from support.hostile import NAME, OBEYED, SPELLED


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:], root.level = handlers, level


def test_what_is_obeyed_is_spelled_out() -> None:
    assert harmless(NAME) == SPELLED
    assert harmless("half a \ud800 character, and one \U000e0041 that nobody sees") == (
        r"half a \ud800 character, and one \U000e0041 that nobody sees"
    )
    assert harmless("a\nb\tc", keep="\n\t") == "a\nb\tc"


@pytest.mark.parametrize("text", ["名前.mp4", "naïve café.mp4", "می‌خواهم", "👩‍🚒.mp4", r"C:\x1b\n", "שלום"])
def test_what_languages_need_stays(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_log_line_is_one_line_that_does_nothing(log_format: str, logger: logging.Logger) -> None:
    stream = io.StringIO()
    set_up_logging(log_format, stream)
    with log_context(video_id=7, message_id=NAME):
        logger.error("cannot read %s", NAME)
    assert stream.getvalue().count("\n") == 1
    assert not any(each in stream.getvalue() for each in OBEYED)
    if log_format == "json":
        line = json.loads(stream.getvalue())
        assert (line["message"], line["message_id"]) == (f"cannot read {NAME}", NAME), "nothing is lost"
    else:
        assert f"cannot read {SPELLED}  [video_id=7 message_id={SPELLED}]" in stream.getvalue()


def test_a_traceback_forges_no_line(logger: logging.Logger) -> None:
    stream = io.StringIO()
    set_up_logging("text", stream)
    try:
        raise ValueError(NAME)
    except ValueError:
        logger.exception("failed")
    first, *rest = stream.getvalue().splitlines()
    assert first.endswith("ERROR   failed")
    assert all(line.startswith("    ") for line in rest)
    assert not any(each in stream.getvalue() for each in OBEYED)


@pytest.mark.parametrize(
    "text", [NAME, "../../etc/passwd", "x" * 1024, "ü" * 1024, "a\0b", "\ud800", "..", ""]
)
def test_a_part_of_a_file_name(text: str) -> None:
    name = file_name(text)
    assert len(name.encode()) <= 150
    assert not set(name) & set("/\0\n\x1b\u202e")


def test_a_stream_that_is_shown_lines() -> None:
    terminal = io.StringIO()
    stream = HarmlessStream(terminal)
    print(NAME, file=stream)
    *lines, last = terminal.getvalue().split("\n")
    assert ("\\n".join(lines), last) == (SPELLED, ""), "the ends of lines are left to whoever writes them"
    assert beneath(stream) is terminal
    assert beneath(sys.stdout) is sys.stdout
