"""The Predict tab's answer as a page: pictures with boxes, a card a face, and the files to save."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping
from html import escape

from PIL import Image

from mmemo.flow.looked_at import LookedAt
from mmemo.flow.predict import FacePrediction
from mmemo.flow.predict_files import boxes_names
from mmemo.flow.said_line import SaidLine, named
from mmemo.progress import Progress
from mmemo.ui.html import chip, clock, empty, file_url, opinion, opinions, page_part, percent
from mmemo.ui.predict_answer import MOST_LOOKED_AT, Answer

NOTHING_YET = empty("No picture yet", "Upload one, paste one, use the camera, or click an example.")
LOADING = (
    f'<div class="mm-loading">'
    f"{empty('Loading the networks', 'Only the first picture after a start waits for them, some seconds.')}</div>"
)
_NO_FACE = "No face found: faces must be about 40 pixels wide or more and look towards the camera."
_LOOK_SAYS = (
    "Under each model: hiding an orange place makes its first choice less likely, hiding a blue one more likely. "
    "Measured by hiding 36 patches in turn."
)
_OPEN_PICTURES = 4


def waiting_html(progress: Progress) -> str:
    """How far a longer reading is."""
    count = f"{progress.done} of {progress.total}" if progress.total else str(progress.done)
    share = 100 * progress.done / progress.total if progress.total else 0
    bar = f'<div class="mm-progress"><i style="width:{share:.0f}%"></i></div>'
    said = progress.stage[:1].upper() + progress.stage[1:]
    return f'<div class="mm mm-loading"><div class="mm-card mm-stack" role="status"><span>{escape(said)}: {count}</span>{bar}</div></div>'


def answer_html(answer: Answer, run_title: str) -> str:
    """Who answers, the line, the files to save, and every picture with its faces."""
    looks = iter(answer.looks if answer.asked.look else ())
    names = boxes_names(answer.pictures)
    pictures = "".join(_picture(answer, number, name, looks) for number, name in enumerate(names))
    return page_part(_who(answer, run_title), _line(answer), _saves(answer), _limits(answer), pictures)


def _who(answer: Answer, run_title: str) -> str:
    if answer.run_id is None:
        return f'<p class="small soft">{escape(answer.why)}</p>'
    return f'<p class="small soft"><strong>{escape(run_title)}</strong> answers beside the baseline: {escape(answer.why)}.</p>'


def _line(answer: Answer) -> str:
    if answer.line is None:
        if not answer.asked.line.strip():
            return ""
        return '<p class="small soft">The line is not read: it needs an episode with a student, chosen above.</p>'
    return _said(answer.line)


def _said(line: SaidLine) -> str:
    shows = ", ".join(line.episode_ids)
    votes, evidence = named(line.votes), named(line.evidence)
    first = max(votes, key=lambda label: votes[label])
    best = max(evidence, key=lambda label: evidence[label])
    return (
        f'<div class="mm-card mm-stack" id="mm-said"><p>“{escape(line.text)}” '
        f'<span class="soft small">as if said in {escape(shows)}</span></p>'
        f'<p class="small soft">The text teacher hears {chip(first, f"{first} {percent(votes[first])}")} As evidence, no '
        f"surer than labelled text bears out: {chip(best, f'{best} {percent(evidence[best])}')}</p>"
        f'<p class="small soft">{escape(line.why)}</p></div>'
    )


def _saves(answer: Answer) -> str:
    if answer.folder is None or not answer.faces:
        return ""
    picture = ("faces.zip", "Pictures with boxes (.zip)")
    if len(answer.pictures) == 1:
        picture = (boxes_names(answer.pictures)[0], "Picture with boxes")
    links = "".join(
        f'<a href="{file_url(answer.folder / name)}" download="{escape(name, quote=True)}">{words}</a>'
        for name, words in (picture, ("faces.csv", "Table (.csv)"), ("faces.json", "JSON"))
    )
    return f'<p class="mm-link" id="mm-saves"><span class="soft">Save:</span>{links}</p>'


def _limits(answer: Answer) -> str:
    if not (answer.asked.look and answer.looks):
        return ""
    more = f" Shown for the first {MOST_LOOKED_AT} faces." if answer.faces > MOST_LOOKED_AT else ""
    return f'<p class="small soft">{_LOOK_SAYS}{more}</p>'


def _picture(answer: Answer, number: int, file_name: str, looks: Iterator[Mapping[str, LookedAt]]) -> str:
    """One picture: alone as it is, among several a part that opens."""
    prediction = answer.pictures[number]
    count = len(prediction.faces)
    cards = "".join(
        _face_card(n, face, next(looks, {}), answer.line) for n, face in enumerate(prediction.faces, start=1)
    )
    said = "no face" if not count else "1 face" if count == 1 else f"{count} faces"
    shown = ""
    if answer.folder is not None:
        url = file_url(answer.folder / file_name)
        alt = f"{prediction.image.name}, {said}, numbered boxes"
        shown = f'<img class="mm-shown" src="{url}" alt="{escape(alt, quote=True)}">'
    body = shown + (f'<div class="mm-faces">{cards}</div>' if count else f'<p class="soft">{_NO_FACE}</p>')
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
        f'<span class="soft small">face, {percent(face.detection_prob)} sure</span></div>'
    )
    parts = [
        _opinion("Baseline, not adapted", face.image_only, looks.get("image_only")),
        _opinion("Student, adapted", face.student, looks.get("student")),
    ]
    if face.with_line is not None and line is not None:
        parts.append(opinion(f"{'Student' if line.by_student else 'Baseline'} and line together", face.with_line))
    return f'<div class="mm-card" data-face="{number}">{head}{opinions(parts)}</div>'


def _opinion(title: str, probs: Mapping[str, float] | None, look: LookedAt | None) -> str:
    bars = opinion(title, probs, absent="not in use")
    if look is None:
        return bars
    url = _data_url(Image.fromarray(look.picture))
    most = f"hiding the strongest place takes {100 * max(look.most, 0):.0f} points off"
    alt = f"What spoke for {look.label}; {most}"
    return (
        f'<div>{bars}<figure class="mm-look"><img src="{url}" alt="{escape(alt, quote=True)}">'
        f"<figcaption>What spoke for {escape(look.label)}: {most}.</figcaption></figure></div>"
    )


def _data_url(image: Image.Image) -> str:
    """A small picture inside the page, so that no address leads to a face."""
    stream = io.BytesIO()
    image.save(stream, format="JPEG", quality=88)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"
