"""Video and subtitles to cues, frames, faces, tracks and speakers."""
