"""For notebooks: the form of a new job, and the control room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mailharvest.cluster.connect import check
from mailharvest.config import home_folder
from mailharvest.queue.queue import Queue
from mailharvest.run import harvest
from mailharvest.ui.widgets_form import Form
from mailharvest.ui.widgets_room import ControlRoom as Room
from mailharvest.ui.words import Language


def JobForm(
    on: Any = None,
    *,
    home: str | Path | None = None,
    language: Language | None = None,
    workers: int | None = None,
    threads: int | None = None,
) -> Form:
    """The form "New job": with messages beside the fields, and the plan and its cost.

    Parameters
    ----------
    on, home, workers, threads
        See `mailharvest.harvest`, which starts the job.
    language : {"en", "ar"}, optional
        None is the browser's.
    """
    check(on, workers, threads)
    home = home_folder(home)
    return Form(lambda job: harvest(job, on, home=home, workers=workers, threads=threads), language)


def ControlRoom(place: str | Path | None = None, *, home: str | Path | None = None) -> Room:
    """The whole queue: jobs, what failed, errors, dispatchers, schedules, with their buttons.

    Parameters
    ----------
    place, home
        See `mailharvest.Queue`.
    """
    return Room(Queue(place, home=home))
