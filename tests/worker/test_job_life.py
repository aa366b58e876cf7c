"""The life of a job with a clock that the test moves and a scripted queue: what is asked for, in what order."""

from __future__ import annotations

import json
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from human_detector.aws.storage import S3Object
from human_detector.aws_interface import Worker
from human_detector.errors import (
    AnalysisCrashed,
    ConfigurationError,
    Interrupted,
    LeaseLost,
    ObjectReplaced,
    TransientError,
)
from human_detector.processes.analysis_request import AnalysisRequest, Finished
from human_detector.worker.end_of_work import EndOfWork
from human_detector.worker.failures import Fate
from human_detector.worker.health import Health, health_files
from human_detector.worker.job import JobRunner
from support.scripted_worker import MAX_ATTEMPTS, REQUEST, Clock, Script, message, run, surroundings


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_order_of_a_good_job(clock: Clock) -> None:
    script = Script()
    verdict, _ = run(script, clock)
    assert script.asked == [
        "find videos/42.mp4",
        "look human_detector/42/42.json",
        "claim 42",
        "download",
        "analyze",
        "store human_detector/42/42.json",
        "done out human_detector/42/42.json",
    ]
    assert verdict.fate is Fate.DELETE


def test_a_forced_job_that_was_cut_off_goes_on_where_it_was(clock: Clock) -> None:
    script = Script()
    run(script, clock)
    done = len(script.asked)
    run(script, clock, receive_count=2, request=replace(REQUEST, force=True))
    assert "look human_detector_partial/42/42.jsonl" in script.asked[done:]
    assert "analyze" in script.asked[done:], "the result is to be made anew"


def test_an_error_without_words_is_no_success(clock: Clock) -> None:
    verdict, reason = run(Script(download=MemoryError()), clock)
    assert (verdict.fate, reason) == (Fate.RETRY, "MemoryError")


def test_a_partial_result_that_cannot_be_saved_harms_nothing(clock: Clock) -> None:
    def analysis(check: Any) -> None:
        script.lines.write_text("made of\n{}\n")
        clock.now += 200
        check()

    script = Script(store_partial=TransientError("cannot write"))
    script.during_analysis = analysis
    verdict, _ = run(script, clock)
    assert "store_partial human_detector_partial/42/42.jsonl" in script.asked
    assert script.asked[-1] == "done out human_detector/42/42.json"
    assert verdict.fate is Fate.DELETE


def test_the_threads_of_a_download_are_not_waited_for(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Threaded(Script):
        def download(self, video: S3Object, path: Path, check: Any) -> None:
            download = threading.Thread(target=super().download, args=(video, path, check))
            download.start()
            download.join()

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    configuration, around = surroundings(Threaded(), clock)
    around = replace(around, health=Health(clock))
    JobRunner(configuration, around, clock).run(message(), REQUEST)
    clock.now = 1000
    around.health.touch()
    (file,) = health_files()
    assert file.stat().st_mtime == 1000


def test_a_set_up_that_breaks_gives_the_job_back_and_ends_the_worker(clock: Clock) -> None:
    broken = ConfigurationError("require_gpu is true, but TensorFlow sees no GPU")
    script = Script(analyze=broken)
    configuration, around = surroundings(script, clock)
    script.messages = [message('{"VideoId": 42, "key": "videos/42.mp4"}', receive_count=MAX_ATTEMPTS)]
    with pytest.raises(ConfigurationError, match="sees no GPU"):
        Worker(configuration, around, clock).run(EndOfWork(around.queue))
    assert script.asked[-2:] == [f"interrupted {broken}", "put_off 0"]


def test_a_stop_between_two_videos_of_a_message_loses_neither(clock: Clock) -> None:
    records = [
        {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": f"in/{n}.mp4"}}}
        for n in (1, 2)
    ]
    script = Script()
    configuration, around = surroundings(script, clock)
    script.during_upload = around.shutdown.request
    Worker(configuration, around, clock).handle(message(body=json.dumps({"Records": records})))
    assert [each for each in script.asked if each.startswith(("claim", "done"))] == [
        "claim 1",
        "done out human_detector/1/1.json",
    ]
    assert script.asked[-1] == "put_off 0"


def test_a_repeated_job_looks_for_what_is_there_and_leaves_no_partial_result(clock: Clock) -> None:
    script = Script()
    script.during_analysis = leave_lines(script, clock)
    run(script, clock, receive_count=2)
    partial, result = "human_detector_partial/42/42.jsonl", "human_detector/42/42.json"
    steps = [f"look {partial}", f"store_partial {partial}", f"store {result}", f"remove {partial}"]
    assert [each for each in script.asked if each in steps] == steps
    assert script.asked[-1].startswith("done")
    assert list(script.stored) == [result]


def leave_lines(script: Script, clock: Clock) -> Any:
    """An analysis that leaves a line, and lasts until it is time to save it."""

    def analysis(check: Any) -> None:
        script.lines.write_text("made of\n{}\n")
        clock.now += 200
        check()

    return analysis


def test_a_result_that_is_stored_already_only_needs_its_record(clock: Clock) -> None:
    script = Script()
    run(script, clock)
    before, script.asked = dict(script.stored), []
    run(script, clock)
    assert "analyze" not in script.asked
    assert script.asked[-1] == "done out human_detector/42/42.json"
    assert script.stored == before


@pytest.mark.parametrize(
    ("bucket", "etag"), [("other", "etag"), ("b", "another content")], ids=["another video", "replaced"]
)
def test_a_result_of_something_else_is_made_anew(clock: Clock, bucket: str, etag: str) -> None:
    script = Script()
    run(script, clock)
    script.find = lambda _bucket, key: S3Object(bucket, key, etag, 10, {})  # type: ignore[method-assign]
    script.asked = []
    run(script, clock)
    assert "analyze" in script.asked


def test_an_object_that_is_replaced_during_the_fetch_is_looked_up_anew(clock: Clock) -> None:
    script, etags = Script(), iter(["old", "new"])
    script.find = lambda bucket, key: S3Object(bucket, key, next(etags), 10, {})  # type: ignore[method-assign]
    download = script.download

    def replaced_once(video: S3Object, path: Path, check: Any) -> None:
        download(video, path, check)
        if video.etag == "old":
            raise ObjectReplaced("another one")

    script.download = replaced_once  # type: ignore[method-assign]
    verdict, _ = run(script, clock)
    assert verdict.fate is Fate.DELETE
    assert script.asked.count("download") == 2
    assert script.stored["human_detector/42/42.json"].metadata["video-etag"] == "new"


def test_a_frozen_worker_cannot_overwrite_the_result_of_its_successor(clock: Clock) -> None:
    script = Script(renew=LeaseLost("another owner"))
    theirs = S3Object("out", "human_detector/42/42.json", "theirs", 1, {})

    def thaw() -> None:
        script.stored[theirs.key] = theirs

    script.during_upload = thaw
    verdict, _ = run(script, clock)
    assert verdict.fate is Fate.LEAVE
    assert script.stored == {theirs.key: theirs}
    assert not any(each.startswith("done") for each in script.asked)


def test_the_owner_replaces_what_a_frozen_predecessor_stored_late(clock: Clock) -> None:
    script = Script()
    late = S3Object("out", "human_detector/42/42.json", "late", 1, {"video-etag": "old"})
    thaws = iter([lambda: script.stored.update({late.key: late})])
    script.during_upload = lambda: next(thaws, lambda: None)()
    verdict, _ = run(script, clock)
    assert verdict.fate is Fate.DELETE
    assert script.stored[late.key].metadata["video-etag"] == "etag"


def test_a_partial_result_that_is_saved_too_late_is_taken_back(clock: Clock) -> None:
    script = Script(renew=LeaseLost("another owner"))
    script.during_analysis = leave_lines(script, clock)
    verdict, _ = run(script, clock)
    assert verdict.fate is Fate.LEAVE
    assert script.stored == {}


def test_a_file_without_frames_is_no_progress(clock: Clock) -> None:
    """Its first line, which says what the frames are of, is there before the first frame."""

    def no_frame(check: Any) -> None:
        script.lines.write_text("made of\n")
        raise AnalysisCrashed("signal 11")

    script = Script()
    script.step = replace(script.step, failures=MAX_ATTEMPTS - 1)
    script.during_analysis = no_frame
    verdict, _ = run(script, clock)
    assert verdict.fate is Fate.BURY
    assert script.stored == {}


def test_who_got_further_starts_counting_anew(clock: Clock) -> None:
    script = Script(analyze=AnalysisCrashed("signal 11"))
    script.step = replace(script.step, failures=MAX_ATTEMPTS - 1, attempt=3)
    assert run(script, clock)[0].fate is Fate.BURY, "three in a row"

    class Further(Script):
        def analyze(self, request: AnalysisRequest, check: Any, progress: Any) -> Finished:
            super().analyze(request, check, progress)
            raise AnalysisCrashed("signal 11")

    script = Further()
    script.step = replace(script.step, failures=MAX_ATTEMPTS - 1, attempt=3)
    script.during_analysis = leave_lines(script, clock)
    assert run(script, clock)[0].fate is Fate.RETRY


def test_a_video_that_kills_its_workers_ends_as_an_error(clock: Clock) -> None:
    script = Script()
    script.step = replace(script.step, failures=MAX_ATTEMPTS)
    verdict, reason = run(script, clock)
    assert (verdict.fate, verdict.state) == (Fate.BURY, "error")
    assert reason == f"the worker died {MAX_ATTEMPTS} times while analysing it"
    assert "analyze" not in script.asked


@pytest.mark.parametrize("operation", ["find", "download", "analyze", "store", "done"])
def test_after_a_lost_lease_nothing_more_is_asked_for(clock: Clock, operation: str) -> None:
    script = Script(**{operation: LeaseLost("another owner")})
    verdict, _ = run(script, clock)
    assert verdict.fate is Fate.LEAVE
    assert script.asked[-1].startswith(operation)


@pytest.mark.parametrize(("failures", "longest"), [(0, 30), (1, 60)])
def test_a_crash_is_tried_again_after_a_delay(clock: Clock, failures: int, longest: float) -> None:
    script = Script(analyze=AnalysisCrashed("signal 11"))
    script.step = replace(script.step, failures=failures)
    verdict, reason = run(script, clock)
    assert (verdict.fate, reason) == (Fate.RETRY, "signal 11")
    assert longest / 2 <= verdict.delay <= longest
    assert script.asked[-1] == "interrupted signal 11"


def test_the_last_attempt_records_its_reason_before_it_is_buried(clock: Clock) -> None:
    script = Script(analyze=AnalysisCrashed("signal 11"))
    script.step = replace(script.step, failures=MAX_ATTEMPTS - 1)
    verdict, reason = run(script, clock)
    assert (verdict.fate, reason) == (Fate.BURY, "signal 11")
    assert script.asked[-1] == "error signal 11"


def test_a_failure_that_cannot_be_recorded_does_not_end_the_message(clock: Clock) -> None:
    script = Script(analyze=AnalysisCrashed("signal 11"), error=ConnectionError("no route"))
    script.step = replace(script.step, failures=MAX_ATTEMPTS - 1)
    verdict, _ = run(script, clock)
    assert verdict.fate is Fate.RETRY
    assert verdict.delay > 0


def test_a_stop_gives_the_job_back_at_once(clock: Clock) -> None:
    script = Script(analyze=Interrupted("asked to stop"))
    verdict, _ = run(script, clock, MAX_ATTEMPTS)
    assert (verdict.fate, verdict.delay) == (Fate.PUT_OFF, 0)
    assert script.asked[-1] == "interrupted asked to stop"


@pytest.mark.parametrize(("held_for", "interrupted"), [(11 * 3600 - 1, False), (11 * 3600 + 1, True)])
def test_the_worker_interrupts_itself_before_the_twelve_hours_of_a_message_are_over(
    clock: Clock, held_for: float, interrupted: bool
) -> None:
    script = Script()
    script.during_analysis = lambda check: check()
    verdict, reason = run(script, clock, MAX_ATTEMPTS, received_at=-held_for)
    assert ("12 hours" in reason) == interrupted
    assert verdict.fate is (Fate.PUT_OFF if interrupted else Fate.DELETE)
    assert script.asked[-1].startswith("interrupted" if interrupted else "done")


def test_a_job_that_takes_too_long_is_an_error(clock: Clock) -> None:
    def time_passes(check: Any) -> None:
        clock.now = 101
        check()

    script = Script()
    script.during_analysis = time_passes
    verdict, reason = run(script, clock, max_job_seconds=100)
    assert (verdict.fate, verdict.state) == (Fate.DELETE, "error")
    assert "the 100 s of max_job_seconds" in reason
