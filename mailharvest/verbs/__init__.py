"""The verbs of the queue on the command line: each calls one method of `Queue`, or `work`.

`VERBS` is added to the commands of `mailharvest.cli`.
"""

from __future__ import annotations

from mailharvest.verbs.jobs import (
    cancel,
    dispatch,
    failed,
    flush,
    forget,
    logs,
    prune,
    retry,
    submit,
    wait,
)  # fmt: skip
from mailharvest.verbs.queues import dispatchers, errors, pause, stats, top, unpause
from mailharvest.verbs.schedule import schedule
from mailharvest.verbs.work import work

VERBS = (
    submit, dispatch, logs, wait, cancel, retry, failed, forget, flush, prune, pause, unpause,
    top, dispatchers, stats, errors, schedule, work,
)  # fmt: skip
