"""Which classes of a model are kept, and under which labels: one, several side by side, or a map.

{"class_id": 1, "label": "person"}
{"class_id": [1, 2], "label": ["person", "bicycle"]}
{"class_id": {"person": 1, "bicycle": 2}}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from human_detector.validation import ByName, Check, ListOf, Schema, Text, WholeNumber, found

ClassId = int | Sequence[int] | Mapping[str, int]
Label = str | Sequence[str]

ONE_CLASS = WholeNumber(1, 100_000)
ONE_LABEL = Text()


@dataclass(frozen=True)
class OneOrMore(Check):
    """Valid: what one of several checks takes.

    Attributes:
        choices: the checks, for kinds of values that differ.
        valid: says to a person what is valid.
    """

    choices: tuple[Check, ...]
    valid: str

    def __call__(self, value: Any) -> str | None:
        fits = any(not choice.problems("", value) for choice in self.choices)
        return None if fits else self.valid

    def schema(self) -> Schema:
        return {"anyOf": [choice.schema() for choice in self.choices]}


class ClassesByLabel(ByName):
    """Valid: an object whose keys are labels."""

    def problems(self, path: str, value: Any) -> list[str]:
        """Every problem of the values and of the labels."""
        problems = super().problems(path, value)
        return problems or [each for label in value for each in ONE_LABEL.problems(path, label)]

    def schema(self) -> Schema:
        """The same for an editor."""
        return {**super().schema(), "propertyNames": ONE_LABEL.schema()}


CLASS_ID = OneOrMore(
    (ONE_CLASS, ListOf(ONE_CLASS, "a list", fewest=1), ClassesByLabel(ONE_CLASS, "an object", fewest=1)),
    'a whole number from 1 to 100000, a list of them, or an object such as {"person": 1, "bicycle": 2}',
)
LABEL = OneOrMore(
    (ONE_LABEL, ListOf(ONE_LABEL, "a list", fewest=1)), "a text that is not empty, or a list of them"
)


def labels_by_class(class_id: ClassId, label: Label | None, usual_label: str) -> dict[int, str]:
    """The label of each class that is kept.

    Several classes may go by one label ("vehicle"); it is then repeated.

    Args:
        class_id: as the configuration has it.
        label: the same; None if it has none.
        usual_label: that of a single class without a label.

    Raises:
        ValueError: the two do not fit together, or a class is named twice; says how.
    """
    if isinstance(class_id, Mapping):
        if label is not None:
            raise ValueError(f"label: found {found(label)}, valid is none beside an object as class_id")
        classes, labels = list(class_id.values()), list(class_id)
    elif isinstance(class_id, int):
        classes, labels = [class_id], _as_list(usual_label if label is None else label)
    else:
        classes, labels = list(class_id), [] if isinstance(label, str | None) else list(label)
    if len(labels) != len(classes):
        raise ValueError(
            f"class_id: found {found(class_id)} beside label {found(label)}, valid are two lists of one "
            'length, or for class_id alone an object such as {"person": 1, "bicycle": 2}'
        )
    if len(set(classes)) < len(classes):
        raise ValueError(f"class_id: found {found(class_id)}, valid is every class once")
    return dict(zip(classes, labels, strict=True))


def _as_list(label: Label) -> list[str]:
    return [label] if isinstance(label, str) else list(label)
