"""From a video and its subtitle to faces in the workspace."""
