from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmemo.episode.cut_tables import CutFace, CutTrack, FaceRows, save_faces
from mmemo.episode.quality import FaceQuality
from mmemo.episode.tracks import SeenFace
from mmemo.store.tables import FACE_COLUMNS

QUALITY = FaceQuality(
    size_px=32.0, detection_prob=0.99, sharpness=1 / 3, brightness=120.0, yaw_deg=-5.0, pitch_deg=2.0, roll_deg=0.1
)


def face(frame_ms: int) -> CutFace:
    box = np.array([1.1, 2.2, 33.3, 44.4], np.float32)
    seen = SeenFace(0, frame_ms, box, 0.99, np.zeros((5, 2), np.float32))
    return CutFace(seen, np.full((300, 300, 3), 90, np.uint8), QUALITY, 0.7)


def test_a_row_says_what_was_found_and_where_its_picture_is(tmp_path: Path) -> None:
    (tmp_path / "crops").mkdir()
    rows = FaceRows()
    tracks = [CutTrack("listener", 0.25, 1, [face(40), face(80)]), CutTrack("speaker", 2.0, 0, [face(40)])]
    rows.add(save_faces(6, tracks, 20, tmp_path, 224, 95))
    assert len(rows) == 3
    table = rows.table({7: [4, 5]})
    assert table["face_id"].tolist() == ["c00007-t00021-40", "c00007-t00021-80", "c00007-t00022-40"]
    assert table["role"].tolist() == ["listener", "listener", "speaker"]
    assert table["shot_id"].tolist() == [5, 5, 4], "numbers of the episode"
    assert table["frame_ms"].tolist() == [40, 80, 40] and set(table["cue_id"]) == {7}
    assert table["sharpness"].tolist() == [np.float32(1 / 3)] * 3
    assert [table[edge][0] for edge in ("x1", "y1", "x2", "y2")] == pytest.approx([1.1, 2.2, 33.3, 44.4])
    for path in table["crop"]:
        with Image.open(tmp_path / path) as crop:
            assert crop.size == (224, 224)


def test_no_face_is_a_table_of_the_same_columns() -> None:
    empty = FaceRows().table({})
    assert tuple(empty.columns) == FACE_COLUMNS and empty.empty
    kinds = {name: str(kind) for name, kind in empty.dtypes.items()}
    assert [kinds[name] for name in ("cue_id", "track_id", "shot_id", "frame_ms")] == ["int32"] * 3 + ["int64"]
    assert kinds["x1"] == kinds["quality"] == kinds["speaker_score"] == "float32"
    assert kinds["face_id"] == kinds["role"] == kinds["crop"] == "str"
