"""What strangers might send, some of it: `python tests/fuzz.py` goes on for as long as one likes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import fuzz
from support.fuzzing.boxes import BOXES
from support.fuzzing.clips import make_clips
from support.fuzzing.ebml import EBML
from support.fuzzing.mutate import changed_file
from support.fuzzing.riff import RIFF
from support.fuzzing.tree import DEPTH_READ, Format, Node
from support.media import needs_ffmpeg

pytestmark = needs_ffmpeg

FILES = 300
THROUGH_ALL = 200


def every_node(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from every_node(node.children or [])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits a process in its memory")
@pytest.mark.parametrize(("files", "decoder_only"), [(FILES, True), (THROUGH_ALL, False)])
@pytest.mark.long
def test_changed_videos_end_as_they_may(tmp_path: Path, files: int, decoder_only: bool) -> None:
    """Through the decoding alone, and through the three processes of a worker."""
    found = fuzz.run(14, range(files), tmp_path, decoder_only=decoder_only)
    assert not found.problems
    assert not list(tmp_path.iterdir())
    assert found.endings.total() == files
    assert min(found.endings[kind] for kind in ("done", "done, incomplete", "error")) > files / 20


@pytest.mark.parametrize(
    ("name", "form"), [("h264.mp4", BOXES), ("prores.mov", BOXES), ("vp8.webm", EBML), ("mpeg4.avi", RIFF)]
)
def test_the_structure_of_a_file_is_understood(tmp_path: Path, name: str, form: Format) -> None:
    """Else the changes would be as good as blind. EBML is written with longer lengths than it was read with."""
    data = make_clips(tmp_path)[name]
    roots = form.parse(data, DEPTH_READ)
    written = form.render(roots)
    assert form.parse(written, DEPTH_READ) == roots
    assert written == data or form is EBML
    known = {node.tag for node in every_node(roots)} & set(form.fields)
    assert len(known) >= 5


def test_a_seed_and_a_number_give_the_same_file() -> None:
    clips = {"a.mp4": bytes(range(200)), "b.ts": bytes(range(250)) * 4}
    files = [changed_file(clips, 1, index).data for index in range(20)]
    assert files == [changed_file(clips, 1, index).data for index in range(20)]
    assert files != [changed_file(clips, 2, index).data for index in range(20)]
