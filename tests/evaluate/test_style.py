from __future__ import annotations

import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest

from mmemo.evaluate.plots import distribution_figure
from mmemo.evaluate.style import ACCENT, AMBER, BASELINE, GREEN, INK, figure_to_svg

PALETTE = {"accent": ACCENT, "baseline": BASELINE, "amber": AMBER, "green": GREEN, "ink": INK}


def linear(colour: str) -> np.ndarray:
    """sRGB hex to linear light."""
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def luminance(light: np.ndarray) -> float:
    return float(light @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("name", PALETTE)
@pytest.mark.parametrize("ground", ["#ffffff", "#1b1f25"])
def test_every_colour_stands_out_on_light_and_dark(name: str, ground: str) -> None:
    high, low = sorted((luminance(linear(PALETTE[name])), luminance(linear(ground))), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 3.0


# Machado, Oliveira and Fernandes 2009, severity 1.0: what is left of linear RGB without one kind of cone.
BLINDNESS = {
    "none": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


def lab(light: np.ndarray) -> np.ndarray:
    """Linear RGB to CIE L*a*b*, D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.maximum(to_xyz @ light, 1e-4) / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("kind", BLINDNESS)
def test_colours_that_meet_in_a_chart_stay_apart_for_all_eyes(kind: str) -> None:
    seen = {name: lab(np.asarray(BLINDNESS[kind]) @ linear(PALETTE[name])) for name in PALETTE if name != "ink"}
    for first, second in combinations(seen, 2):
        assert np.linalg.norm(seen[first] - seen[second]) > 20, (first, second)


def chart(name: str = "student") -> str:
    return figure_to_svg(distribution_figure({name: np.full(7, 1 / 7)}), alt='Shares of "classes" <7>')


def test_svg_is_one_element_without_addresses_or_fixed_ink() -> None:
    svg = chart()
    element = ET.fromstring(svg)
    assert element.tag == "svg"
    assert element.get("role") == "img"
    assert element.get("aria-label") == 'Shares of "classes" <7>'
    assert "http" not in svg
    assert INK not in svg
    assert "currentColor" in svg
    assert ">neutral<" in svg.replace("\n", "").replace(" ", "")


def test_svg_without_words_is_decoration() -> None:
    assert 'aria-hidden="true"' in figure_to_svg(distribution_figure({"gold": np.eye(7)[0]}))


def test_two_charts_on_a_page_share_no_ids_and_all_references_hold() -> None:
    ids = []
    for svg in (chart("student"), chart("target")):
        root = ET.fromstring(svg)
        own = {node.get("id") for node in root.iter() if node.get("id")}
        references = {node.get("href", "#").lstrip("#") for node in root.iter() if node.get("href")}
        assert references <= own
        ids.append(own)
    assert ids[0]
    assert not ids[0] & ids[1]


def test_names_from_outside_are_text_and_not_markup_or_formulas() -> None:
    svg = figure_to_svg(distribution_figure({"<b>$x_1$</b>": np.full(7, 1 / 7)}))
    assert "<b>" not in svg
    assert any("<b>$x 1$</b>" in "".join(node.itertext()) for node in ET.fromstring(svg).iter("text"))


def test_the_librarys_own_settings_stay_as_they_were() -> None:
    before = dict(mpl.rcParams)
    chart()
    assert dict(mpl.rcParams) == before


def test_charts_drawn_in_threads_are_the_same() -> None:
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda _: chart(), range(8)))
    assert set(drawn) == {chart()}
