"""Colours, type and spacing of the app: nothing here is fetched from another host."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import gradio as gr
from gradio.themes.utils import colors, fonts, sizes

HERE = Path(__file__).parent
STYLESHEET = HERE / "style.css"
FAVICON = HERE / "favicon.svg"

# Colour-blind-safe: hues of Okabe and Ito 2008, "Color Universal Design"; text always says the label too.
EMOTION_COLORS: Mapping[str, str] = {
    "neutral": "#8b93a3",
    "joy": "#e69f00",
    "sadness": "#0072b2",
    "anger": "#d55e00",
    "surprise": "#56b4e9",
    "fear": "#b565a7",
    "disgust": "#009e73",
}


def app_theme() -> gr.themes.Base:
    """Calm slate surfaces with one indigo accent; both modes keep text at 4.5 : 1 or better."""
    theme = gr.themes.Base(
        primary_hue=colors.indigo,
        secondary_hue=colors.violet,
        neutral_hue=colors.slate,
        text_size=sizes.text_md,
        spacing_size=sizes.spacing_md,
        radius_size=sizes.radius_lg,
        # Gradio bundles the semi-bold cut with a few letters only; the bold one is whole and stands in for it.
        font=(fonts.LocalFont("IBM Plex Sans", weights=(400, 700)), "ui-sans-serif", "system-ui", "sans-serif"),
        font_mono=("ui-monospace", "Consolas", "monospace"),
    )
    return theme.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        background_fill_primary="white",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_50",
        background_fill_secondary_dark="*neutral_900",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_color="*neutral_200",
        block_border_color_dark="*neutral_800",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_700",
        block_shadow="0 1px 2px rgb(15 23 42 / 0.05)",
        block_shadow_dark="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0",
        block_label_text_color="*neutral_600",
        block_label_text_color_dark="*neutral_300",
        block_title_text_color="*neutral_700",
        block_title_text_color_dark="*neutral_200",
        block_title_text_weight="600",
        block_info_text_color="*neutral_500",
        block_info_text_color_dark="*neutral_400",
        input_background_fill="white",
        input_background_fill_dark="*neutral_800",
        input_border_width="1px",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_700",
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="white",
        button_secondary_background_fill="white",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_background_fill_hover_dark="*neutral_700",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_700",
        button_border_width="1px",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
    )
