"""B-T4SA: tweets with pictures and a sentiment that was told from the text (Vadicamo et al. 2017)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from mmemo.datasets.paired import CONTEXT, PairedSet
from mmemo.datasets.paths import Listing
from mmemo.datasets.problems import LEFT_OUT, MISSING, ODD, ProblemLog
from mmemo.datasets.sources import PictureFiles, on_disk
from mmemo.datasets.tables import decode, read_lines
from mmemo.errors import InputError
from mmemo.labels import SENTIMENT3

SPLITS = ("train", "val", "test")
PUBLISHED = {"train": 368_586, "val": 51_000, "test": 51_000}
# The numbers of the published files, in their order.
_SENTIMENTS = ("negative", "neutral", "positive")
_ROW = re.compile(r"(\S+) ([012])")
_TWEET = re.compile(rb'"?(\d{1,20})"?,(.*)', re.DOTALL)
_FORM = "a row is a picture and 0, 1 or 2, such as data/75801/758014713804587008-1.jpg 2"
_MAX_TEXT_BYTES = 100_000


def bt4sa_file(folder: Path, split: str) -> Path:
    """The list of a split."""
    return folder / f"b-t4sa_{split}.txt"


def bt4sa_set(folder: Path, split: str) -> PairedSet:
    """A split: pictures with the text and the sentiment of their tweet, which is a group.

    Texts are from `raw_tweets_text.csv` in the folder or above it, "" without. Where `t4sa_text_sentiment.tsv` is
    there, its three probabilities are the `dimensions`, and labels that are not the largest of them are counted: the
    label was made from them, so that rows that are paired wrongly show. A malformed row raises InputError.
    """
    if split not in SPLITS:
        raise InputError(f"B-T4SA has no split {split!r}", hint=f"choose one of {', '.join(SPLITS)}")
    names, labels = _rows(bt4sa_file(folder, split))
    tweets = [tweet_of(name) for name in names]
    log = ProblemLog()
    present = on_disk(folder, names, Listing())
    for row in np.flatnonzero(~present).tolist():
        log.add(MISSING, "missing pictures", names[row])
    ids = tuple(Path(name).stem for name in names)
    dimensions = _sentiments(folder, tweets, labels, log)
    return PairedSet(
        name="B-T4SA",
        split=split,
        vocabulary=SENTIMENT3,
        ids=ids,
        groups=tuple(tweets),
        labels=labels,
        texts=_texts(folder, tweets, log),
        pictures={CONTEXT: PictureFiles(folder, names, ids, present)},
        dimensions=dimensions,
        dimension_names=() if dimensions is None else _SENTIMENTS,
        problems=log.problems(),
    )


def tweet_of(name: str) -> str:
    """The tweet of a picture: 758014713804587008 of data/75801/758014713804587008-1.jpg."""
    return Path(name).stem.partition("-")[0]


def _rows(path: Path) -> tuple[list[str], np.ndarray]:
    names, labels = [], []
    for number, line in enumerate(read_lines(path, _FORM), 1):
        match = _ROW.fullmatch(line.strip())
        if match is None:
            raise InputError(f"row {number} of {path} is {line[:80]!r}", hint=_FORM)
        names.append(match[1])
        labels.append(SENTIMENT3.index(_SENTIMENTS[int(match[2])]))
    return names, np.array(labels, np.int64)


def _beside(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder.parent / name) if path.is_file()), None)


def _texts(folder: Path, tweets: list[str], log: ProblemLog) -> tuple[str, ...] | None:
    path = _beside(folder, "raw_tweets_text.csv")
    if path is None:
        log.add(MISSING, "missing file of texts (the pictures are there)", "raw_tweets_text.csv")
        return None
    found = read_tweets(path, set(tweets))
    for tweet in dict.fromkeys(tweets):
        if tweet not in found:
            log.add(MISSING, "tweets without text", tweet)
    return tuple(found.get(tweet, "") for tweet in tweets)


def read_tweets(path: Path, wanted: Collection[str]) -> dict[str, str]:
    """The texts of some tweets from `id,text` rows: everything after the first comma is the text, commas or not.

    The file, of millions of rows, is read line by line and never held whole. A line that does not begin with an id
    goes on with the text before it.
    """
    found = {}
    for tweet, text in _tweets(path):
        if tweet in wanted:
            whole = decode(text[:_MAX_TEXT_BYTES]).strip()
            if len(whole) > 1 and whole[0] == whole[-1] == '"':
                whole = whole[1:-1].replace('""', '"')
            found[tweet] = whole
    return found


def _tweets(path: Path) -> Iterator[tuple[str, bytes]]:
    tweet, text = "", b""
    try:
        with path.open("rb") as stream:
            while line := stream.readline(_MAX_TEXT_BYTES):
                match = _TWEET.fullmatch(line)
                if match:
                    if tweet:
                        yield tweet, text
                    tweet, text = match[1].decode(), match[2]
                elif len(text) < _MAX_TEXT_BYTES:
                    text += line
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", hint="get it again") from error
    if tweet:
        yield tweet, text


def _sentiments(folder: Path, tweets: list[str], labels: np.ndarray, log: ProblemLog) -> np.ndarray | None:
    """(N, 3) float32 probabilities of negative, neutral and positive; NaN for a tweet that the table does not have."""
    path = _beside(folder, "t4sa_text_sentiment.tsv")
    if path is None:
        return None
    rows_of: dict[str, list[int]] = {}
    for row, tweet in enumerate(tweets):
        rows_of.setdefault(tweet, []).append(row)
    probs = np.full((len(tweets), 3), np.nan, np.float32)
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            tweet, *values = decode(line[:1000]).split() or [""]
            if tweet in rows_of:
                try:
                    probs[rows_of[tweet]] = [float(value) for value in values]
                except ValueError as error:
                    raise InputError(f"row {number} of {path} is malformed", hint="TWID NEG NEU POS") from error
    columns = np.array([SENTIMENT3.index(name) for name in _SENTIMENTS])
    for row in np.flatnonzero(np.isnan(probs).any(axis=1)).tolist():
        log.add(LEFT_OUT, "tweets without probabilities", tweets[row])
    known = ~np.isnan(probs).any(axis=1)
    for row in np.flatnonzero(known & (columns[np.nan_to_num(probs).argmax(axis=1)] != labels)).tolist():
        log.add(ODD, "labels that are not the tweet's most probable sentiment", tweets[row])
    return probs
