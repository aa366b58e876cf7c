"""What came of a campaign: which promises were broken, and how often what happened."""

from __future__ import annotations

import psutil

from support.campaign_report import Report
from support.campaign_run import Campaign
from support.work_done import work_done

TOLERATED_SHARE = 0.04
"""Of all analyses, that may be lost with no cause on record. What single requests meet is not on record: where
several fail in a row between the receipt of a message and its claim, a lease of seconds is over, and the message
is rightly delivered again."""


def judge(campaign: Campaign, report: Report, is_at_rest: bool) -> None:
    """Look at all that is left when a campaign is over."""
    judge_records(campaign, report, is_at_rest)
    judge_what_is_left(campaign, report, is_at_rest)
    judge_work(campaign, report)
    count(campaign, report)


def judge_records(campaign: Campaign, report: Report, is_at_rest: bool) -> None:
    """Each record says `done`, with a result of the video that is there, or an error that is deserved."""
    records, steps, messages = campaign.records(), campaign.steps(), campaign.messages()
    if not is_at_rest:
        report.broken["stuck"].append(f"(visible, hidden, delayed) messages are left: {messages}")
    for video_id in campaign.good + campaign.bad_videos:
        step, is_bad = steps[video_id], video_id in campaign.bad_videos
        match step.get("state"):
            case "done" if not is_bad:
                if problem := campaign.videos.problem_of_result(video_id, step["result_file"]):
                    report.broken["stale"].append(f"the result of video {video_id}: {problem}")
            case "error" if is_bad and "is no video" in step["error"]:
                pass
            case "error" if video_id in campaign.videos.deleted and "no such object" in step["error"]:
                pass
            case "done" | "error":
                report.broken["lost"].append(f"video {video_id} has ended without a cause: {step}")
            case _:
                broken = report.broken["stuck" if any(messages) else "lost"]
                broken.append(f"video {video_id} has not ended: {step}")
        campaign.other.check(video_id, records[video_id])
    report.broken["foreign writes lost"] += campaign.other.problems


def judge_what_is_left(campaign: Campaign, report: Report, is_at_rest: bool) -> None:
    """What cannot be understood is a dead letter, and nothing else is left of anything."""
    dead_letters = {letter["Body"] for letter in campaign.aws.dead_letters()}
    for body in dead_letters ^ set(campaign.bad_bodies):
        kind = "lost" if body in campaign.bad_bodies else "left over"
        report.broken[kind].append(f"a dead letter that is missing, or is none: {body}")
    if is_at_rest:
        left = [path.name for path in campaign.scratch.iterdir() if path.suffix != ".health"]
        report.broken["left over"] += [f"in the scratch folder: {name}" for name in left]
    report.broken["left over"] += [f"the process {pid}" for pid in processes_left(campaign)]


def judge_work(campaign: Campaign, report: Report) -> None:
    """No content was analysed to its end twice, and next to nothing lost or left over without a fault."""
    work = work_done(sorted(campaign.folder.glob("worker-*.log")))
    hits = [*campaign.torments.hits, *campaign.videos.changes, *campaign.stalls.hits]
    report.broken["analyses without cause"] += work.completed_twice()
    unexplained = work.unexplained(hits)
    report.counts["analyses: lost, and no cause on record"] = len(unexplained)
    if len(unexplained) > round(TOLERATED_SHARE * len(work.analyses)):
        report.broken["analyses without cause"] += unexplained
    partials = {int(key.split("/")[1]) for key in campaign.aws.partials()}
    for video_id in partials - work.may_be_left:
        report.broken["left over"].append(f"a partial result of video {video_id}")
    jobs = len(campaign.good)
    report.shares["taken over by another worker"] = len(work.taken_over()) / jobs
    report.shares["resumed from a partial result"] = len(work.resumed()) / jobs
    report.shares["doubled: several messages"] = len(campaign.videos.doubled) / jobs
    report.counts["analyses: begun"] = len(work.analyses)
    for analysis in work.analyses:
        report.counts[f"analyses: {analysis.end.rstrip(':')}"] += 1
    report.counts["partial results left to the bucket's rule"] = len(partials)


def count(campaign: Campaign, report: Report) -> None:
    """What was done."""
    report.counts.update({f"to workers: {what}": n for what, n in campaign.torments.counts().items()})
    report.counts.update(f"to videos: {hit.what}" for hit in campaign.videos.changes)
    faults = {f"to requests: {fault}": n for fault, n in campaign.proxy.faults.items()}
    report.counts.update(faults)
    report.counts.update(f"load: {hit.what}" for hit in campaign.stalls.hits)
    report.counts["to records: writes of another"] = campaign.other.writes
    report.counts["workers started"] = campaign.starts


def processes_left(campaign: Campaign) -> list[int]:
    """Processes that still run with the campaign's scratch folder."""
    left = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("TMPDIR") == str(campaign.scratch):
                left.append(process.pid)
        except psutil.Error:
            continue
    return left
