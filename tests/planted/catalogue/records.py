"""Faults in what is read from a record and written there."""

from __future__ import annotations

from planted.fault import Fault

SIMULATION = "tests/simulation"
CLAIM_TESTS = "tests/worker/test_claim.py"
RACE_TESTS = "tests/worker/test_claim_races.py"
ODD_TESTS = "tests/worker/test_odd_records.py -k moto"

RECORDS = [
    Fault(
        "a read is not consistent",
        "worker.record_table",
        "RecordTable.read",
        old="ConsistentRead=True",
        new="ConsistentRead=False",
        try_first=SIMULATION,
    ),
    Fault(
        "steps that are no list are overwritten",
        "worker.record_table",
        "RecordTable.read",
        old="if not isinstance(elements, list | None):",
        new="if False:",
        try_first=f"{CLAIM_TESTS}::test_a_list_of_steps_that_is_none",
    ),
    Fault(
        "a deleted record is made anew by an append",
        "worker.record_table",
        "RecordTable.put",
        old='f"attribute_exists(VideoId) AND {still}"',
        new="still",
        try_first=f"{RACE_TESTS}::test_a_record_that_is_deleted_before_the_claim_stays_deleted",
    ),
    Fault(
        "an append does not ask whether the list has grown",
        "worker.record_table",
        "RecordTable.put",
        old='"size(process_steps) = :length"\n',
        new='"size(process_steps) >= :length"\n',
        try_first=f"{RACE_TESTS}::test_a_step_added_by_another_between_read_and_write_is_kept",
    ),
    Fault(
        "the first step does not ask whether there is one by now",
        "worker.record_table",
        "RecordTable.put",
        old='"attribute_not_exists(process_steps[0])"',
        new='"attribute_exists(VideoId)"',
        try_first=f"{RACE_TESTS}::test_a_step_added_by_another_between_read_and_write_is_kept",
    ),
    Fault(
        "a takeover does not ask for the element that was seen",
        "worker.record_table",
        "RecordTable.put",
        old='f"{at} = :seen", {}, values)',
        new='"attribute_exists(VideoId)", {}, {":new": element})',
        try_first=f"{RACE_TESTS}::test_of_two_claims_at_once_one_wins",
    ),
    Fault(
        "a takeover asks only for the owner that was seen, and not for its lease",
        "worker.record_table",
        "RecordTable.put",
        old='values: Element = {":new": element, ":seen": record.step}',
        new="""
            values: Element = {":new": element, ":seen": record.step.get("owner", "")}
            if "owner" in record.step:
                condition = f"{at}.#owner = :seen"
                return self._update(
                    record.video_id, f"SET {at} = :new", condition, {"#owner": "owner"}, values
                )
            values[":seen"] = record.step
        """,
        try_first=f"{RACE_TESTS}::test_a_renewal_between_look_and_takeover_saves_the_lease",
    ),
    Fault(
        "a takeover asks only for the lease that was seen, and not for its owner",
        "worker.record_table",
        "RecordTable.put",
        old='values: Element = {":new": element, ":seen": record.step}',
        new="""
            values: Element = {":new": element, ":seen": record.step.get("lease_expires_at", 0)}
            if "lease_expires_at" in record.step:
                condition = f"{at}.lease_expires_at = :seen"
                return self._update(record.video_id, f"SET {at} = :new", condition, {}, values)
            values[":seen"] = record.step
        """,
        try_first=f"{RACE_TESTS}::test_of_two_takeovers_in_the_same_second_one_wins",
    ),
    Fault(
        "a step that has ended is not reserved",
        "worker.record_table",
        "RecordTable.reserve",
        old="if record.step is None or not has_ended(record.step):",
        new="if True:",
        try_first=f"{RACE_TESTS}::test_a_worker_that_stood_still_takes_no_step_that_ended_again_in_the_same_way",
    ),
    Fault(
        "own writes do not ask for the owner",
        "worker.record_table",
        "RecordTable._write_own",
        old=' AND {at}.#owner = :owner"',
        new=' AND (attribute_exists({at}.#owner) OR :owner = :owner)"',
        try_first=f"{CLAIM_TESTS}::test_whoever_has_lost_the_lease_changes_nothing",
    ),
    Fault(
        "own writes go to another element where others have moved it",
        "worker.record_table",
        "RecordTable._write_own",
        old="own.index = ours[0]",
        new="pass",
        try_first=f"{CLAIM_TESTS}::test_elements_of_others_survive_when_they_come_and_go",
    ),
    Fault(
        "a record that is gone does not end the job",
        "worker.record_table",
        "RecordTable._write_own",
        old='raise LeaseLost(f"the record is gone: {error}") from error',
        new="raise",
        try_first=f"{CLAIM_TESTS}::test_a_record_deleted_during_a_job_stays_deleted",
    ),
    Fault(
        "a last write whose answer was lost does not know its own work",
        "worker.record_table",
        "RecordTable._write_own",
        old="if written in elements:",
        new="if False:",
        try_first=f"{CLAIM_TESTS}::test_a_final_write_that_is_repeated_finds_its_own_work",
    ),
    Fault(
        "the last write replaces the list",
        "worker.record_table",
        "RecordTable.replace_own",
        old='lambda at: f"SET {at} = :new", {}, {":new": element}',
        new='lambda at: "SET process_steps = :new", {}, {":new": [element]}',
        try_first=f"{CLAIM_TESTS}::test_life_of_a_step",
    ),
    Fault(
        "the reason of an error is lost",
        "worker.record",
        "failed",
        old="told(reason)",
        new='""',
        try_first=f"{CLAIM_TESTS}::test_error_and_interrupted",
    ),
    Fault(
        "a worker that died is no failure",
        "worker.record",
        "failures_so_far",
        old='return int(number_of(step, "failures")) + 1',
        new='return int(number_of(step, "failures"))',
        try_first=f"{CLAIM_TESTS}::test_an_owner_whose_message_came_back_has_lost_it",
    ),
    Fault(
        "a worker that died counts twice",
        "worker.record",
        "failures_so_far",
        old='return int(number_of(step, "failures")) + 1',
        new='return int(number_of(step, "failures")) + 2',
        try_first=f"{CLAIM_TESTS}::test_an_owner_whose_message_came_back_has_lost_it",
    ),
    Fault(
        "every attempt is the first",
        "worker.record",
        "attempts_so_far",
        old='return max(1, int(number_of(step, "attempt")))',
        new="return 0",
        try_first=f"{CLAIM_TESTS}::test_error_and_interrupted",
    ),
    Fault(
        "a foreign element is taken for the worker's own",
        "worker.record",
        "Record.index",
        old='element.get("step") == STEP',
        new='element.get("step") != SOURCE_STEP',
        try_first=ODD_TESTS,
    ),
    Fault(
        "a video split that failed says where the video is",
        "worker.record",
        "Record.source",
        old='and element.get("state") == "done"',
        new="",
        try_first=f"{CLAIM_TESTS}::test_the_source_is_the_latest_done_split",
    ),
    Fault(
        "the first video split says where the video is",
        "worker.record",
        "Record.source",
        old="reversed(self.elements)",
        new="self.elements",
        try_first=f"{CLAIM_TESTS}::test_the_source_is_the_latest_done_split",
    ),
    Fault(
        "the reader's lease counts, and not the owner's",
        "worker.record",
        "sign_of_life",
        old='float(number_of(step, "lease_seconds") or lease_seconds)',
        new="float(lease_seconds)",
        try_first=f"{CLAIM_TESTS}::test_the_owners_lease_counts_and_not_that_of_the_reader",
    ),
    Fault(
        "an owner that does not renew its lease counts as living",
        "worker.record",
        "sign_of_life",
        old="""beat = f"{step['owner']}/{number_of(step, 'beat')}/{number_of(step, 'lease_expires_at')}\"""",
        new="beat = step['owner']",
        try_first=f"{CLAIM_TESTS}::test_a_worker_that_gives_signs_of_life_is_left_alone",
    ),
]
