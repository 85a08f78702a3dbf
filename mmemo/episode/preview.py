"""A short clip out of an episode that any browser plays, for people who review a line."""

from __future__ import annotations

from pathlib import Path

from mmemo.errors import InputError

# Enough to recognise an expression, small enough to be made in about a second.
_MAX_HEIGHT_PX = 480
_MAX_MS = 20_000


def write_clip(video: Path, start_ms: int, end_ms: int, target: Path) -> None:
    """Write start_ms..end_ms (at most 20 s) of a video with its sound as an H.264 .mp4.

    `target` must end in .mp4; it is not written in one move, which is the caller's to do. A range outside the
    video, or a file that cannot be read, raises InputError.
    """
    from moviepy import VideoFileClip

    assert target.suffix == ".mp4" and 0 <= start_ms < end_ms
    try:
        clip = VideoFileClip(str(video))
    except (OSError, KeyError, IndexError) as error:
        raise InputError(f"{video} cannot be read as a video", hint="was it moved or damaged?") from error
    with clip:
        end_s = min(end_ms, start_ms + _MAX_MS) / 1000
        if start_ms / 1000 >= clip.duration:
            raise InputError(f"{video.name} ends before {start_ms} ms", hint="choose a line inside the video")
        part = clip.subclipped(start_ms / 1000, min(end_s, clip.duration))
        if part.h > _MAX_HEIGHT_PX:
            part = part.resized(height=_MAX_HEIGHT_PX)
        part.write_videofile(
            str(target),
            codec="libx264",
            audio_codec="aac",
            # The sound is encoded to a file of its own first; it lies beside the clip and goes with it.
            temp_audiofile_path=str(target.parent),
            ffmpeg_params=["-pix_fmt", "yuv420p", "-vf", "crop=trunc(iw/2)*2:trunc(ih/2)*2", "-movflags", "+faststart"],
            preset="veryfast",
            logger=None,
        )
