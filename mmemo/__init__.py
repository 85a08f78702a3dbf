"""Turn a TV episode and its subtitles into a face-emotion model for that show."""

__version__ = "0.1.0"
