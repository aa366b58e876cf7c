"""Labels are read in every format that people have them in, and what is wrong with them is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from human_detector.report.evaluation.frame_names import frame_index, names_of_video
from human_detector.report.evaluation.read_truth import read_truth
from human_detector.report.evaluation.truth import Truth, TruthError
from human_detector.results.exports.coco import export_coco
from support.evaluating import coco, result, write_json

Read = dict[tuple[tuple[str, ...], int], list[tuple[str, tuple[float, ...]]]]

CVAT_IMAGES = """<?xml version="1.0"?><annotations><version>1.1</version>
<meta><task><name>t</name></task><source>clip.mp4</source></meta>
<image id="4" name="frame_000004" width="1000" height="500">
<box label="person" source="manual" occluded="0" xtl="100" ytl="50" xbr="300" ybr="250" z_order="0"></box>
<points label="eye" points="1,2"></points></image>
<image id="5" name="frame_000005" width="1000" height="500"></image>
</annotations>"""
CVAT_VIDEO = """<?xml version="1.0"?><annotations><version>1.1</version>
<meta><task><name>t</name><size>5</size><start_frame>10</start_frame><stop_frame>18</stop_frame>
<frame_filter>step=2</frame_filter>
<original_size><width>1000</width><height>500</height></original_size><source>clip.mp4</source></task></meta>
<track id="0" label="person">
<box frame="10" outside="0" keyframe="1" xtl="0" ytl="0" xbr="100" ybr="100"></box>
<box frame="14" outside="0" keyframe="1" xtl="100" ytl="0" xbr="200" ybr="100"></box>
<box frame="16" outside="1" keyframe="1" xtl="100" ytl="0" xbr="200" ybr="100"></box></track>
<track id="1" label="face"><box frame="16" outside="0" xtl="500" ytl="0" xbr="600" ybr="100"></box></track>
</annotations>"""

NO_NUMBER = json.dumps(coco({"c_1.jpg": [("a", (0, 0, 9, 9))]}, bbox=[float("nan"), 0, 5, 5]))


def content(truth: Truth) -> Read:
    """What is labelled, without dataclasses."""
    return {
        (frame.videos, frame.index): [
            (box.label, tuple(round(float(side), 6) for side in _sides(box.box))) for box in frame.boxes
        ]
        for frame in truth.frames
    }


def _sides(box: object) -> tuple[float, ...]:
    return tuple(getattr(box, side) for side in ("x_min", "y_min", "x_max", "y_max"))


@pytest.mark.parametrize(
    ("name", "videos", "index"),
    [
        ("clip_000123.jpg", ("clip",), 123),
        ("clip-2_000005.png", ("clip-2",), 5),
        ("frame_000005", (), 5),
        ("clip/frame_000005.PNG", ("clip",), 5),
        ("images/train/day one/frame-7.jpg", ("day one",), 7),
        ("obj_train_data/clip_000002", ("clip",), 2),
        ("clip_000009_jpg.rf.0a1b2c3d.jpg", ("clip",), 9),
        ("000017.jpg", (), 17),
        ("clip.v2_000003", ("clip.v2",), 3),
        ("cat.jpg", ("cat",), None),
    ],
)
def test_the_name_of_a_picture_says_what_it_is_of(
    name: str, videos: tuple[str, ...], index: int | None
) -> None:
    assert (names_of_video(name), frame_index(name)) == (videos, index)


def test_coco(tmp_path: Path) -> None:
    frames = {"clip_000003.jpg": [("person", (100, 50, 300, 250))], "clip_000004.jpg": []}
    truth = read_truth(write_json(tmp_path / "truth.json", coco(frames)))
    assert content(truth) == {(("clip",), 3): [("person", (0.1, 0.1, 0.3, 0.5))], (("clip",), 4): []}


def test_coco_of_several_videos_that_says_itself_which_frame_it_is(tmp_path: Path) -> None:
    data = coco({"a.jpg": [("person", (0, 0, 100, 100))], "b.jpg": []})
    data["videos"] = [{"id": 1, "name": "first.mp4"}, {"id": 2, "name": "second"}]
    for number, image in enumerate(data["images"], 1):
        image |= {"video_id": number, "frame_id": 7}
    truth = read_truth(write_json(tmp_path / "truth.json", data))
    assert [(frame.videos[0], frame.index) for frame in truth.frames] == [("first", 7), ("second", 7)]


def test_our_own_export_is_read_back(tmp_path: Path) -> None:
    boxes = {0: {"D": [("person", 0.9, (12, 34, 567, 489))]}, 5: {"D": []}}
    path, _ = export_coco(result(boxes), tmp_path, "my clip")
    assert content(read_truth(path)) == {
        (("my clip",), 0): [("person", (0.012, 0.068, 0.567, 0.978))],
        (("my clip",), 5): [],
    }


def test_cvat_for_images(tmp_path: Path) -> None:
    (tmp_path / "annotations.xml").write_text(CVAT_IMAGES)
    assert content(read_truth(tmp_path / "annotations.xml")) == {
        (("clip",), 4): [("person", (0.1, 0.1, 0.3, 0.5))],
        (("clip",), 5): [],
    }


def test_cvat_for_video(tmp_path: Path) -> None:
    """Between two boxes a track moves; where it is outside it is not; it goes on to the end of the task."""
    (tmp_path / "annotations.xml").write_text(CVAT_VIDEO)
    assert content(read_truth(tmp_path / "annotations.xml")) == {
        (("clip",), 10): [("person", (0, 0, 0.1, 0.2))],
        (("clip",), 12): [("person", (0.05, 0, 0.15, 0.2))],
        (("clip",), 14): [("person", (0.1, 0, 0.2, 0.2))],
        (("clip",), 16): [("face", (0.5, 0, 0.6, 0.2))],
        (("clip",), 18): [("face", (0.5, 0, 0.6, 0.2))],
    }


def test_cvat_for_a_project_of_several_videos(tmp_path: Path) -> None:
    """Their frames have the same numbers."""
    task = """<task><id>{0}</id><mode>interpolation</mode><start_frame>0</start_frame><stop_frame>1</stop_frame>
<original_size><width>1000</width><height>500</height></original_size><source>{1}.mp4</source></task>"""
    track = """<track id="{0}" label="person" task_id="{0}"><box frame="{1}" outside="0" xtl="0" ytl="0" xbr="100"
ybr="100"></box></track>"""
    (tmp_path / "annotations.xml").write_text(
        f"<annotations><meta><project><tasks>{task.format(7, 'first')}{task.format(8, 'second')}</tasks></project>"
        f"</meta>{track.format(8, 0)}{track.format(7, 1)}</annotations>"
    )
    box = ("person", (0, 0, 0.1, 0.2))
    assert content(read_truth(tmp_path / "annotations.xml")) == {
        (("first",), 0): [],
        (("first",), 1): [box],
        (("second",), 0): [box],
        (("second",), 1): [box],
    }


def test_a_turned_box_of_cvat_is_taken_as_the_upright_one_around_it(tmp_path: Path) -> None:
    turned = CVAT_IMAGES.replace('z_order="0"', 'rotation="90"').replace('xbr="300"', 'xbr="200"')
    (tmp_path / "annotations.xml").write_text(turned)
    ((_, sides),) = content(read_truth(tmp_path / "annotations.xml"))[(("clip",), 4)]
    assert sides == (0.05, 0.2, 0.25, 0.4)


@pytest.mark.parametrize(
    ("names_file", "names", "labels", "images"),
    [
        ("data.yaml", "names:\n  0: person\n  1: face\n", "labels/train", "images/train"),
        ("data.yaml", "names: [person, face]\n", "labels", "images"),
        ("obj.names", "person\nface\n", "obj_train_data", "obj_train_data"),
        ("classes.txt", "person\nface\n", ".", "."),
    ],
)
def test_yolo(names_file: str, names: str, labels: str, images: str, tmp_path: Path) -> None:
    for folder in (labels, images):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / names_file).write_text(names)
    (tmp_path / "train.txt").write_text("a list\n")
    (tmp_path / labels / "clip_000003.txt").write_text("1 0.2 0.3 0.2 0.4\n\n0 0.5 0.5 1 1\n")
    (tmp_path / labels / "clip_000004.txt").write_text("")
    for index in (3, 5):
        (tmp_path / images / f"clip_{index:06d}.jpg").write_bytes(b"")
    expected: Read = {
        (("clip",), 3): [("face", (0.1, 0.1, 0.3, 0.5)), ("person", (0, 0, 1, 1))],
        (("clip",), 4): [],
        (("clip",), 5): [],
    }
    assert content(read_truth(tmp_path)) == expected
    if names_file == "data.yaml":
        assert content(read_truth(tmp_path / names_file)) == expected


def test_what_lies_outside_of_the_frame_is_cut_off(tmp_path: Path) -> None:
    frames = {"clip_000000.jpg": [("face", (-100, 0, 100, 50)), ("face", (1000, 0, 1100, 50))]}
    truth = read_truth(write_json(tmp_path / "truth.json", coco(frames)))
    assert content(truth) == {(("clip",), 0): [("face", (0, 0, 0.1, 0.1))]}


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("t.json", '{"images": [}', "is not JSON: "),
        ("t.json", '{"schema_version": "1.0"}', "is no COCO file: valid is an object with the lists images,"),
        (
            "t.json",
            json.dumps(coco({"cat.jpg": []})),
            "the image cat.jpg has no number of a frame at the end",
        ),
        (
            "t.json",
            json.dumps(coco({"c_1.jpg": [("a", (0, 0, 9, 9))]}, bbox=[1, 2])),
            "valid is [x, y, width",
        ),
        (
            "t.json",
            json.dumps(coco({"c_1.jpg": [("a", (0, 0, 9, 9))]}, category_id=7)),
            "a category that is not",
        ),
        ("t.json", json.dumps(coco({"c_1.jpg": []})), "there is not one box in its 1 frames"),
        ("t.json", json.dumps(coco({})), "there is not one labelled frame in it"),
        ("t.json", NO_NUMBER, "a box of a: found a side that is no number"),
        (
            "t.json",
            json.dumps({**coco({"c_1.jpg": []}), "videos": [3]}),
            "something has another form: ",
        ),
        ("t.xml", CVAT_IMAGES.replace('width="1000"', 'width="0"'), "found frames of 0x500 pixels"),
        ("t.xml", "<annotations><image", "is not XML: "),
        ("t.xml", "<VOC/>", "is no CVAT file: found <VOC>, valid is <annotations>"),
        ("t.xml", CVAT_IMAGES.replace("points", "polygon"), "found a polygon (eye), valid are boxes"),
        ("t.xml", CVAT_IMAGES.replace('xtl="100"', 'xtl="x"'), "box xtl: found 'x', valid is a number"),
        ("t.xml", CVAT_VIDEO.replace("stop_frame", "size2"), "it does not say which frames were labelled"),
        (
            "t.xml",
            CVAT_VIDEO.replace("<size>5", "<mode>annotation</mode><size>5"),
            "valid is CVAT for images 1.1",
        ),
        ("t.zip", "PK\x03\x04", "found a ZIP file, which is to be unpacked first; valid is a COCO file"),
        (
            "t.csv",
            "frame,x,y",
            "found something else; valid is a COCO file (.json), a CVAT file (.xml) or a Y",
        ),
    ],
)
def test_a_wrong_file_is_told_for_what_it_is(name: str, text: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(TruthError) as raised:
        read_truth(path)
    assert str(raised.value).startswith(f"--truth {path}")
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"a_1.txt": "0 0.5 0.5 1 1"}, "the names of the classes are missing; valid is one of data.yaml,"),
        ({"classes.txt": "person"}, "there is no label file; valid is a .txt for each picture"),
        (
            {"classes.txt": "person", "a_1.txt": "1 0.5 0.5 1 1"},
            "line 1: found '1 0.5 0.5 1 1', valid is CLASS",
        ),
        ({"classes.txt": "person", "a_1.txt": "0 10 20 30 40"}, "line 1: found '0 10 20 30 40', valid is"),
        ({"classes.txt": "person", "a_1.txt": "0 0.5 nan 1 1"}, "found '0 0.5 nan 1 1', valid is"),
        ({"classes.txt": "person", "a.txt": "0 0.5 0.5 1 1"}, "no number of a frame at the end of the name"),
        ({"data.yaml": "nc: 2", "a_1.txt": ""}, "data.yaml: valid is YAML with names, a list or 0: NAME"),
    ],
)
def test_a_wrong_folder_is_told_for_what_it_is(files: dict[str, str], sentence: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(TruthError) as raised:
        read_truth(tmp_path)
    assert sentence in str(raised.value)


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TruthError, match=r"gone\.xml cannot be read: No such file or directory"):
        read_truth(tmp_path / "gone.xml")
