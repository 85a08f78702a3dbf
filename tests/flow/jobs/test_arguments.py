from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmemo.episode.cut import CutSettings
from mmemo.episode.faces import DetectorSettings
from mmemo.errors import InputError
from mmemo.flow.adapt import AdaptSettings
from mmemo.flow.characters.finding import CharacterSettings
from mmemo.flow.cutting.sync import SyncMode
from mmemo.flow.jobs.arguments import OLD_RUN, settings_from
from mmemo.flow.teacher.label import LabelSettings
from mmemo.store.files import to_json
from mmemo.student.settings import TrainSettings

EVERYTHING = AdaptSettings(
    video=Path("/films/Ünïcode.mkv"),
    subtitles=Path("a.srt"),
    language="pt-BR",
    split_voices=False,
    sync=SyncMode.OFF,
    cut=CutSettings(detector=DetectorSettings(min_face_px=64, min_prob=0.8)),
    characters=CharacterSettings("off"),
    label=LabelSettings("embedded", 0, True),
    train=TrainSettings(recipe="fused", seed=7, dropout=0.0),
)


@pytest.mark.parametrize("settings", [EVERYTHING, AdaptSettings(Path("a.mp4"))])
def test_settings_come_back_from_the_table_as_they_were(settings: AdaptSettings):
    assert settings_from(AdaptSettings, json.loads(to_json(settings))) == settings


def test_what_is_missing_gets_its_default():
    assert settings_from(AdaptSettings, {"video": "a.mp4"}) == AdaptSettings(Path("a.mp4"))
    assert settings_from(TrainSettings, {"dropout": 0}).dropout == 0.0


@pytest.mark.parametrize(
    "values",
    [
        {},
        [],
        None,
        {"video": 3},
        {"video": None},
        {"video": "a.mp4", "unheard_of": 1},
        {"video": "a.mp4", "sync": "perhaps"},
        {"video": "a.mp4", "split_voices": 1},
        {"video": "a.mp4", "cut": {"detector": {"min_face_px": "40"}}},
        {"video": "a.mp4", "cut": []},
    ],
)
def test_what_are_no_settings_is_refused(values: object):
    with pytest.raises(InputError, match="start it anew"):
        settings_from(AdaptSettings, values)


def test_who_reads_them_says_what_to_do_about_it():
    with pytest.raises(InputError, match="adapt to the episode again"):
        settings_from(TrainSettings, {"unheard_of": 1}, OLD_RUN)


def test_settings_check_themselves_again():
    with pytest.raises(InputError, match="--seed"):
        settings_from(TrainSettings, {"seed": -1})
