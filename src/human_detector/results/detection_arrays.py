"""All detections of a result as NumPy arrays, one row each.

table = analyzer.analyze("clip.mp4").detections()
strong_faces = table[(table.label == "face") & (table.score > 0.8)]
strong_faces.pixels            # float64 [N, 4]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import supervision

NO_TRACK = -1
"""`track_id` of a detection that was not followed."""
SIDES = ("x_min", "y_min", "x_max", "y_max")

_DTYPES: Mapping[str, type[np.generic]] = {
    "frame_index": np.int64,
    "timestamp": np.float64,
    "detector": np.str_,
    "label": np.str_,
    "score": np.float64,
    "box": np.float64,
    "track_id": np.int64,
    "person_track_id": np.int64,
}


@dataclass(frozen=True, eq=False)
class Detections:
    """N detections. Indexing with anything that indexes an array, a mask for one, gives the chosen rows.

    The arrays cannot be written to, so that rows stay what they were when they were checked.

    Attributes:
        width: of the displayed video, pixels.
        height: of the displayed video, pixels.
        frame_index: int64 [N], counts decoded frames from 0.
        timestamp: float64 [N], seconds from the first frame.
        detector: text [N], the detector's name.
        label: text [N].
        score: float64 [N], 0 to 1.
        box: float64 [N, 4], x_min, y_min, x_max, y_max in fractions of the displayed frame.
        track_id: int64 [N], `NO_TRACK` where nothing was followed.
        person_track_id: int64 [N], of a face the number of the person whose it is; `NO_TRACK` where that is
            unknown, and by default everywhere.

    Raises:
        ValueError: an array has another length or shape, a score or a box lies outside of [0, 1], or the
            sides of a box are swapped.
    """

    width: int
    height: int
    frame_index: NDArray[np.int64]
    timestamp: NDArray[np.float64]
    detector: NDArray[np.str_]
    label: NDArray[np.str_]
    score: NDArray[np.float64]
    box: NDArray[np.float64]
    track_id: NDArray[np.int64]
    person_track_id: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        count = len(self.frame_index)
        if not len(self.person_track_id):
            object.__setattr__(self, "person_track_id", np.full(count, NO_TRACK))
        for name, dtype in _DTYPES.items():
            array = np.array(getattr(self, name), dtype)
            wanted = (count, 4) if name == "box" else (count,)
            if array.shape != wanted:
                raise ValueError(f"{name}: found the shape {array.shape}, valid is {wanted}")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        if not _within(0, self.score, 1):
            raise ValueError("score: valid are numbers from 0 to 1")
        if not (_within(0, self.box, 1) and np.all(self.box[:, :2] <= self.box[:, 2:])):
            raise ValueError("box: valid are fractions of the frame with 0 <= min <= max <= 1")

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Detections:
        """The detections of a result document.

        Args:
            document: from `AnalysisResult.to_dict`, or a result file.
        """
        rows = list(_rows(document))
        columns: tuple[Any, ...] = tuple(zip(*rows, strict=True)) if rows else ((),) * len(_DTYPES)
        arrays = dict(zip(_DTYPES, columns, strict=True))
        arrays["box"] = np.reshape(arrays["box"], (-1, 4))
        return cls(document["video"]["width"], document["video"]["height"], **arrays)

    def __len__(self) -> int:
        return len(self.frame_index)

    def __getitem__(self, rows: Any) -> Detections:
        if isinstance(rows, int | np.integer):
            rows = [rows]
        return Detections(self.width, self.height, **{name: getattr(self, name)[rows] for name in _DTYPES})

    def in_frame(self, index: int) -> Detections:
        """The detections of one frame.

        Args:
            index: of the frame, as in `frame_index`.
        """
        return self[self.frame_index == index]

    @property
    def pixels(self) -> NDArray[np.float64]:
        """The boxes in pixels of the displayed frame: float64 [N, 4], x_min, y_min, x_max, y_max."""
        return self.box * [self.width, self.height, self.width, self.height]

    def to_supervision(self, labels: Sequence[str] = ("person", "face")) -> supervision.Detections:
        """The same for Roboflow's supervision, whose annotators and metrics then apply.

        A `supervision.Detections` is about one picture: choose a frame with `in_frame` first. Its `data` has
        class_name, detector, frame_index and timestamp.

        Args:
            labels: the place of a label in here is its `class_id`.

        Raises:
            ImportError: supervision is not installed (requirements-extras.txt).
            ValueError: a label is not in `labels`.
        """
        # Imported when asked for: nothing else here needs it.
        import supervision

        if missing := sorted(set(self.label.tolist()) - set(labels)):
            raise ValueError(f"labels: found {list(labels)}, but there are detections of {missing} too")
        class_id = np.array([labels.index(label) for label in self.label], np.int64)
        tracked = len(self) > 0 and bool(np.all(self.track_id != NO_TRACK))
        return supervision.Detections(
            xyxy=self.pixels.astype(np.float32),
            confidence=self.score.astype(np.float32),
            class_id=class_id,
            tracker_id=self.track_id.copy() if tracked else None,
            data={
                "class_name": self.label.copy(),
                "detector": self.detector.copy(),
                "frame_index": self.frame_index.copy(),
                "timestamp": self.timestamp.copy(),
            },
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Detections) and all(
            np.array_equal(getattr(self, each.name), getattr(other, each.name)) for each in fields(self)
        )

    __hash__ = None  # type: ignore[assignment]  # like an array's


def _rows(document: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """One tuple per detection, in the order of `_DTYPES`."""
    for frame in document["frames"]:
        for detector, found in frame["detections"].items():
            for each in found:
                box = [each["box"][side] for side in SIDES]
                tracks = (each.get("track_id", NO_TRACK), each.get("person_track_id", NO_TRACK))
                yield (
                    frame["index"],
                    frame["timestamp"],
                    detector,
                    each["label"],
                    each["score"],
                    box,
                    *tracks,
                )


def _within(low: float, values: NDArray[np.float64], high: float) -> bool:
    """Whether all values lie in the range; NaN does not."""
    return bool(np.all((values >= low) & (values <= high)))
