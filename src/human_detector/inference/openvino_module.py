"""OpenVINO, to be imported from here: it reports to nobody."""

from __future__ import annotations

import sys

# What OpenVINO would send a report to its makers with, each time that it is imported, unless somebody has
# told it not to on this machine. Where the package is missing, as it seems to be now, OpenVINO does without.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino as ov  # noqa: E402

__all__ = ["ov"]
