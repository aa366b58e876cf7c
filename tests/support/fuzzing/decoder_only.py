"""Gives files to the decoding part alone, each in a child of its own: many times as many files in the same time."""

from __future__ import annotations

import json
import os
import resource
import signal
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Self

from human_detector.errors import VideoError
from human_detector.processes.cage.kernel import data_bytes
from human_detector.video.limits import DEFAULT_LIMITS
from human_detector.video.source import VideoSource
from support.fuzzing.ending import CRASH, ERROR, Ending, ending_of_error, ending_of_result

MOST_SECONDS = 60
MOST_MEMORY = 3 << 30


class DecoderOnly:
    """A child for each file. A context manager."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def judge(self, video: Path) -> Ending:
        """Decode a file in a child that is forked from this process."""
        began = time.monotonic()
        had = resident_mb()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            _be_the_child(video, writing)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        _, status, usage = os.wait4(child, 0)
        ending = Ending(CRASH, f"signal {status}") if status else Ending(**json.loads(said))
        return replace(ending, seconds=time.monotonic() - began, memory_mb=usage.ru_maxrss / 1024 - had)

    def problems_after(self) -> list[str]:
        """Nothing: a child leaves nothing behind."""
        return []


def resident_mb() -> float:
    """What this process has in memory, of which a fork begins with as much."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def _be_the_child(video: Path, writing: int) -> None:
    signal.alarm(MOST_SECONDS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Beyond what it has from the process that it is forked from, as a decoder's bound is.
    most = data_bytes() + MOST_MEMORY
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    os.write(writing, json.dumps(asdict(_decoded(video))).encode())
    os._exit(0)


def _decoded(video: Path) -> Ending:
    try:
        with VideoSource(video, limits=DEFAULT_LIMITS) as source:
            places = [{"index": frame.index, "timestamp": frame.timestamp} for frame in source.frames()]
        return ending_of_result({"video": asdict(source.info()), "frames": places})
    except VideoError as error:
        return ending_of_error(str(error))
    except Exception as error:
        return Ending(ERROR, repr(error), ("nobody foresaw it",))
