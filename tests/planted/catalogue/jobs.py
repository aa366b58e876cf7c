"""Faults in the life of a job, from the claim to the record of how it ended."""

from __future__ import annotations

from planted.fault import Fault

JOB_TESTS = "tests/worker/test_job_life.py"
CHECK_TESTS = "tests/worker/test_job_checks.py"
SIMULATION = "tests/simulation"

JOBS = [
    Fault(
        "a message is deleted before anything is recorded",
        "worker.job",
        "JobRunner.run",
        old="self._work(job)",
        new="""
            self._around.queue.delete(message)
            self._work(job)
        """,
        try_first=SIMULATION,
    ),
    Fault(
        "an error without words is a success",
        "worker.job",
        "JobRunner.run",
        old="str(error) or type(error).__name__\n",
        new="str(error)\n",
        try_first=JOB_TESTS,
    ),
    Fault(
        "a failure counts in the record as none",
        "worker.job",
        "JobRunner.judge",
        old="step.failures + 1",
        new="step.failures",
        try_first=JOB_TESTS,
    ),
    Fault(
        "a failure counts twice",
        "worker.job",
        "JobRunner.judge",
        old="step.failures + 1",
        new="step.failures + 2",
        try_first=JOB_TESTS,
    ),
    Fault(
        "an object that is gone is recorded as an error of another video",
        "worker.job",
        "JobRunner._claim",
        old="found.missing is not None and job.request.video_id is None",
        new="False",
        try_first=CHECK_TESTS,
    ),
    Fault(
        "a claim is done with a result that is not the wanted one",
        "worker.job",
        "JobRunner._claim",
        old="found.result_place if is_enough else None",
        new="found.result_place",
        try_first=CHECK_TESTS,
    ),
    Fault(
        "a video that kills its workers is tried for ever",
        "worker.job",
        "JobRunner._work",
        old="if step.failures >= self._max_failures:",
        new="if False:",
        try_first=JOB_TESTS,
    ),
    Fault(
        "a video that killed its workers has one try more",
        "worker.job",
        "JobRunner._work",
        old="if step.failures >= self._max_failures:",
        new="if step.failures > self._max_failures:",
        try_first=JOB_TESTS,
    ),
    Fault(
        "the record's lease is never renewed",
        "worker.job",
        "JobRunner._work",
        old="lambda: around.claims.renew(step, job.progress),",
        new="",
        try_first=CHECK_TESTS,
    ),
    Fault(
        "the message is never renewed",
        "worker.job",
        "JobRunner._work",
        old="lambda: around.queue.hide(job.message, self._settings.lease_seconds),",
        new="",
        try_first=CHECK_TESTS,
    ),
    Fault(
        "nobody asks the heartbeat during a job",
        "worker.job",
        "JobRunner._work",
        old="heartbeat.check()",
        new="pass",
        try_first=CHECK_TESTS,
    ),
    Fault(
        "nobody asks during a job whether the worker is to stop",
        "worker.job",
        "JobRunner._work",
        old="around.shutdown.check()",
        new="pass",
        try_first=CHECK_TESTS,
    ),
    Fault(
        "a video that was replaced during the fetch is not looked up anew",
        "worker.job",
        "JobRunner._work",
        old="job.found = self._around.lookup.find(job.video_id, job.request)",
        new="pass",
        try_first=JOB_TESTS,
    ),
    Fault(
        "the heartbeat is not asked before the upload",
        "worker.attempt",
        "Attempt.see_through",
        old="""
            self._heartbeat.check()
            with job.phases.time("Upload"):
        """,
        new='with job.phases.time("Upload"):',
        try_first=CHECK_TESTS,
    ),
    Fault(
        "the heartbeat is not asked before `done`",
        "worker.attempt",
        "Attempt.see_through",
        old="""
            self._heartbeat.check()
            partial.discard(may_be_left=job.is_repeated)
        """,
        new="partial.discard(may_be_left=job.is_repeated)",
        try_first=CHECK_TESTS,
    ),
    Fault(
        "`done` is recorded before the result is stored",
        "worker.attempt",
        "Attempt.see_through",
        old="""
            self._heartbeat.check()
            with job.phases.time("Upload"):
        """,
        new="""
            self._heartbeat.check()
            self._around.claims.finish_done(job.step, self._output_bucket, key)
            with job.phases.time("Upload"):
        """,
        try_first=JOB_TESTS,
    ),
    Fault(
        "the partial result is not discarded",
        "worker.attempt",
        "Attempt.see_through",
        old="partial.discard(may_be_left=job.is_repeated)",
        new="pass",
        try_first=JOB_TESTS,
    ),
    Fault(
        "a video of any size is fetched",
        "worker.attempt",
        "Attempt._analyze",
        old="if video.size > self._settings.max_object_bytes:",
        new="if False:",
        try_first=CHECK_TESTS,
    ),
    Fault(
        "a repeated job begins anew",
        "worker.attempt",
        "Attempt._analyze",
        old="if job.is_repeated and partial.fetch(lines):",
        new="if False:",
        try_first=SIMULATION,
    ),
    Fault(
        "progress does not reset the failures",
        "worker.attempt",
        "Attempt._analyze",
        old="step.failures = 0  # It got further than those before it.",
        new="pass",
        try_first=JOB_TESTS,
    ),
    Fault(
        "failures are reset without progress",
        "worker.attempt",
        "Attempt._analyze",
        old="""
            if partial.save(lines):
                step.failures = 0
        """,
        new="""
            partial.save(lines)
            if True:
                step.failures = 0
        """,
        try_first=JOB_TESTS,
    ),
    Fault(
        "unfinished work is not saved when an attempt ends",
        "worker.attempt",
        "Attempt._analyze",
        old="""
            except (Interrupted, TransientError):
                save()
                raise
        """,
        new="""
            except ZeroDivisionError:
                raise
        """,
        try_first=CHECK_TESTS,
    ),
    Fault(
        "unfinished work is not saved from time to time",
        "worker.attempt",
        "Attempt._analyze",
        old="if self._clock() - job.saved_at >= self._settings.partial_save_seconds:",
        new="if False:",
        try_first=JOB_TESTS,
    ),
    Fault(
        "work that was forced goes on with frames from before",
        "worker.objects_of_job",
        "ObjectsOfJob.partial",
        old='"forced": str(job.request.force), ',
        new="",
        try_first=CHECK_TESTS,
    ),
    Fault(
        "a job may take any time",
        "worker.job",
        "JobRunner._check_time",
        old="if now - began > self._settings.max_job_seconds:",
        new="if False:",
        try_first=JOB_TESTS,
    ),
    Fault(
        "the 12 hours of a message are forgotten",
        "worker.job",
        "JobRunner._check_time",
        old="if now - job.message.received_at > LONGEST_HOLD_SECONDS:",
        new="if False:",
        try_first=JOB_TESTS,
    ),
    Fault(
        "progress is not told",
        "worker.attempt",
        "Attempt._watch",
        old="self._job.progress = fraction",
        new="pass",
        try_first=CHECK_TESTS,
    ),
    Fault(
        "what is left of a video that is given up stays",
        "worker.job",
        "JobRunner._record_failure",
        old="objects.partial(source_key).discard(may_be_left=True)",
        new="pass",
        try_first=SIMULATION,
    ),
    Fault(
        "an error is recorded without its reason",
        "worker.job",
        "JobRunner._record_failure",
        old="self._around.claims.finish_error(job.step, reason)",
        new='self._around.claims.finish_error(job.step, "")',
        try_first=JOB_TESTS,
    ),
    Fault(
        "an interruption counts as a failure",
        "worker.job",
        "JobRunner._record_failure",
        old="job.step.failures += verdict.fate is Fate.RETRY",
        new="job.step.failures += 1",
        try_first=CHECK_TESTS,
    ),
    Fault(
        "a failure is not counted",
        "worker.job",
        "JobRunner._record_failure",
        old="job.step.failures += verdict.fate is Fate.RETRY",
        new="pass",
        try_first=CHECK_TESTS,
    ),
    Fault(
        "a failure that could not be recorded ends the message",
        "worker.job",
        "JobRunner._record_failure",
        old="return self.judge(error, job.message)",
        new="return verdict",
        try_first=JOB_TESTS,
    ),
]
