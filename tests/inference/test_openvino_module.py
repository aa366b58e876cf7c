"""OpenVINO reports to nobody that it is used."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

SAY = """
import sys, threading
import human_detector.inference.{module}
assert "openvino" in sys.modules
print([name for name in sys.modules if name.startswith("openvino_telemetry.")], threading.active_count())
"""


@pytest.mark.parametrize("module", ["openvino_device", "openvino_graph"])
def test_no_report_is_written_or_sent(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What reports is installed; if used, it puts a number for this machine into ~/intel and starts a thread."""
    assert version("openvino-telemetry")
    monkeypatch.setenv("HOME", str(tmp_path))
    command = [sys.executable, "-c", SAY.format(module=module)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "[] 1\n", done.stderr
    assert list(tmp_path.iterdir()) == []
