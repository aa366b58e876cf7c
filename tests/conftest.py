"""Fixtures that all rooms share, and the choice of the quick tests.

`--quick` (./run_tests.sh --quick) leaves out what takes long, and a test says by what it uses whether it does: an
emulated AWS (the fixtures `aws_endpoint` and `each_endpoint`, and with them `aws`), models (the fixture `models`), an
installation (`installed`), a Docker engine, or a file that imports an inference library, the
fault campaign or the planted faults. Files whose tests encode and analyse for seconds are marked as `long`. Nothing
else is to be remembered: a test that takes a model without asking for the fixture finds none in a quick run, and
fails there.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from human_detector.inference.model_files import model_folder
from support import media
from support.emulators import EMULATORS, emulator
from support.worker_harness import Aws

SLOW_FIXTURES = {"aws_endpoint", "each_endpoint", "models", "installed", "docker_engine"}
SLOW_IMPORT = re.compile(
    r"^(?:import|from) (?:tensorflow|openvino|onnxruntime|campaign|planted_faults|support\.(?:reference|converted_models|older_exporter))\b",
    re.MULTILINE,
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --quick."""
    parser.addoption(
        "--quick", action="store_true", help="only tests without an emulated AWS and without models"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "slow: takes minutes or gigabytes; runs with -m slow only")
    config.addinivalue_line("markers", "long: encodes and analyses for seconds; no part of a quick run")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the files of slow imports in a quick run, without importing them."""
    if not config.option.quick or collection_path.suffix != ".py":
        return None
    return True if SLOW_IMPORT.search(collection_path.read_text(encoding="utf-8")) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked as slow unless it is asked for, and the tests of slow fixtures in a quick run."""
    if "slow" not in config.option.markexpr:
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="slow: run it with ./run_tests.sh -m slow"))
    if not config.option.quick:
        return
    slow = [item for item in items if _uses_what_is_slow(item)]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]


def _uses_what_is_slow(item: pytest.Item) -> bool:
    if item.get_closest_marker("long") or SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
        return True
    return hasattr(item, "callspec") and not set(EMULATORS).isdisjoint(
        map(str, item.callspec.params.values())
    )


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run of the tests, the same one in all its processes."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session", autouse=True)
def _clips_are_made_once(run_folder: Path) -> None:
    media.shared_folder = run_folder / "clips"
    media.shared_folder.mkdir(exist_ok=True)


@pytest.fixture(scope="session", autouse=True)
def _no_models_in_a_quick_run(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        if request.config.option.quick:
            patched.setenv("MODEL_DIR", str(tmp_path_factory.mktemp("no-models")))
        yield


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder of the models that ./run_tests.sh gets."""
    return model_folder()


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    """The address of an emulator of AWS that listens on a free loopback port."""
    from moto.server import ThreadedMotoServer  # Slow to load, and many tests need none.

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def ministack_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of another one, by other people."""
    with emulator("ministack", tmp_path_factory.mktemp("ministack")) as endpoint:
        yield endpoint


@pytest.fixture(scope="session", params=EMULATORS)
def each_endpoint(request: pytest.FixtureRequest) -> str:
    """The address of each emulator: a test that asks for this runs on all of them."""
    endpoint: str = request.getfixturevalue(
        "aws_endpoint" if request.param == "moto" else "ministack_endpoint"
    )
    return endpoint


@pytest.fixture
def aws(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """Queue, dead-letter queue, bucket and table of this test alone."""
    for name, value in Aws.environment(aws_endpoint).items():
        monkeypatch.setenv(name, value)
    return Aws(aws_endpoint)
