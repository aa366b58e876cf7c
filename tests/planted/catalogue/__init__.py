"""The faults that are planted, by the part of a message's life in which they are."""

from __future__ import annotations

from planted.catalogue.cage import CAGE
from planted.catalogue.claims import CLAIMS
from planted.catalogue.jobs import JOBS
from planted.catalogue.messages import MESSAGES
from planted.catalogue.queue import QUEUE
from planted.catalogue.records import RECORDS
from planted.catalogue.results import RESULTS
from planted.catalogue.storage import STORAGE
from planted.catalogue.unfinished import UNFINISHED
from planted.catalogue.verdicts import VERDICTS
from planted.catalogue.worker import WORKER

FAULTS = [
    *MESSAGES,
    *QUEUE,
    *RECORDS,
    *CLAIMS,
    *RESULTS,
    *JOBS,
    *STORAGE,
    *UNFINISHED,
    *VERDICTS,
    *WORKER,
    *CAGE,
]
