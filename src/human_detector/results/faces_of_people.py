"""Whose face it is: gives each track of a face the person whose head it is.

One frame may mislead: of two who stand close, a face lies in both boxes. So what counts is how well a face
fits over all frames that show both, and no two faces that are seen at the same time are given to one person.
A person may have several tracks of faces one after another: who turns away and back has a new one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from human_detector.results.best_pairs import best_pairs

PERSON, FACE = "person", "face"
LEAST_FIT = 0.5
"""What a face must fit at least, on average over the frames that show both."""

Owners = Mapping[tuple[str, int], int]
"""The `track_id` of the person, by the detector and the `track_id` of the face."""
Found = Sequence[Mapping[str, Any]]
"""Detections of one detector as the result file has them, with `track_id`."""


@dataclass(slots=True)
class _Evidence:
    """How well a face and a person fit together, summed up over the frames that show both."""

    fit: float = 0.0
    frames: int = 0


class FacesOfPeople:
    """Collects over the frames of a video who fits to whom. It grows with the tracks, not with the frames."""

    def __init__(self) -> None:
        self._evidence: dict[str, dict[tuple[int, int], _Evidence]] = {}
        self._together: dict[str, dict[int, set[int]]] = {}
        self._person_finder = ""

    def see(self, detections: Mapping[str, Found]) -> None:
        """Take note of a frame.

        Args:
            detections: by detector name, in the order of the configuration.
        """
        persons = self._persons(detections)
        for detector, found in detections.items():
            if faces := _labelled(found, FACE):
                together = self._together.setdefault(detector, defaultdict(set))
                evidence = self._evidence.setdefault(detector, defaultdict(_Evidence))
                ids = [each["track_id"] for each in faces]
                for face in ids:
                    together[face].update(ids)
                for (face, person), fit in _fits(faces, persons):
                    evidence[face, person].fit += fit
                    evidence[face, person].frames += 1

    def owners(self) -> Owners:
        """Whose the faces are, as far as that is clear."""
        return {
            (detector, face): person
            for detector, evidence in self._evidence.items()
            for face, person in _assign(evidence, self._together[detector]).items()
        }

    def _persons(self, detections: Mapping[str, Found]) -> Found:
        """The people in a frame, of one detector alone: a number means someone else for another one."""
        for detector, found in detections.items():
            persons = _labelled(found, PERSON)
            if persons and self._person_finder in ("", detector):
                self._person_finder = detector
                return persons
        return []


def with_owners(frame: Mapping[str, Any], owners: Owners) -> dict[str, Any]:
    """The frame with a `person_track_id` in every face that is somebody's.

    Args:
        frame: as the result file has it.
        owners: from `FacesOfPeople.owners`.
    """
    if not owners:
        return dict(frame)
    detections = {
        detector: [_with_owner(each, owners.get((detector, each["track_id"]))) for each in found]
        for detector, found in frame["detections"].items()
    }
    return {**frame, "detections": detections}


def _with_owner(found: Mapping[str, Any], owner: int | None) -> Mapping[str, Any]:
    is_owned = owner is not None and found["label"] == FACE
    return {**found, "person_track_id": owner} if is_owned else found


def _labelled(found: Found, label: str) -> Found:
    return [each for each in found if each["label"] == label]


def _fits(faces: Found, persons: Found) -> list[tuple[tuple[int, int], float]]:
    """Of every face and person in a frame how well the face sits where the head must be, 0 to 1."""
    if not persons:
        return []
    fits = _fit(_boxes(faces)[:, None], _boxes(persons)[None])
    return [
        ((face["track_id"], person["track_id"]), float(fits[row, column]))
        for row, face in enumerate(faces)
        for column, person in enumerate(persons)
    ]


def _fit(face: NDArray[np.float64], person: NDArray[np.float64]) -> NDArray[np.float64]:
    """How well faces sit in the heads of people: boxes [..., 4] give [...].

    1 where the face begins at most its own height below the top of the person, near the middle of the width
    (a person may lean or stretch an arm), and is smaller than the person; less the further it is from that.
    """
    face_size, person_size = face[..., 2:] - face[..., :2], person[..., 2:] - person[..., :2]
    sideways = np.abs(face[..., 0] + face[..., 2] - person[..., 0] - person[..., 2])
    with np.errstate(divide="ignore", invalid="ignore"):  # boxes may be empty: those fit nobody
        below_top = (face[..., 1] - person[..., 1]) / face_size[..., 1]
        aside = sideways / person_size[..., 0]
    down = np.clip(np.minimum(1 + below_top, (3 - below_top) / 2), 0, 1)
    across = np.clip((1.1 - aside) / 0.5, 0, 1)
    is_smaller = np.all(face_size <= 1.1 * person_size, axis=-1)
    return np.asarray(np.nan_to_num(down * across * is_smaller), np.float64)


def _boxes(found: Found) -> NDArray[np.float64]:
    return np.array([list(each["box"].values()) for each in found], np.float64).reshape(-1, 4)


def _assign(
    evidence: Mapping[tuple[int, int], _Evidence], together: Mapping[int, set[int]]
) -> dict[int, int]:
    """The person of each face, best on the whole; of faces that are seen together each has its own."""
    possible = {
        pair: each.fit
        for pair, each in evidence.items()
        if each.fit > 0 and each.fit >= LEAST_FIT * each.frames
    }
    owners: dict[int, int] = {}
    while possible:
        # One face for each person; and again, as a person may have another face at another time.
        chosen = best_pairs(possible)
        owners |= chosen
        taken = {(other, person) for face, person in chosen.items() for other in together[face]}
        possible = {
            pair: fit for pair, fit in possible.items() if pair[0] not in owners and pair not in taken
        }
    return owners
