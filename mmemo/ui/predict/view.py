"""The Predict tab's answer as a page: pictures with boxes, a card a face, and the files to save."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping
from html import escape

from PIL import Image

from mmemo.flow.prediction.files import boxes_names
from mmemo.flow.prediction.looked_at import LookedAt
from mmemo.flow.prediction.pictures import MOST_FRAMES
from mmemo.flow.prediction.predict import FacePrediction
from mmemo.flow.prediction.said_line import SaidLine, named
from mmemo.progress import Progress
from mmemo.ui.html import chip, clock, empty, file_url, opinion, opinions, page_part, percent
from mmemo.ui.predict.answer import MOST_LOOKED_AT, Answer
from mmemo.ui.text import amount, label, say

_OPEN_PICTURES = 4


def nothing_html(*, several: bool) -> str:
    """What the open side of the tab waits for."""
    if several:
        advice = say("predict.none.several.advice", n=MOST_FRAMES)
        return empty(say("predict.none.several"), advice)
    return empty(say("predict.none"), say("predict.none.advice"))


def first_html() -> str:
    """Its title for one picture before anybody asked: the browser picks the language, of one text in a component."""
    return f'<div class="mm"><div class="mm-empty"><strong>{label("predict.none")}</strong></div></div>'


def problem_html(words: str) -> str:
    """Why there is no answer, in its place."""
    return f'<div class="mm"><p class="mm-alert" role="alert">{escape(words)}</p></div>'


def loading_html() -> str:
    """Why the first picture takes longer."""
    return f'<div class="mm-loading">{empty(say("predict.loading"), say("predict.loading.why"))}</div>'


def waiting_html(progress: Progress) -> str:
    """How far a longer reading is."""
    count = say("predict.of", done=progress.done, total=progress.total) if progress.total else str(progress.done)
    share = 100 * progress.done / progress.total if progress.total else 0
    bar = f'<div class="mm-progress"><i style="width:{share:.0f}%"></i></div>'
    said = escape(say(f"predict.{progress.stage}", count=count))
    return (
        f'<div class="mm mm-loading"><div class="mm-card mm-stack" role="status"><span>{said}</span>{bar}</div></div>'
    )


def answer_html(answer: Answer, run_title: str) -> str:
    """Who answers, the line, the files to save, and every picture with its faces."""
    looks = iter(answer.looks if answer.asked.look else ())
    names = boxes_names(answer.pictures)
    pictures = "".join(_picture(answer, number, name, looks) for number, name in enumerate(names))
    return page_part(_who(answer, run_title), _line(answer), pictures, _limits(answer), _saves(answer))


def _who(answer: Answer, run_title: str) -> str:
    if answer.run_id is None:
        return f'<p class="small soft">{escape(answer.why)}</p>'
    run = f"<strong>{escape(run_title)}</strong>"
    at_box = f" {escape(say(f'predict.at_box.{_speaker(answer)}'))}" if answer.faces else ""
    return f'<p class="small soft">{say("predict.answers", run=run, why=_reported(answer.why))}{at_box}</p>'


def _speaker(answer: Answer) -> str:
    """Whose first choice stands at the boxes."""
    if answer.line is not None:
        return "line"
    return "student" if answer.run_id is not None else "baseline"


def _line(answer: Answer) -> str:
    if answer.line is None:
        if not answer.asked.line.strip():
            return ""
        return f'<p class="small soft">{escape(say("predict.line.unread"))}</p>'
    return _said(answer.line)


def _said(line: SaidLine) -> str:
    shows = ", ".join(line.episode_ids)
    votes, evidence = named(line.votes), named(line.evidence)
    first = max(votes, key=lambda label: votes[label])
    best = max(evidence, key=lambda label: evidence[label])
    return (
        f'<div class="mm-card mm-stack" id="mm-said"><p>“{escape(line.text)}” '
        f'<span class="soft small">{escape(say("predict.said", shows=shows))}</span></p>'
        f'<p class="small soft">{say("predict.hears", first=chip(first, f"{first} {percent(votes[first])}"))} '
        f"{say('predict.evidence', best=chip(best, f'{best} {percent(evidence[best])}'))}</p>"
        f'<p class="small soft">{_reported(line.why)}</p></div>'
    )


def _reported(words: str) -> str:
    """What the library reports is English in every language."""
    return f'<span class="soft" lang="en">{escape(words)}</span>'


def _saves(answer: Answer) -> str:
    if answer.folder is None or not answer.faces:
        return ""
    picture = ("faces.zip", "pictures")
    if len(answer.pictures) == 1:
        picture = (boxes_names(answer.pictures)[0], "picture")
    links = "".join(
        f'<a href="{file_url(answer.folder / name)}" download="{escape(name, quote=True)}">'
        f"{escape(say(f'predict.save.{what}'))}</a>"
        for name, what in (picture, ("faces.csv", "table"), ("faces.json", "json"))
    )
    return f'<p class="mm-link" id="mm-saves"><span class="soft">{escape(say("predict.save"))}</span>{links}</p>'


def _limits(answer: Answer) -> str:
    if not (answer.asked.look and answer.looks):
        return ""
    more = f" {say('predict.looked.most', n=MOST_LOOKED_AT)}" if answer.faces > MOST_LOOKED_AT else ""
    return f'<p class="small soft">{escape(say("predict.looked") + more)}</p>'


def _picture(answer: Answer, number: int, file_name: str, looks: Iterator[Mapping[str, LookedAt]]) -> str:
    """One picture: alone as it is, among several a part that opens."""
    prediction = answer.pictures[number]
    count = len(prediction.faces)
    cards = "".join(
        _face_card(n, face, next(looks, {}), answer.line) for n, face in enumerate(prediction.faces, start=1)
    )
    said = say(f"predict.faces.{'none' if not count else 'one' if count == 1 else 'many'}", n=amount(count))
    shown = ""
    if answer.folder is not None:
        url = file_url(answer.folder / file_name)
        alt = say("predict.boxes", name=prediction.image.name, faces=said)
        shown = f'<img class="mm-shown" src="{url}" alt="{escape(alt, quote=True)}">'
    body = shown + (
        f'<div class="mm-faces">{cards}</div>' if count else f'<p class="soft">{escape(say("predict.no_face"))}</p>'
    )
    if len(answer.pictures) == 1:
        return f'<div class="mm-stack">{body}</div>'
    name = (
        prediction.image.name if prediction.time_ms is None else f"{prediction.image.name}, {clock(prediction.time_ms)}"
    )
    opened = " open" if number < _OPEN_PICTURES else ""
    return (
        f'<details class="mm-card mm-part"{opened}><summary><strong>{escape(name)}</strong>'
        f'<span class="soft">{said}</span></summary><div class="mm-stack">{body}</div></details>'
    )


def _face_card(number: int, face: FacePrediction, looks: Mapping[str, LookedAt], line: SaidLine | None) -> str:
    """Number, crop, and the bars of every source that answered."""
    crop = "" if face.crop is None else f'<img src="{_data_url(Image.fromarray(face.crop).resize((64, 64)))}" alt="">'
    head = (
        f'<div class="mm-face-head"><span class="mm-number">{number}</span>{crop}'
        f'<span class="soft small">{escape(say("predict.sure", percent=percent(face.detection_prob)))}</span></div>'
    )
    parts = [
        _opinion(say("predict.baseline"), face.image_only, looks.get("image_only")),
        _opinion(say("predict.student"), face.student, looks.get("student")),
    ]
    if face.with_line is not None and line is not None:
        by = "student" if line.by_student else "baseline"
        parts.append(opinion(say(f"predict.together.{by}"), face.with_line))
    return f'<div class="mm-card" data-face="{number}">{head}{opinions(parts)}</div>'


def _opinion(title: str, probs: Mapping[str, float] | None, look: LookedAt | None) -> str:
    bars = opinion(title, probs, absent=say("predict.absent"))
    if look is None:
        return bars
    url = _data_url(Image.fromarray(look.picture))
    spoke = escape(say("predict.spoke", label=look.label, points=f"{100 * max(look.most, 0):.0f}"), quote=True)
    return (
        f'<div>{bars}<figure class="mm-look"><img src="{url}" alt="{spoke}">'
        f"<figcaption>{spoke}.</figcaption></figure></div>"
    )


def _data_url(image: Image.Image) -> str:
    """A small picture inside the page, so that no address leads to a face."""
    stream = io.BytesIO()
    image.save(stream, format="JPEG", quality=88)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"
