"""What somebody who has broken into a decoder may say to the analysis, and write into the memory that they share."""

from __future__ import annotations

import os
import pickle
import select
import time
from typing import Any

import numpy as np

from support.intruder import HEIGHT, VIDEO, WIDTH, Hold


def message_of_4_gb(hold: Hold) -> None:
    """Its length first."""
    hold.raw(b"\xff\xff\xff\xff")
    for _ in range(1 << 16):
        hold.raw(bytes(1 << 16))


class _RunsCode:
    """What a pickle may do when it is loaded."""

    def __reduce__(self) -> Any:
        return os.system, ("touch /tmp/broken-in",)


def send_a_pickle(hold: Hold) -> None:
    """Objects that run code where somebody loads them."""
    data = pickle.dumps(_RunsCode())
    hold.raw(len(data).to_bytes(4, "big") + data)


def say_deep_json(hold: Hold) -> None:
    """As deep as it is long."""
    data = b"[" * 60_000
    hold.raw(len(data).to_bytes(4, "big") + data)


def say_a_huge_number(hold: Hold) -> None:
    """As many digits as a message takes."""
    data = b'{"say":"frame","index":' + b"9" * 60_000 + b"}"
    hold.raw(len(data).to_bytes(4, "big") + data)


def say_to_the_worker(hold: Hold) -> None:
    """As if the decoder were the analysis."""
    hold.say({"say": "finished", "analyzed_frames": 7})


def claim_another_result(hold: Hold) -> None:
    """That it is the result of another video, and lies elsewhere."""
    hold.open()
    hold.frame(video_id=43, result_path="/tmp/broken-in", source={"bucket": "b", "key": "other", "etag": "e"})


def send_boxes_of_nan(hold: Hold) -> None:
    """Detections are none of a decoder's business."""
    hold.open()
    nan = float("nan")
    hold.frame(detections={"D": [{"label": "person", "score": nan, "box": [nan] * 4}]})


def stamp_with_nan(hold: Hold) -> None:
    """A time that is no number."""
    hold.open()
    hold.frame(timestamp=float("nan"))


def stamp_with_infinity(hold: Hold) -> None:
    """A time that never comes."""
    hold.open()
    hold.frame(timestamp=1e999)


def progress_of_two(hold: Hold) -> None:
    """More than all."""
    hold.open()
    hold.frame(progress=2)


def frame_out_of_range(hold: Hold) -> None:
    """A number beyond all videos."""
    hold.open()
    hold.frame(index=10**11)


def frame_twice(hold: Hold) -> None:
    """The same again."""
    hold.open()
    hold.frame()
    hold.frame()


def frame_before_the_first(hold: Hold) -> None:
    """A number below 0."""
    hold.open()
    hold.frame(index=-1)


def frame_without_memory(hold: Hold) -> None:
    """Before the video is opened."""
    hold.frame()


def still_without_being_asked(hold: Hold) -> None:
    """Nothing has changed, and nobody needs to look."""
    hold.open()
    hold.frame()
    hold.frame(1, say="still")


def frames_without_asking_for_room(hold: Hold) -> None:
    """Many more than there are slots."""
    hold.open()
    for index in range(500):
        hold.frame(index)
    hold.say({"say": "ended", "progress": 1.0, "video": VIDEO})


def open_a_billion_pixels(hold: Hold) -> None:
    """Memory for frames beyond all bounds."""
    hold.say({"say": "opened", "width": 1 << 20, "height": 1 << 20})


def open_twice(hold: Hold) -> None:
    """Memory of two sizes."""
    hold.open()
    hold.say({"say": "opened", "width": 2 * WIDTH, "height": HEIGHT})


def facts_of_another_kind(hold: Hold) -> None:
    """Facts about the video that are none."""
    hold.open()
    hold.frame(video={**VIDEO, "width": "<script>", "fps": None})


def endless_sentence(hold: Hold) -> None:
    """A reason of 60,000 letters."""
    hold.say({"say": "failed", "error": "VideoError", "problems": ["a" * 60_000]})


def error_of_another_kind(hold: Hold) -> None:
    """The name of something that Python could make."""
    hold.say({"say": "failed", "error": "SystemExit", "problems": ["x"]})


def fill_the_memory(hold: Hold) -> None:
    """Wrong headers and wrong pixels everywhere, also while they are read; then all goes on as it should."""
    memory, slots, free = hold.open()
    pixels = np.frombuffer(memory, np.uint8)
    for index in range(2 * slots):
        pixels[:] = 255  # as float32: not a number
        os.read(free, 2)
        hold.frame(index, timestamp=float(index))
        pixels[:] = index
    hold.say({"say": "ended", "progress": 1.0, "video": VIDEO})


def never_answer(hold: Hold) -> None:
    """Hold the video, and wait."""
    select.poll().poll()


def half_a_message(hold: Hold) -> None:
    """And wait."""
    hold.raw(b"\0\0\0\x10{")
    select.poll().poll()


def alive_for_ever(hold: Hold) -> None:
    """Signs of life, and no frame."""
    while True:
        hold.say({"say": "alive", "progress": 0.5, "video": VIDEO})
        time.sleep(0.1)


LIES = (
    *(message_of_4_gb, send_a_pickle, say_deep_json, say_a_huge_number, say_to_the_worker),
    *(claim_another_result, send_boxes_of_nan, stamp_with_nan, stamp_with_infinity, progress_of_two),
    *(frame_out_of_range, frame_twice, frame_before_the_first, frame_without_memory),
    still_without_being_asked,
    *(open_a_billion_pixels, open_twice, facts_of_another_kind, endless_sentence, error_of_another_kind),
)
WAITING = (never_answer, half_a_message)
PICTURES = (fill_the_memory, frames_without_asking_for_room)
