"""The script that slows clocks nobody sees: it stands before every other, in the page alone, and in a whole answer."""

from __future__ import annotations

import gradio as gr
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from mmemo.ui.calm import SCRIPT, CalmPage, calm_queue, with_script

PAGE = "<!doctype html><head><title>é</title><script>first</script><script type=module src=a.js></script></head>"


def page(request: Request) -> Response:
    return HTMLResponse(PAGE)


def in_parts(request: Request) -> Response:
    return StreamingResponse(iter([PAGE[:50], PAGE[50:]]), media_type="text/html")


def data(request: Request) -> Response:
    return JSONResponse({"html": PAGE})


def client(at_root: object, root_path: str = "") -> TestClient:
    routes = [Route("/", at_root), Route("/other", page), Route("/", page, methods=["POST"])]
    app = Starlette(routes=routes, middleware=[Middleware(CalmPage)])
    return TestClient(app, root_path=root_path)


@pytest.mark.parametrize("answer", [page, in_parts])
def test_the_script_comes_before_the_first_of_the_page(answer: object):
    said = client(answer).get("/")
    assert said.text == PAGE.replace("<script>first", SCRIPT + "<script>first")
    assert len(said.content) == int(said.headers["content-length"])


def test_everything_else_passes_as_it_is():
    assert client(page).get("/other").text == PAGE
    assert client(page).post("/").text == PAGE
    assert client(data).get("/").json() == {"html": PAGE}


def test_the_page_behind_a_proxy_that_keeps_its_prefix():
    assert SCRIPT in client(page, "/shows").get("/shows/").text
    assert SCRIPT not in client(page, "/shows").get("/shows/other").text


@pytest.mark.parametrize("body", [b"", b"<p>no script</p>"])
def test_a_page_without_scripts_needs_none(body: bytes):
    assert with_script(body) == body


def test_another_script_may_be_as_early():
    app = Starlette(routes=[Route("/", page)], middleware=[Middleware(CalmPage, also="<script>2</script>")])
    assert TestClient(app).get("/").text == PAGE.replace("<script>first", f"{SCRIPT}<script>2</script><script>first")


def test_the_queue_rests_between_two_looks():
    with gr.Blocks() as made:
        gr.Markdown("x")
    made.queue()
    assert made._queue.sleep_when_free <= 0.05
    calm_queue(made)
    assert 0.01 <= made._queue.sleep_when_free <= 0.05
