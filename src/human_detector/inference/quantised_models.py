"""Quantised networks: the same in 8 bits, stored beside the models that they were made of.

    model/centerface/model.onnx
    model/centerface/int8/5a0c41f0b2f3d9e8.xml, .bin and .json

The JSON file says what the network was made of and how well it agrees with the model. It is written last:
what has none is not whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from human_detector.inference.checksum import Checksum

FOLDER = "int8"
_KEY_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Found:
    """What was found beside a model.

    Attributes:
        network: the .xml of the network to be used; None if there is none.
        unfit: a sentence for each that is there and must not be used.
    """

    network: Path | None
    unfit: Sequence[str]


def find_quantised(graph: Path, openvino: str) -> Found:
    """The quantised form that fits a model's file and the running OpenVINO; the newest of several.

    Args:
        graph: the model's file.
        openvino: the version that is running.
    """
    files = sorted((graph.parent / FOLDER).glob("*.json"))
    if not files:
        return Found(None, [])
    checksum = Checksum.of(graph).value
    fit: list[tuple[str, Path]] = []
    unfit = []
    for file in files:
        facts = _facts(file)
        if why := _why_unfit(facts, checksum, openvino):
            unfit.append(f"{file} is {why}")
        else:
            fit.append((facts["made"], file.with_suffix(".xml")))
    return Found(max(fit)[1] if fit else None, unfit)


def store_quantised(graph: Path, network: Path, facts: Mapping[str, Any]) -> Path:
    """Put a network beside the model that it was made of.

    Args:
        graph: the model's file.
        network: the .xml of the network, with the .bin beside it, on the same disk; both are moved.
        facts: what it was made of.

    Returns:
        The JSON file.
    """
    place = _place(graph, facts)
    place.parent.mkdir(exist_ok=True)
    described = network.with_suffix(".json")
    described.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    for suffix in (".bin", ".xml", ".json"):
        network.with_suffix(suffix).replace(place.with_suffix(suffix))
    return place.with_suffix(".json")


def _place(graph: Path, facts: Mapping[str, Any]) -> Path:
    """Where a network lies: the same of the same in the same place."""
    made_of = [
        facts["model"]["sha256"],
        facts["calibration"]["sha256"],
        facts["nncf"],
        facts["openvino"],
    ]
    key = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:_KEY_DIGITS]
    return graph.parent / FOLDER / f"{key}.xml"


def _facts(file: Path) -> Mapping[str, Any]:
    """What a JSON file says; nothing if it says nothing that we understand."""
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
        return {"sha256": facts["model"]["sha256"], "openvino": facts["openvino"], "made": str(facts["made"])}
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def _why_unfit(facts: Mapping[str, Any], checksum: str, openvino: str) -> str | None:
    if not facts:
        return "damaged"
    if facts["sha256"] != checksum:
        return "of another file of the model"
    if facts["openvino"] != openvino:
        return f"of OpenVINO {facts['openvino']}, and {openvino} is running"
    return None
