"""The tables of human-detector evaluate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from human_detector.commands.lines import say
from human_detector.commands.tables import print_table

UNKNOWN = "-"
RATES = ("precision", "recall", "f1")


def print_evaluation(document: Mapping[str, Any]) -> None:
    """Print everything on standard output.

    Args:
        document: of an `Evaluation`.
    """
    configurations = document["configurations"]
    if len(configurations) > 1:
        _print_comparison(document)
    else:
        for label in configurations[0]["labels"]:
            _print_label(label, document)
    say(f"[..]: {document['intervals']['words']}.")


def _print_comparison(document: Mapping[str, Any]) -> None:
    """For each label the configurations one below the other, and how far they are apart."""
    configurations = document["configurations"]
    labels = dict.fromkeys(label["truth_label"] for each in configurations for label in each["labels"])
    for name in labels:
        say(f"{name}, {document['frames']} frames")
        say("")
        rows = []
        for each in configurations:
            for label in each["labels"]:
                if label["truth_label"] == name:
                    at = label["at_threshold"]
                    averages = (with_interval(label[key]) for key in ("AP50", "AP"))
                    rates = (with_interval(at[key]) for key in RATES)
                    rows.append([each["name"], *averages, f"{at['threshold']:.4g}", *rates])
        print_table(("Configuration", "AP50", "AP", "Threshold", "Precision", "Recall", "F1"), rows)
        say("")
        keys = ("AP50", "AP", "recall", "f1")
        changes = [
            [each["to"], *(with_interval(each[key], "+") for key in keys)]
            for each in document["differences"]
            if each["label"] == name
        ]
        print_table((f"Less {configurations[0]['name']}", "AP50", "AP", "Recall", "F1"), changes)
        say("")


def _print_label(label: Mapping[str, Any], document: Mapping[str, Any]) -> None:
    say(
        f"{label['truth_label']} by {label['detector']}: {label['truth_boxes']} labelled boxes, "
        f"{label['detections']} detections in {document['frames']} frames"
    )
    say("")
    averages = ("AP50", "AP75", "AP", "AR")
    print_table(averages, [[with_interval(label[name]) for name in averages]])
    say("")
    at = label["at_threshold"]
    best = "best by F1, " if at["threshold"] == label["best_threshold"] else ""
    say(
        f"at the threshold {at['threshold']:.4g} ({best}{at['right']} right, {at['wrong']} wrong, "
        f"{at['missed']} missed)"
    )
    print_table(("Precision", "Recall", "F1"), [[with_interval(at[name]) for name in RATES]])
    say("")
    _print_rows("Threshold", {f"{each['threshold']:.2f}": each for each in label["thresholds"]}, ())
    _print_rows("Size", label["sizes"], ("truth_boxes", "AP50", "AP"))
    if len(label["videos"]) > 1:
        _print_rows("Video", label["videos"], ("frames", "truth_boxes", "AP50", "AP"))


def _print_rows(kind: str, rows: Mapping[str, Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Rows of the same numbers, one below the other."""
    names = (*columns, "right", "wrong", "missed", *RATES)
    titles = {"truth_boxes": "Boxes", "AP50": "AP50", "AP": "AP", "f1": "F1"}
    header = [kind, *(titles.get(name, name.capitalize()) for name in names)]
    table = [[name, *(in_short(row[column]) for column in names)] for name, row in rows.items()]
    print_table(header, table, right=header[1:])
    say("")


def with_interval(number: Mapping[str, float | None], sign: str = "") -> str:
    """A number and where it lies, as in `0.712 [0.650, 0.770]`; with `+`, all have their sign."""
    if number["value"] is None or number["low"] is None:
        return UNKNOWN
    value, low, high = (format(number[key], f"{sign}.3f") for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def in_short(value: float | None) -> str:
    """A number for a cell."""
    if value is None:
        return UNKNOWN
    return str(value) if isinstance(value, int) else f"{value:.3f}"
