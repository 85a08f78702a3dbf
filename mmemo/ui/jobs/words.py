"""A job in words and bars: the same in the box above the tabs and in the list of the Episode tab."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from mmemo.errors import MmemoError
from mmemo.flow.jobs.kinds import ADAPT, EXPORT, RETRAIN
from mmemo.store.jobs import Job, JobStep, clock_ms
from mmemo.ui.html import duration, percent
from mmemo.ui.text import say, words
from mmemo.ui.words import sentences

# A worker gives a sign of life every two seconds; after this long something is wrong with it. A step of the work may
# take as long without any news, so that is only told.
_SILENT_S = 60
# A step without a count of its own, such as reading opinions, did something when it took longer than looking does.
_LOOKED_S = 0.5


def message_of(job: Job) -> str:
    """What to know of a job that ended badly, and what to do, in one or two sentences; empty for any other."""
    if job.state == "failed":
        return sentences(MmemoError(job.error, hint=job.hint))
    if job.state == "cancelled":
        began = job.step is not None
        return f"{say('jobs.was_cancelled')} {say('jobs.goes_on')}" if began else say("jobs.was_cancelled_early")
    if job.state == "interrupted":
        return f"{say('jobs.was_interrupted')} {say('jobs.goes_on')}"
    return ""


def title_of(job: Job) -> str:
    """What a job is called in the language of whoever looks; one of which too little is known as it was called."""
    asked = job.arguments
    video = asked.get("video")
    if job.kind == ADAPT and isinstance(video, str):
        return say("jobs.adapt", name=Path(video).name)
    if job.kind == EXPORT and f"export.title_{asked.get('format')}" in words():
        return say("export.job", format=say(f"export.title_{asked['format']}"), episode=str(asked.get("episode_id")))
    if job.kind == RETRAIN and "run_id" in asked:
        return _training_title(asked) or job.title
    return job.title


def _training_title(asked: Mapping[str, Any]) -> str | None:
    """Which training it is, as the buttons that start it call it; None for any other."""
    if isinstance(asked.get("recipe"), str):
        return say("train.job.other", recipe=asked["recipe"].replace("_", " "))
    if asked.get("finetune") is None:
        return say("review.job")
    return say("train.job.head") if not asked["finetune"] else None


def resume_word(job: Job) -> str:
    """What the button says that runs a job again."""
    return say("jobs.again") if job.state == "failed" else say("jobs.resume")


def state_chip(job: Job) -> str:
    """The state as a coloured word."""
    return f'<span class="mm-state {job.state}">{escape(say(f"jobs.{job.state}"))}</span>'


def bar_html(job: Job) -> str:
    """The bar of the current step; nothing for a job that is not at work."""
    if job.state not in ("running", "cancelling"):
        return ""
    step = job.step
    if step is None or step.total <= 0:
        name = escape(say("jobs.works"), quote=True)
        return f'<div class="mm-progress unknown" role="progressbar" aria-label="{name}"><i></i></div>'
    share = 100 * fraction(step)
    return (
        f'<div class="mm-progress" role="progressbar" aria-label="{escape(stage_words(step.stage))}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{share:.0f}"><i style="width:{share:.1f}%"></i></div>'
    )


def fraction(step: JobStep) -> float:
    """Share of a step that is done, 0 to 1; 0 for an unknown total."""
    return min(step.done / step.total, 1.0) if step.total > 0 else 0.0


def facts_of(job: Job) -> list[str]:
    """Stage, rate and time left of a job at work, in words; when it ended of any other."""
    if job.state == "queued":
        return [say("jobs.since", time=clock_time(job.created_ms))]
    if not job.active:
        ended = say("jobs.ended", time=clock_time(job.finished_ms)) if job.finished_ms is not None else ""
        return [fact for fact in (ended, in_all(job) if job.started_ms else "") if fact]
    note = [job.step.note] if job.step is not None and job.step.note else []
    return [*_doing(job), *note, *_worry(job), say("jobs.so_far", time=duration(job.seconds()))]


def line_of(job: Job) -> list[str]:
    """The same in what fits into one line, what is wrong first; how long it took of a job that ended."""
    if not job.active:
        return [in_all(job)]
    return facts_of(job) if job.state == "queued" else [*_worry(job), *_doing(job)]


def _doing(job: Job) -> list[str]:
    return _step_facts(job, job.step) if job.step is not None else [say("jobs.starting")]


def _worry(job: Job) -> list[str]:
    """What may be wrong with a job at work; nothing for most."""
    now = clock_ms()
    silent_s = (now - (job.heartbeat_ms or now)) / 1000
    quiet_s = (now - (job.reported_ms or now)) / 1000
    if silent_s > _SILENT_S:
        return [say("jobs.silent", time=duration(silent_s))]
    if quiet_s > _SILENT_S:
        return [say("jobs.quiet_cancel" if job.state == "running" else "jobs.quiet", time=duration(quiet_s))]
    return []


def in_all(job: Job) -> str:
    """How long a job took."""
    return say("jobs.in_all", time=duration(job.seconds()))


def stage_words(stage: str) -> str:
    """A stage's name as people read it: "train: fold 2 of 5" keeps its part, an unknown name is itself."""
    head, colon, part = stage.partition(":")
    key = f"jobs.stage_{head.replace(' ', '_')}"
    return (say(key) if key in words() else head) + colon + part


def did_nothing(step: JobStep) -> bool:
    """Whether a step that is over found no work, or none that had not been done before."""
    return step.done == 0 and step.seconds < _LOOKED_S


def _count(step: JobStep) -> str:
    return say("jobs.count", done=f"{step.done:,}", total=f"{step.total:,}") if step.total > 0 else f"{step.done:,}"


def _step_facts(job: Job, step: JobStep) -> list[str]:
    unit, rate = job.progress.unit, job.progress.rate
    key = f"jobs.unit_{unit.replace(' ', '_')}"
    named = f" {say(key) if key in words() else unit}" if unit else ""
    share = f" ({percent(fraction(step))})" if step.total > 0 else ""
    facts = [f"{stage_words(step.stage)}: {_count(step)}{named}{share}"]
    if rate is not None and rate >= 1:
        facts.append(say("jobs.rate", rate=f"{rate:.1f}{named}"))
    elif rate is not None and rate > 0:
        facts.append(say("jobs.slow_rate", seconds=f"{1 / rate:.1f}"))
    if job.progress.seconds_left is not None:
        facts.append(say("jobs.left", time=duration(job.progress.seconds_left)))
    return facts


def clock_time(ms: int | None) -> str:
    """A moment as people say it, in the server's time: "14:05" today, "3 Nov 14:05" on another day."""
    if ms is None:
        return ""
    moment = datetime.fromtimestamp(ms / 1000)
    return f"{moment:%H:%M}" if moment.date() == datetime.now().date() else f"{moment.day} {moment:%b %H:%M}"


def address_of(job: Job) -> str | None:
    """The page's address that shows what a job made; None when it made nothing."""
    if job.state != "done" or not job.result or "episode" not in job.result:
        return None
    return f"?{urlencode({name: job.result[name] for name in ('episode', 'run') if name in job.result})}"


def log_text(job: Job) -> str:
    """A line for every step that was begun."""
    worked = {head_of(step) for step in job.progress.steps if not did_nothing(step)}
    # Until the job is done, a step that only looked may still come back with work.
    over = job.progress.steps if job.state == "done" else ()
    idle = [step for step in over if head_of(step) not in worked]
    return "\n".join(_log_line(step, step in idle) for step in job.progress.steps)


def head_of(step: JobStep) -> str:
    """The stage that a step is a part of: "train: fold 2 of 5" -> "train"."""
    return step.stage.split(":")[0]


def _log_line(step: JobStep, idle: bool) -> str:
    note = f", {step.note}" if step.note else ""
    if idle:
        return f"{stage_words(step.stage)}: {say('jobs.nothing')}{note}"
    return say("jobs.logged", stage=stage_words(step.stage), count=_count(step), time=duration(step.seconds)) + note
