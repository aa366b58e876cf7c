"""The page of an evaluation: the numbers, and the worst mistakes as pictures. One HTML file, no network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from human_detector.report.evaluation.evaluation import COMPARED, ConfigurationQuality, Evaluation
from human_detector.report.evaluation.label_quality import AVERAGES, LabelQuality
from human_detector.report.evaluation.mistakes import FALSE_ALARM, MISS, Mistake, worst_mistakes
from human_detector.report.evaluation.page_parts import (
    RATES,
    TITLES,
    chart,
    table,
    table_of,
    text,
    with_interval,
)
from human_detector.report.evaluation.pictures import Pictures, frames_by_video
from human_detector.utils import fill_page, write_whole

PICTURES_PER_KIND = 18
HEADINGS = {
    MISS: ("Misses", "not one labelled box was missed", "the largest first"),
    FALSE_ALARM: ("False alarms", "there is none", "the highest score first"),
}
_FOLDER = Path(__file__).resolve().parent


def write_page(evaluation: Evaluation, path: Path, videos: Path | None) -> list[str]:
    """Write the page.

    Args:
        evaluation: what was measured.
        path: where the page goes; it appears complete.
        videos: the folder of the videos; None for where the results say.

    Returns:
        A sentence for each video that there are no pictures of; the page says it, too.
    """
    pictures = Pictures(videos)
    sections = [_comparison(evaluation)] if len(evaluation.configurations) > 1 else []
    for each in evaluation.configurations:
        sections += [_label(each, quality, pictures) for quality in each.labels]
    problems = [f"no pictures of {video}: {reason}" for video, reason in pictures.problems.items()]
    document = evaluation.document
    notes = [*document["notes"], *problems]
    parts = {
        "title": f"Evaluation by {text(Path(document['truth']).name)}",
        "facts": f"{document['frames']} labelled frames. [..]: {text(document['intervals']['words'])}.",
        "notes": "\n".join(f'<p class="note">{text(note)}</p>' for note in notes),
        "sections": "\n".join(sections),
        "css": (_FOLDER / "page.css").read_text(encoding="utf-8"),
    }
    write_whole(path, fill_page((_FOLDER / "page.html").read_text(encoding="utf-8"), parts))
    return problems


def _comparison(evaluation: Evaluation) -> str:
    labels = dict.fromkeys(
        quality.label.truth for each in evaluation.configurations for quality in each.labels
    )
    tables = "\n".join(f"<h3>{text(label)}</h3>{_comparison_of(evaluation, label)}" for label in labels)
    return (
        f"<section><h2>Comparison</h2>{tables}"
        '<p class="quiet">Differences are to the first row, the same frames drawn for both: one whose '
        "interval holds 0 may be chance. Precision and recall are each at their own threshold.</p></section>"
    )


def _comparison_of(evaluation: Evaluation, label: str) -> str:
    differences = {each["to"]: each for each in evaluation.document["differences"] if each["label"] == label}
    header = ["Configuration", "AP50", "AP", "threshold", *(TITLES[name] for name in RATES)]
    rows = []
    for each in evaluation.configurations:
        for quality in each.labels:
            if quality.label.truth != label:
                continue
            numbers, at = quality.numbers, quality.numbers["at_threshold"]
            rows.append(
                [
                    text(each.configuration.name),
                    *(with_interval(numbers[name]) for name in ("AP50", "AP")),
                    f"{quality.threshold:.4g}",
                    *(with_interval(at[name]) for name in RATES),
                ]
            )
    changes = [
        [text(name), *(with_interval(difference[key], "+") for key in COMPARED)]
        for name, difference in differences.items()
    ]
    names = ["Difference to the first", *(TITLES.get(name, name) for name in COMPARED)]
    return table(header, rows) + table(names, changes)


def _label(of: ConfigurationQuality, quality: LabelQuality, pictures: Pictures) -> str:
    numbers, at = quality.numbers, quality.numbers["at_threshold"]
    by = (
        f"{quality.label.detector}, {of.configuration.name}"
        if of.configuration.name
        else quality.label.detector
    )
    best = "best by F1" if quality.threshold == numbers["best_threshold"] else "as asked for"
    main = table(
        ("Measure", "Value"),
        [
            *([name, with_interval(numbers[name])] for name in AVERAGES),
            *([f"{TITLES[name]} at {quality.threshold:.4g}", with_interval(at[name])] for name in RATES),
        ],
    )
    sizes = table_of("Size", numbers["sizes"], ("truth_boxes", "AP50", "recall", "precision"))
    videos = table_of("Video", numbers["videos"], ("frames", "truth_boxes", "AP50", "recall", "precision"))
    return (
        f"<section><h2>{text(quality.label.truth)} by {text(by)}</h2>"
        f'<p class="quiet">{numbers["truth_boxes"]} labelled boxes, {numbers["detections"]} detections. At '
        f"the threshold {quality.threshold:.4g} ({best}): {at['right']} right, {at['wrong']} wrong, "
        f"{at['missed']} missed.</p>"
        f'<div class="side"><div><h3>By threshold</h3>{chart(numbers["thresholds"], quality.threshold)}</div>'
        f"<div><h3>Numbers</h3>{main}</div></div>"
        f'<div class="side"><div><h3>By video</h3>{videos}</div><div><h3>By size</h3>{sizes}</div></div>'
        f"{''.join(_mistakes(of, quality, kind, pictures) for kind in HEADINGS)}</section>"
    )


def _mistakes(of: ConfigurationQuality, quality: LabelQuality, kind: str, pictures: Pictures) -> str:
    title, none, order = HEADINGS[kind]
    mistakes = worst_mistakes(of.judged.frames, quality, kind, PICTURES_PER_KIND)
    for video, indexes in frames_by_video(mistakes).items():
        pictures.take(of.judged.results[video], video, indexes)
    figures = "\n".join(_figures(mistakes, quality.threshold, pictures))
    said = f"{order}; what is at the same place in other frames is shown once" if mistakes else none
    return f'<h3>{title}</h3><p class="quiet">{said}</p><div class="pictures">{figures}</div>'


def _figures(mistakes: Sequence[Mistake], threshold: float, pictures: Pictures) -> Iterator[str]:
    for mistake in mistakes:
        address = pictures.draw(mistake, threshold)
        image = f'<img src="{address}" alt="{text(mistake.kind)}">' if address else ""
        yield f"<figure>{image}<figcaption>{text(_caption(mistake))}</figcaption></figure>"


def _caption(mistake: Mistake) -> str:
    frame = mistake.frame
    words = [f"{frame.video}, frame {frame.index}"]
    if mistake.kind == FALSE_ALARM:
        words.append(f"score {mistake.score:.2f}")
    elif mistake.score is not None:
        words.append(f"found with {mistake.score:.2f} only")
    if mistake.again:
        words.append(f"and in {mistake.again} more")
    return ", ".join(words)
