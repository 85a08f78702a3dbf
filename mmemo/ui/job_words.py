"""A job in words and bars: the same in the box above the tabs and in the list of the Episode tab."""

from __future__ import annotations

from datetime import datetime
from html import escape
from urllib.parse import urlencode

from mmemo.errors import MmemoError
from mmemo.store.jobs import Job, JobStep, clock_ms
from mmemo.ui.html import duration, percent
from mmemo.ui.words import sentences

STATE_WORDS = {
    "queued": "waiting",
    "running": "running",
    "cancelling": "stopping",
    "cancelled": "cancelled",
    "failed": "failed",
    "done": "done",
    "interrupted": "interrupted",
}
# A worker gives a sign of life every two seconds; after this long something is wrong with it. A step of the work may
# take as long without any news, so that is only told.
_SILENT_S = 60


def message_of(job: Job) -> str:
    """What to know of a job that ended badly, and what to do, in one or two sentences; empty for any other."""
    if job.state == "failed":
        return sentences(MmemoError(job.error, hint=job.hint))
    if job.state == "cancelled":
        return f"Cancelled. {_GO_ON}" if job.step is not None else "Cancelled before it began."
    if job.state == "interrupted":
        return f"The process that did the work was ended. {_GO_ON}"
    return ""


_GO_ON = "What was finished is kept, and Resume goes on from there."


def resume_word(job: Job) -> str:
    """What the button says that runs a job again."""
    return "Try again" if job.state == "failed" else "Resume"


def state_chip(job: Job) -> str:
    """The state as a coloured word."""
    return f'<span class="mm-state {job.state}">{STATE_WORDS[job.state]}</span>'


def bar_html(job: Job) -> str:
    """The bar of the current step; nothing for a job that is not at work."""
    if job.state not in ("running", "cancelling"):
        return ""
    step = job.step
    if step is None or step.total <= 0:
        return '<div class="mm-progress unknown" role="progressbar" aria-label="working"><i></i></div>'
    share = 100 * fraction(step)
    return (
        f'<div class="mm-progress" role="progressbar" aria-label="{escape(step.stage)}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{share:.0f}"><i style="width:{share:.1f}%"></i></div>'
    )


def fraction(step: JobStep) -> float:
    """Share of a step that is done, 0 to 1; 0 for an unknown total."""
    return min(step.done / step.total, 1.0) if step.total > 0 else 0.0


def facts_of(job: Job) -> list[str]:
    """Stage, rate and time left of a job at work, in words; when it ended of any other."""
    if job.state == "queued":
        return [f"since {clock_time(job.created_ms)}"]
    if not job.active:
        ended = f"ended {clock_time(job.finished_ms)}" if job.finished_ms is not None else ""
        return [fact for fact in (ended, f"{duration(job.seconds())} in all" if job.started_ms else "") if fact]
    facts = _step_facts(job, job.step) if job.step is not None else ["starting"]
    now = clock_ms()
    silent_s = (now - (job.heartbeat_ms or now)) / 1000
    quiet_s = (now - (job.reported_ms or now)) / 1000
    if silent_s > _SILENT_S:
        facts.append(f"no sign of life for {duration(silent_s)}: is the machine short of memory?")
    elif quiet_s > _SILENT_S:
        advice = ": Cancel ends it even if it hangs" if job.state == "running" else ""
        facts.append(f"nothing new for {duration(quiet_s)}{advice}")
    return [*facts, f"{duration(job.seconds())} so far"]


def _step_facts(job: Job, step: JobStep) -> list[str]:
    unit, rate = job.progress.unit, job.progress.rate
    counted = f"{step.done:,} of {step.total:,}" if step.total > 0 else f"{step.done:,}"
    named = f" {unit}" if unit else ""
    facts = [f"{step.stage}: {counted}{named}" + (f" ({percent(fraction(step))})" if step.total > 0 else "")]
    if rate is not None and rate > 0:
        facts.append(f"{rate:.1f}{named} a second" if rate >= 1 else f"one every {1 / rate:.1f} s")
    if job.progress.seconds_left is not None:
        facts.append(f"about {duration(job.progress.seconds_left)} left in this step")
    if step.note:
        facts.append(step.note)
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
    return "\n".join(_log_line(step) for step in job.progress.steps)


def _log_line(step: JobStep) -> str:
    count = f"{step.done:,} of {step.total:,}" if step.total else f"{step.done:,}"
    return f"{step.stage}: {count} in {duration(step.seconds)}" + (f", {step.note}" if step.note else "")
