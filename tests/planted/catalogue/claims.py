"""Faults in whose a step is, and for how long."""

from __future__ import annotations

from planted.fault import Fault

CLAIM_TESTS = "tests/worker/test_claim.py"

CLAIMS = [
    Fault(
        "a claim whose answer was lost does not know its own work",
        "worker.claim",
        "Claims.claim",
        old='if seen.get("owner") == owner:',
        new="if False:",
        try_first=f"{CLAIM_TESTS}::test_a_claim_whose_answer_is_lost_knows_its_own_write",
    ),
    Fault(
        "a claim takes a step from a living owner",
        "worker.claim",
        "Claims.claim",
        old="self._refuse_if_taken(seen, purpose.message)",
        new="pass",
        try_first=f"{CLAIM_TESTS}::test_a_worker_that_gives_signs_of_life_is_left_alone",
    ),
    Fault(
        "a claim runs what is done",
        "worker.claim",
        "Claims.claim",
        old="_refuse_if_not_needed(seen, purpose)",
        new="pass",
        try_first=f"{CLAIM_TESTS}::test_done_holds_for_the_result_that_is_wanted",
    ),
    Fault(
        "a claim does not ask whether the message is still its own",
        "worker.claim",
        "Claims.claim",
        old="purpose.check_message()",
        new="pass",
        try_first=f"{CLAIM_TESTS}::test_a_step_is_taken_up_again_only_for_a_message_that_is_ours",
    ),
    Fault(
        "whoever waited for another sign of life takes over",
        "worker.claim",
        "Claims._refuse_if_taken",
        old="message.waited_seconds if message.seen_beat == sign.beat else 0",
        new="message.waited_seconds",
        try_first=f"{CLAIM_TESTS}::test_a_worker_that_gives_signs_of_life_is_left_alone",
    ),
    Fault(
        "a lease ends when the clock says so",
        "worker.claim",
        "Claims.may_last",
        old="self._now() - CLOCK_TOLERANCE_SECONDS",
        new="self._now()",
        try_first=f"{CLAIM_TESTS}::test_nobody_compares_clocks",
    ),
    Fault(
        "a dead owner whose message came back is waited for",
        "worker.claim",
        "Claims._refuse_if_taken",
        old='or seen.get("message_id") == message.message_id',
        new="",
        try_first=f"{CLAIM_TESTS}::test_an_owner_whose_message_came_back_has_lost_it",
    ),
    Fault(
        "a renewal of a lost lease goes unnoticed",
        "worker.claim",
        "Claims.renew",
        old="self.records.change_own(step, self._signs_of_life(step, progress))",
        new="""
            try:
                self.records.change_own(step, self._signs_of_life(step, progress))
            except Exception:
                return
        """,
        try_first=f"{CLAIM_TESTS}::test_whoever_has_lost_the_lease_changes_nothing",
    ),
    Fault(
        "a renewal shows no sign of life",
        "worker.claim",
        "Claims.renew",
        old="step.beat += 1",
        new="pass",
        try_first=f"{CLAIM_TESTS}::test_life_of_a_step",
    ),
    Fault(
        "done holds for any result",
        "worker.claim",
        "_refuse_if_not_needed",
        old='and seen.get("result_file") == purpose.result is not None',
        new="",
        try_first=f"{CLAIM_TESTS}::test_done_holds_for_the_result_that_is_wanted",
    ),
    Fault(
        "an object that is gone ends the record of another video",
        "worker.claim",
        "_refuse_if_not_needed",
        old="if purpose.only_own and",
        new="if False and",
        try_first=f"{CLAIM_TESTS}::test_an_object_that_is_gone_ends_only_its_own_video",
    ),
    Fault(
        "the reason of an interruption is lost",
        "worker.claim",
        "Claims.finish_interrupted",
        old="told(reason)",
        new='""',
        try_first=f"{CLAIM_TESTS}::test_error_and_interrupted",
    ),
    Fault(
        "an interrupted step forgets its failures",
        "worker.claim",
        "Claims.finish_interrupted",
        old='"failures": step.failures,',
        new="",
        try_first=f"{CLAIM_TESTS}::test_only_failures_count_and_only_until_one_got_further",
    ),
]
