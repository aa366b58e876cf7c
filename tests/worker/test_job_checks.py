"""What a job asks before it acts, and what it leaves for the next attempt. The worker is scripted, the clock moved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from human_detector.aws.s3_keys import partial_key
from human_detector.aws.storage import S3Object
from human_detector.errors import (
    AnalysisCrashed,
    Interrupted,
    LeaseLost,
    PermanentError,
    TransientError,
    VideoError,
)
from human_detector.processes.analysis_request import AnalysisRequest, Finished
from human_detector.worker.claim import ClaimedStep
from human_detector.worker.failures import Fate
from human_detector.worker.heartbeat import Heartbeat
from human_detector.worker.job import JobRunner
from human_detector.worker.messages import VideoRequest
from support.scripted_worker import LEASE, MAX_ATTEMPTS, REQUEST, Clock, Script, message, run, surroundings

PLACE = {"bucket": "out", "key": "human_detector/42/42.json"}
PARTIAL = partial_key(42, "videos/42.mp4")
S3_EVENT = VideoRequest(None, "b", "videos/42.mp4")
FORCED = replace(REQUEST, force=True)
UNREACHABLE = EndpointConnectionError(endpoint_url="x")
REFUSED = ClientError({"Error": {"Code": "AccessDenied"}}, "DeleteObject")
GONE = PermanentError("there is no such object")


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Cut(Script):
    """An analysis that has one frame more after each attempt, says so, and is then cut off.

    Args:
        error: what cuts it off; None for one that comes to its end.
        frames: that one attempt adds.
    """

    def __init__(self, error: Exception | None, frames: int = 1, **fails: Exception) -> None:
        super().__init__(**fails)
        self.error = error
        self.frames = frames
        self.failures: list[int] = []
        self.progress: list[float] = []
        self.kept = ""

    def analyze(self, request: AnalysisRequest, check: Any, progress: Any) -> Finished:
        finished = super().analyze(request, check, progress)
        old = self.lines.read_text() if self.lines.exists() else "made of\n"
        self.lines.write_text(old + "{}\n" * self.frames)
        progress(0.25)
        if self.error is not None:
            raise self.error
        return finished

    def store(self, path: Path, bucket: str, key: str, *more: Any, **named: Any) -> S3Object:
        stored = super().store(path, bucket, key, *more, **named)
        if key == PARTIAL:
            self.kept = path.read_text()
        return stored

    def download(self, video: S3Object, path: Path, check: Any) -> None:
        super().download(video, path, check)
        if video.key == PARTIAL:
            path.write_text(self.kept)

    def renew(self, step: ClaimedStep, progress: float) -> None:
        super().renew(step, progress)
        self.progress.append(progress)

    def finish_interrupted(self, step: ClaimedStep, reason: str) -> None:
        super().finish_interrupted(step, reason)
        self.failures.append(step.failures)


# Before the claim.


@pytest.mark.parametrize(("request_", "only_own"), [(REQUEST, False), (S3_EVENT, True)], ids=["own", "event"])
def test_who_asks_only_by_the_name_of_an_object_that_is_gone_ends_no_other_video(
    request_: VideoRequest, only_own: bool, clock: Clock
) -> None:
    script = Script(find=GONE)
    run(script, clock, request=request_)
    assert [purpose.only_own for purpose in script.purposes] == [only_own]
    script = Script()
    run(script, clock, request=request_)
    assert [purpose.only_own for purpose in script.purposes] == [False], "it is there"


@pytest.mark.parametrize(
    ("again", "gone", "is_enough"),
    [(REQUEST, False, True), (FORCED, False, False), (REQUEST, True, True), (FORCED, True, True)],
    ids=["there", "forced", "gone", "forced, and gone"],
)
def test_a_result_is_enough_if_nothing_better_can_be_made(
    again: VideoRequest, gone: bool, is_enough: bool, clock: Clock
) -> None:
    script = Script()
    run(script, clock)
    if gone:
        script.fails = {"find": GONE}
    run(script, clock, request=again)
    assert [purpose.result for purpose in script.purposes] == [None, PLACE if is_enough else None]


@pytest.mark.parametrize("gone", [False, True], ids=["there", "gone"])
def test_the_result_of_another_video_is_not_enough(gone: bool, clock: Clock) -> None:
    script = Script()
    run(script, clock)
    if gone:
        script.fails = {"find": GONE}
    run(script, clock, request=replace(REQUEST, key="others/42.mp4"))
    assert [purpose.result for purpose in script.purposes] == [None, None]


# While it runs.


def test_the_message_and_the_record_are_kept_as_long_as_the_job_runs(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Heartbeat] = []

    class Known(Heartbeat):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            made.append(self)

    monkeypatch.setattr("human_detector.worker.job.Heartbeat", Known)
    script = Script()
    script.during_analysis = lambda _check: made[0].beat()
    run(script, clock)
    after = script.asked[script.asked.index("analyze") + 1 :]
    assert after[:2] == [f"hide {LEASE}", "renew"]


def test_the_record_is_told_how_far_the_work_is(clock: Clock) -> None:
    script = Cut(Interrupted("asked to stop"))
    run(script, clock)
    assert script.progress == [0.25]


def test_an_analysis_stops_when_the_lease_is_lost(clock: Clock) -> None:
    stopped: list[BaseException] = []

    def lose(check: Any) -> None:
        clock.now += LEASE
        with pytest.raises(LeaseLost) as caught:
            check()
        stopped.append(caught.value)
        raise caught.value

    script = Script()
    script.during_analysis = lose
    assert run(script, clock)[0].fate is Fate.LEAVE
    assert "lease ended" in str(stopped[0])


def test_an_analysis_stops_when_the_worker_is_to_stop(clock: Clock) -> None:
    script = Script()
    configuration, around = surroundings(script, clock)

    def stop(check: Any) -> None:
        around.shutdown.request()
        check()
        pytest.fail("it went on")

    script.during_analysis = stop
    verdict, _ = JobRunner(configuration, around, clock).run(message(), REQUEST)
    assert (verdict.fate, verdict.state) == (Fate.PUT_OFF, "interrupted")


def test_whoever_has_lost_the_lease_by_the_end_of_the_analysis_stores_nothing(clock: Clock) -> None:
    def lose(_check: Any) -> None:
        clock.now += LEASE

    script = Script()
    script.during_analysis = lose
    assert run(script, clock)[0].fate is Fate.LEAVE
    assert script.asked[-1] == "analyze"


def test_whoever_has_lost_the_lease_by_the_end_of_the_upload_records_nothing(clock: Clock) -> None:
    def lose() -> None:
        clock.now += LEASE

    script = Script()
    script.during_upload = lose
    assert run(script, clock, receive_count=2)[0].fate is Fate.LEAVE
    assert script.asked[-1] == f"store {PLACE['key']}"


def test_a_video_that_is_too_large_is_not_fetched(clock: Clock) -> None:
    script = Script()
    verdict, reason = run(script, clock, max_object_bytes=9)
    assert (verdict.fate, verdict.state) == (Fate.DELETE, "error")
    assert "10 bytes, max_object_bytes allows 9" in reason
    assert "download" not in script.asked
    assert run(Script(), clock, max_object_bytes=10)[0].state is None


# For the next attempt.


@pytest.mark.parametrize(
    ("error", "is_saved", "failures"),
    [
        (Interrupted("asked to stop"), True, [0]),
        (AnalysisCrashed("signal 11"), True, [1]),
        (VideoError("the file is no video"), False, []),
    ],
    ids=["stopped", "crashed", "no video"],
)
def test_what_is_done_is_saved_for_the_next_attempt(
    error: Exception, is_saved: bool, failures: list[int], clock: Clock
) -> None:
    script = Cut(error)
    run(script, clock)
    assert (PARTIAL in script.stored) == is_saved
    assert script.failures == failures


def test_a_failure_before_any_frame_counts_on(clock: Clock) -> None:
    script = Cut(None, download=TransientError("a broken connection"))
    script.step = replace(script.step, failures=1)
    run(script, clock)
    assert script.failures == [2]


def test_going_on_where_it_was_is_no_progress_by_itself(clock: Clock) -> None:
    script = Cut(AnalysisCrashed("signal 11"))
    run(script, clock)
    script.step = replace(script.step, failures=MAX_ATTEMPTS - 1, attempt=2)
    script.frames = 0
    verdict, _ = run(script, clock)
    assert (verdict.fate, verdict.state) == (Fate.BURY, "error"), "it crashes at the same frame each time"
    assert script.stored == {}, "nobody will go on from there"


def test_frames_from_before_a_video_was_forced_do_not_count(clock: Clock) -> None:
    script = Cut(Interrupted("asked to stop"))
    run(script, clock)
    script.asked = []
    run(script, clock, receive_count=2, request=FORCED)
    assert script.asked.count("download") == 1, "the video alone"
    script.asked = []
    run(script, clock, receive_count=2, request=FORCED)
    assert script.asked.count("download") == 2, "and the frames that were made since"


@pytest.mark.parametrize("what", ["another content", "another configuration"])
def test_frames_of_something_else_do_not_count(what: str, clock: Clock) -> None:
    script = Cut(Interrupted("asked to stop"))
    run(script, clock)
    if what == "another content":
        find = script.find
        script.find = lambda *place: replace(find(*place), etag="new")  # type: ignore[method-assign]
    detection = {"frame_ratio": 0.5} if what == "another configuration" else {}
    configuration, around = surroundings(script, clock, detection)
    script.asked = []
    JobRunner(configuration, around, clock).run(message(receive_count=2), REQUEST)
    assert script.asked.count("download") == 1, "the video alone"
    assert script.kept.count("{}") == 1


@pytest.mark.parametrize("error", [UNREACHABLE, REFUSED, TransientError("changed again and again")], ids=repr)
def test_unfinished_work_that_cannot_be_removed_harms_no_result(error: Exception, clock: Clock) -> None:
    script = Cut(Interrupted("asked to stop"))
    run(script, clock)
    script.error, script.fails = None, {"remove": error}
    assert run(script, clock, receive_count=2)[0].fate is Fate.DELETE
    assert script.asked[-1].startswith("done")
