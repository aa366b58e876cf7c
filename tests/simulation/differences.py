"""Where the emulators keep other rules than AWS documents.

The simulation keeps AWS's. Each entry is a contract test that an emulator fails, and it is checked: an emulator that
passes after all, or fails in another way, is reported (conftest.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """One rule that an emulator keeps differently.

    Attributes:
        emulator: which.
        test: the contract test that it fails, with its case in brackets if it has cases.
        rule: what AWS documents, and what the emulator does.
        shown_by: part of the failure that shows it.
    """

    emulator: str
    test: str
    rule: str
    shown_by: str

    def __str__(self) -> str:
        return f"the difference of {self.emulator} in {self.test} ({self.rule})"


@contextmanager
def expected(difference: Difference) -> Iterator[None]:
    """A block that fails in the way that a difference says.

    Raises:
        AssertionError: it does not fail, or in another way.
    """
    try:
        yield
    except Exception as failure:
        found = f"{type(failure).__name__}: {failure}"
        if difference.shown_by not in found:
            raise AssertionError(f"{difference} is in the list, but the failure is {found}") from failure
        return
    raise AssertionError(f"{difference} is in the list, but there is none any more: take it out")


_NOT_REFUSED = "refused with nothing"
_SQS = [
    (
        ("moto", "ministack"),
        "test_a_message_that_is_visible_again_cannot_be_hidden",
        "AWS: MessageNotInflight. Emulators: the message is hidden again",
        _NOT_REFUSED,
    ),
    (
        ("moto", "ministack"),
        "test_a_deleted_message_cannot_be_hidden",
        "AWS: InvalidParameterValue, the message does not exist. Emulators: the handle is invalid",
        "refused with ReceiptHandleIsInvalid",
    ),
    (
        ("moto", "ministack"),
        "test_visibility_has_its_bounds[-1]",
        "AWS: 0 to 43200 seconds. Emulators: less than 0 is taken",
        _NOT_REFUSED,
    ),
    (
        ("ministack",),
        "test_visibility_has_its_bounds[43201]",
        "AWS: 0 to 43200 seconds. ministack: any number",
        _NOT_REFUSED,
    ),
    (
        ("ministack",),
        "test_nobody_keeps_a_message_for_more_than_twelve_hours",
        "AWS: 12 hours in all since the receipt. ministack: for ever",
        _NOT_REFUSED,
    ),
    (
        ("moto",),
        "test_the_twelve_hours_begin_with_the_receipt",
        "AWS: 12 hours since the receipt. moto: since the sending",
        "beyond the limit",
    ),
    (
        ("ministack",),
        "test_deleting_twice_is_no_error",
        "AWS: the second deletion succeeds. ministack: the handle is invalid",
        "ReceiptHandleIsInvalid",
    ),
    (
        ("ministack",),
        "test_deleting_with_an_old_receipt_handle_succeeds_and_may_do_nothing",
        "AWS: succeeds. ministack: the handle is invalid",
        "ReceiptHandleIsInvalid",
    ),
    (
        ("moto", "ministack"),
        "test_a_delay_has_its_bounds[-1]",
        "AWS: 0 to 900 seconds. Emulators: less than 0 is taken",
        _NOT_REFUSED,
    ),
    (
        ("ministack",),
        "test_a_delay_has_its_bounds[901]",
        "AWS: 0 to 900 seconds. ministack: any number",
        _NOT_REFUSED,
    ),
    (
        ("moto",),
        "test_a_dead_letter_names_the_queue_that_it_comes_from",
        "AWS: the attribute DeadLetterQueueSourceArn. moto: none",
        "DeadLetterQueueSourceArn",
    ),
]
_DYNAMODB = [
    (
        ("moto", "ministack"),
        "test_what_is_set_beyond_the_end_of_a_list_is_appended",
        "AWS: appended in the order of the indexes. Emulators: in the order of the actions",
        "'second' != 'first'",
    ),
    (
        ("moto",),
        "test_an_update_that_leads_nowhere_is_refused[SET process_steps.label = :v]",
        "AWS: a list has no attributes. moto: nothing happens, without an error",
        _NOT_REFUSED,
    ),
    (
        ("ministack",),
        "test_an_update_that_leads_nowhere_is_refused[SET title[0] = :v]",
        "AWS: a text has no elements. ministack: nothing happens, without an error",
        _NOT_REFUSED,
    ),
    (
        ("ministack",),
        "test_an_update_that_leads_nowhere_is_refused[SET title = list_append(title, :v)]",
        "AWS: only lists are joined. ministack: a text counts as an empty list",
        _NOT_REFUSED,
    ),
    (
        ("moto", "ministack"),
        "test_an_update_that_leads_nowhere_is_refused[SET process_steps[0] = :v, process_steps = :v]",
        "AWS: paths may not overlap. Emulators: the last one wins",
        _NOT_REFUSED,
    ),
    (
        ("moto",),
        "test_a_condition_that_fails[size(absent) = :v {'v': 0}]",
        "AWS: the condition fails. moto: breaks down",
        "refused with 500",
    ),
    (
        ("moto",),
        "test_a_condition_that_fails[absent = :v {'v': None}]",
        "AWS: what is not there equals nothing. moto: it equals null",
        _NOT_REFUSED,
    ),
    (
        ("moto",),
        "test_a_condition_that_fails[one = :v {'v': True}]",
        "AWS: values of different types differ. moto: 1 equals true",
        _NOT_REFUSED,
    ),
    (
        ("moto",),
        "test_a_condition_that_fails[yes = :v {'v': 1}]",
        "AWS: values of different types differ. moto: true equals 1",
        _NOT_REFUSED,
    ),
    (
        ("moto",),
        "test_a_condition_that_fails[title < :v {'v': 1}]",
        "AWS: values of different types are in no order. moto: breaks down",
        "refused with 500",
    ),
    (
        ("moto",),
        "test_names_and_values_must_be_used_and_used_rightly[undefined name]",
        "AWS: ValidationException. moto: breaks down",
        "refused with 500",
    ),
    (
        ("moto",),
        "test_names_and_values_must_be_used_and_used_rightly[empty names]",
        "AWS: ExpressionAttributeNames must not be empty. moto: it may",
        _NOT_REFUSED,
    ),
]

DIFFERENCES = [
    Difference(emulator, test, rule, shown_by)
    for emulators, test, rule, shown_by in (*_SQS, *_DYNAMODB)
    for emulator in emulators
]
