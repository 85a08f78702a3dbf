"""Where a teacher's files are: embedded, a folder, or a hub id in the cache or on the network."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from mmemo.errors import InputError, ModelUnavailable
from mmemo.settings import MODELS
from mmemo.store.files import hash_file, storage_errors
from mmemo.teacher.anchors import ANCHORS_FILE

EMBEDDED = "embedded"
EMBEDDED_FOLDER = MODELS / "teacher-minilm"
# What a classifier needs; other frameworks' copies of the weights stay where they are.
_SMALL_FILES = (
    "config.json", "tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.*", "merges.txt",
    "*.model", "bpe.codes", ANCHORS_FILE,
)  # fmt: skip
_WEIGHT_FILES = (("model*.safetensors", "model.safetensors.index.json"), ("pytorch_model*.bin*",))
_IDENTIFYING = (".safetensors", ".bin", ".json", ".txt", ".model")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_NETWORK_PATIENCE_S = 5


@dataclass(frozen=True, slots=True)
class TeacherSource:
    """A folder that holds a teacher's files, and an identity that changes when they do."""

    folder: Path
    identity: str


def find_teacher(name: str, *, download: bool = True) -> TeacherSource:
    """Find a teacher by name: `embedded`, an existing folder, or a hub id.

    A hub id that is in the local cache is never looked up on the network, so an answer is the same online and
    offline. Raises InputError for a folder that does not exist or holds no model, ModelUnavailable for a hub id
    that can be had neither from the cache nor, with `download`, from the network.
    """
    if name == EMBEDDED:
        return _embedded()
    if name and Path(name).expanduser().is_dir():
        return _folder(Path(name).expanduser())
    if not _HUB_ID.fullmatch(name):
        raise InputError(f"there is no folder {name!r}", hint=f"check its path, or use {EMBEDDED} or a hub id")
    return _cached(name) or _downloaded(name, download)


def _embedded() -> TeacherSource:
    path = EMBEDDED_FOLDER / "model.safetensors"
    if not path.is_file():
        raise ModelUnavailable(f"the embedded teacher is missing: {path}", hint="get the repository's files again")
    return TeacherSource(EMBEDDED_FOLDER, f"{EMBEDDED}:{EMBEDDED_FOLDER.name}@{hash_file(path)[:16]}")


def _folder(folder: Path) -> TeacherSource:
    if not (folder / "config.json").is_file():
        raise InputError(
            f"the folder {folder} holds no model: it has no config.json",
            hint="save one with save_pretrained, or pack one with pipelines.pack_teacher",
        )
    digest = hashlib.blake2b(digest_size=8)
    files = (p for p in folder.iterdir() if p.is_file() and p.suffix in _IDENTIFYING and p.name != ANCHORS_FILE)
    for path in sorted(files):
        digest.update(f"{path.name}={hash_file(path)};".encode())
    return TeacherSource(folder, f"folder:{folder.resolve().name}@{digest.hexdigest()}")


def _cached(name: str) -> TeacherSource | None:
    """The cached snapshot of a hub id, when it is whole enough to load."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        settings = try_to_load_from_cache(name, "config.json")
    except HFValidationError as error:
        raise InputError(
            f"{name!r} is neither a folder nor a hub id", hint=f"check its spelling, or use {EMBEDDED}"
        ) from error
    if not isinstance(settings, str) or not _is_whole(Path(settings).parent):
        return None
    snapshot = Path(settings).parent
    return TeacherSource(snapshot, f"hub:{name}@{snapshot.name[:16]}")


def _downloaded(name: str, download: bool) -> TeacherSource:
    reason = "it is not in the cache"
    if download:
        reason = _fetch(name)
        found = None if reason else _cached(name)
        if found is not None:
            return found
        reason = reason or "it lacks a config.json or weights that transformers can read"
    if Path(name).parent != Path() and Path(name).parent.is_dir():
        raise InputError(
            f"there is no folder {name!r}, and the hub gave no model of that name: {reason}",
            hint=f"{Path(name).parent} exists: check the folder's name in it",
        )
    raise ModelUnavailable(
        f"the teacher {name!r} cannot be had here: {reason}",
        hint=f"with a network, run `hf download {name}` once; or copy the model to a folder and pass that folder; "
        f"or use {EMBEDDED}, which needs no network",
    )


def _fetch(name: str) -> str:
    """Download a hub id into the cache; "" when that worked, else why it did not.

    The first request decides: without a network it fails at once and is not tried again.
    """
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

    try:
        with storage_errors(Path(constants.HF_HUB_CACHE)):
            for weights in _WEIGHT_FILES:
                kept = [*_SMALL_FILES, *weights]
                if _is_whole(Path(snapshot_download(name, allow_patterns=kept, etag_timeout=_NETWORK_PATIENCE_S))):
                    break
        return ""
    except GatedRepoError:
        return "its owner must grant access first (sign in with `hf auth login`)"
    except RepositoryNotFoundError:
        return "the hub knows no model of that name"
    except HfHubHTTPError as error:
        return f"the hub answered with an error ({type(error).__name__})"
    except Exception as error:
        if not _is_network_error(error):
            raise
        if constants.HF_HUB_OFFLINE:
            return "it is not in the cache, and HF_HUB_OFFLINE forbids the network"
        return "it is not in the cache, and the hub cannot be reached"


def _is_network_error(error: Exception) -> bool:
    """Whether a download failed on its way; the libraries below share no other base for that."""
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] in ("httpx", "httpx2", "httpcore")


def _is_whole(snapshot: Path) -> bool:
    has_weights = any(any(snapshot.glob(pattern)) for patterns in _WEIGHT_FILES for pattern in patterns)
    return (snapshot / "config.json").is_file() and has_weights
