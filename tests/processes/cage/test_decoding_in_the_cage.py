"""Behind its door a decoder decodes: the same pictures as in the open, with several threads, from what it has open."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from support.child import Ended, run_child
from support.formats import FORMATS
from support.media import clip, needs_ffmpeg

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the cage is made of parts of Linux"),
    pytest.mark.long,
    needs_ffmpeg,
]

DECODED = [
    "h264.mp4",
    "hevc_10_bit.mkv",
    "vp9_alpha.webm",
    "av1.mp4",
    "mjpeg.avi",
    "prores.mov",
    "animation.gif",
]
THREADS = 3

DECODE = f"""
import hashlib, time
import av, cv2, numpy, pyseccomp
from human_detector.processes.cage.doors import close_decoder_door

class Nameless:
    def __init__(self, descriptor):
        file = os.fdopen(descriptor, "rb", buffering=0, closefd=False)
        self.read, self.seek, self.tell = file.read, file.seek, file.tell

y, x = numpy.mgrid[0:96, 0:128].astype(numpy.float32)

def decode(descriptor):
    digest, frames = hashlib.sha256(), 0
    os.lseek(descriptor, 0, 0)
    with av.open(Nameless(descriptor), options={{"protocol_whitelist": "none"}}) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = {THREADS}
        for frame in container.decode(stream):
            picture = frame.to_ndarray(format="rgb24", width=128, height=96, interpolation="AREA")
            digest.update(cv2.remap(picture, x + 0.5, y + 0.25, cv2.INTER_LINEAR))
            frames += 1
    return [frames, digest.hexdigest()]

names = json.loads(os.environ["VIDEOS"])
decode(next(iter(names.values())))
"""
AS_ANOTHER_USER = "if os.geteuid() == 0: become(10001)\n"
CLOSE = """
began = time.perf_counter()
cage = close_decoder_door(1 << 30, names.values())
tell(milliseconds=1000 * (time.perf_counter() - began), missing=cage.missing, missing_extras=cage.missing_extras)
"""
ALL = "tell(decoded={name: decode(descriptor) for name, descriptor in names.items()})"


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """Opened videos of each kind, some hundred frames long."""
    folder = tmp_path_factory.mktemp("videos")
    with ExitStack() as opened:
        made: dict[str, int] = {}
        for name in DECODED:
            frames = 60 if name.startswith(("av1", "vp9", "hevc")) else 300
            path = clip(folder / name, *FORMATS[name], frames=frames)
            made[name] = opened.enter_context(path.open("rb")).fileno()
        yield made


def decode(lines: str, videos: dict[str, int], **variables: str) -> Ended:
    """Runs lines with the videos as open descriptors and nothing else."""
    environment = {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path), **variables}
    return run_child(
        lines,
        environment=environment | {"VIDEOS": json.dumps(videos)},
        pass_fds=tuple(videos.values()),
    )


def test_it_decodes_as_in_the_open(videos: dict[str, int]) -> None:
    """As another user than root where it can be one, and without HOME."""
    caged = decode(DECODE + AS_ANOTHER_USER + CLOSE + ALL, videos)
    assert caged["missing"] == [], caged
    assert caged["decoded"] == decode(DECODE + ALL, videos)["decoded"]
    assert {frames for frames, _ in caged["decoded"].values()} == {60, 300}
    assert caged.status == 0
