"""The videos of the campaign: short and long ones, replaced, deleted and asked for again while workers are at them."""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from human_detector.video_analyzer import VideoAnalyzer
from sample_clip import BIKES, CARPHONE, sample_clip
from support.torments import Hit
from support.worker_harness import Aws

DETECTION: Mapping[str, Any] = {
    "detectors": [
        ["support.fake_detectors:UnevenDetector", {"seconds": 0.05, "large_seconds": 0.13, "name": "D"}]
    ],
    "frame_ratio": 1,
}
"""A short video, of 24 batches, takes a second; a long one, of 50, 6.5 s, which is more than a lease."""
SCHEMA_VERSION = "1.0"
LONG_SHARE, DOUBLED_SHARE = 0.4, 0.2
CHANGES = {"replaced": 0.1, "deleted": 0.05, "asked for again": 0.1}
"""Of how many videos each is done to."""
LONGEST_WAIT_SECONDS, GLANCE_SECONDS = 30, 0.2
"""For a worker to be through with a new content; between two looks."""


class CampaignVideos:
    """Puts, changes and remembers them.

    Args:
        aws: where they are.
        video_ids: of all of them.
        chance: all that is random.
        pause: the longest time between two changes.
        over: is set when no more are to be changed.

    Attributes:
        deleted: those that were deleted.
        changes: what was done to them, and when.
        doubled: those for whose content more than one message was sent.
        all_changed: is set when all has been changed that is to be.
    """

    def __init__(
        self, aws: Aws, video_ids: list[int], chance: random.Random, pause: float, over: threading.Event
    ) -> None:
        self.deleted: set[int] = set()
        self.changes: list[Hit] = []
        self.doubled: set[int] = set()
        self.all_changed = threading.Event()
        self._aws = aws
        self._video_ids = video_ids
        self._chance = chance
        self._pause = pause
        self._over = over
        self._contents: dict[int, dict[str, str]] = {}
        self._one_at_a_time = threading.Lock()

    def put(self, video_id: int) -> list[dict[str, Any]]:
        """Put a video where there is none; gives the messages to be sent for it."""
        self._put(video_id, BIKES if self._chance.random() < LONG_SHARE else CARPHONE)
        if self._chance.random() < DOUBLED_SHARE:
            self.doubled.add(video_id)
        return [_message(video_id)] * (1 + (video_id in self.doubled))

    def change(self) -> None:
        """Replace and delete videos and ask for them again, at whatever moment of their lives."""
        plan = [
            (kind, video_id)
            for kind, share in CHANGES.items()
            for video_id in self._chance.sample(self._video_ids, round(share * len(self._video_ids)))
        ]
        self._chance.shuffle(plan)
        for kind, video_id in plan:
            if self._over.wait(self._chance.uniform(0, self._pause)):
                return
            match kind:
                case "replaced":
                    self.replace(video_id)
                case "deleted":
                    self.delete(video_id)
                case "asked for again":
                    self.doubled.add(video_id)
                    self._aws.send(_message(video_id))
        self.all_changed.set()

    def replace(self, video_id: int) -> bool:
        """Put another content in the place of a video, and send its message; whether there was one to replace."""
        with self._one_at_a_time:
            if video_id in self.deleted or self._over.is_set():
                return False
            *_, before = self._contents[video_id].values()
            self._note("replaced", video_id)
            self._put(video_id, BIKES if before == CARPHONE else CARPHONE)
            self._aws.send(_message(video_id))
        return True

    def replace_and_wait(self, video_id: int) -> bool:
        """Replace a video, and wait until a worker is through with the new content; whether there was one to replace."""
        if not self.replace(video_id):
            return False
        *_, newest = self._contents[video_id]
        until = time.monotonic() + LONGEST_WAIT_SECONDS
        while self._etag_of_result(video_id) != newest and time.monotonic() < until:
            if self._over.wait(GLANCE_SECONDS):
                break
        return True

    def delete(self, video_id: int) -> None:
        """Remove a video, whatever becomes of its message."""
        with self._one_at_a_time:
            self.deleted.add(video_id)
            self._note("deleted", video_id)
            self._aws.s3.delete_object(Bucket=self._aws.bucket, Key=key_of(video_id))

    def problem_of_result(self, video_id: int, named: Mapping[str, str]) -> str:
        """What is wrong with a result; empty if it is a whole one of the video that is there.

        Of a video that was deleted, nothing better can be had than what was made when it was there.

        Args:
            video_id: of the video.
            named: bucket and key of the result, as the record has them.
        """
        key = result_key_of(video_id)
        keys = self._aws.keys(f"human_detector/{video_id}/")
        if keys != [key] or named != {"bucket": self._aws.bucket, "key": key}:
            return f"the record names {dict(named)}, there are {keys}"
        result = self._aws.result(video_id)
        metadata = self._aws.s3.head_object(Bucket=self._aws.bucket, Key=key)["Metadata"]
        *_, etag = self._contents[video_id]
        if video_id in self.deleted and result["video"]["etag"] in self._contents[video_id]:
            etag = result["video"]["etag"]
        clip = self._contents[video_id][etag]
        place = {"bucket": self._aws.bucket, "key": key_of(video_id)}
        stamp = {
            "video": _digest(list(place.values())),
            "video-etag": etag,
            "analysis": _digest([SCHEMA_VERSION, DETECTION]),
        }
        found = {name: result["video"][name] for name in ("bucket", "key", "etag")}
        if found != {**place, "etag": etag} or result["video_id"] != video_id:
            return f"it is of {found} of {result['video_id']}, there is {etag} in {place}"
        if metadata != stamp:
            return f"it claims to be made of {metadata}, but it is of {stamp}"
        if result["frames"] != frames_of(clip):
            return f"its {len(result['frames'])} frames are not those of {clip}"
        return ""

    def _etag_of_result(self, video_id: int) -> str:
        """The content that the stored result of a video says it was made of; empty if there is none."""
        try:
            head = self._aws.s3.head_object(Bucket=self._aws.bucket, Key=result_key_of(video_id))
        except ClientError:
            return ""
        return str(head["Metadata"].get("video-etag", ""))

    def _note(self, what: str, video_id: int) -> None:
        now = time.time()
        self.changes.append(Hit(what, video_id=video_id, began=now, ended=now))

    def _put(self, video_id: int, clip: str) -> None:
        """Put a content in the place of what is there: no two contents of a video are the same, nor of one size."""
        known = self._contents.setdefault(video_id, {})
        body = sample_clip(clip).read_bytes() + b"\0" * len(known)
        put = self._aws.s3.put_object(Bucket=self._aws.bucket, Key=key_of(video_id), Body=body)
        known[put["ETag"].strip('"')] = clip


def key_of(video_id: int) -> str:
    """Where a video is."""
    return f"videos/{video_id}.mp4"


def result_key_of(video_id: int) -> str:
    """Where its result goes."""
    return f"human_detector/{video_id}/{video_id}.json"


@cache
def frames_of(clip: str) -> Any:
    """What an analysis gives that nothing disturbs."""
    instant = ["support.fake_detectors:InstantDetector", {"name": "D"}]
    return VideoAnalyzer(detectors=[instant], frame_ratio=1).analyze(sample_clip(clip)).to_dict()["frames"]


def _message(video_id: int) -> dict[str, Any]:
    return {"VideoId": video_id, "key": key_of(video_id)}


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
