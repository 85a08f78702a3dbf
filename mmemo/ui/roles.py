"""Who signed in as annotator sees no button that only answers that a lead may do this.

This is for the eye alone: what may be done is decided where it is done, by `by_lead` and `must_lead`.
"""

from __future__ import annotations

import gradio as gr

from mmemo.errors import InputError
from mmemo.ui.context import AppContext, told
from mmemo.ui.sign_in import People

# Classes of what is there for leads alone, and of what annotators find in its place.
FOR_LEADS, FOR_ANNOTATORS = "mm-for-leads", "mm-for-annotators"


def roles(context: AppContext) -> gr.HTML:
    """The style of the page that hides what is not for who looks, by their role when the page is loaded."""
    rule = gr.HTML(_hide(FOR_ANNOTATORS), visible="hidden", elem_id="mm-roles")

    @told
    def on_load(request: gr.Request) -> str:
        return rule_of(context.people, request)

    gr.on(None, on_load, None, rule, show_progress="hidden", api_visibility="private")
    return rule


def rule_of(people: People, request: gr.Request | None) -> str:
    """The style for who asks; somebody who is not signed in may do nothing either."""
    try:
        leads = people.who(request).is_lead
    except InputError:
        leads = False
    return _hide(FOR_ANNOTATORS if leads else FOR_LEADS)


def _hide(css: str) -> str:
    return f"<style>.{css}{{display:none!important}}</style>"
