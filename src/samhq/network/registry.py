"""The models samhq knows by name: where they come from, where they lie, and whether they are unchanged."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from samhq.errors import CheckpointError, ExportError
from samhq.files import explain_os_error, natural_key, write_text
from samhq.monitor import SILENT, Event, Monitor
from samhq.network.download import TransferError, fetch

__all__ = [
    "MODELS",
    "STARTER",
    "ModelEntry",
    "ModelSource",
    "VerifyResult",
    "download_model",
    "list_models",
    "models_folder",
    "resolve_model",
    "verify_model",
]

_LOG = logging.getLogger(__name__)
STARTER = "starter"
MODEL_SUFFIXES = (".pth", ".pt", ".safetensors")
_PACKAGED = Path(__file__).resolve().parents[1] / "models" / "starter.safetensors"
_REPO = "lkeab/hq-sam"
# The commit that added the last of the four files: a later change of the repository cannot change what is fetched.
_REVISION = "a3a77cd0a2e5e50eaa76faccf61b964732d9b35f"


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A model samhq knows by name.

    size_bytes: of the file. sha256: published hash of the file as hex, None if none is known: then it is shown after
    the download and remembered. repo, revision: on Hugging Face, empty for the model in the package.
    """

    name: str
    architecture: str
    title: str
    size_bytes: int
    license: str
    repo: str
    revision: str
    filename: str
    sha256: str | None


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model in the list.

    where: "package", "folder" (of models) or "download" (not here yet). size_bytes: of the file here, else of the one
    to download. architecture: "?" where the file alone does not say it. path: None if it is not here.
    """

    name: str
    title: str
    architecture: str
    where: Literal["package", "folder", "download"]
    installed: bool
    size_bytes: int
    path: Path | None


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What hashing a model file again showed.

    expected: the hash it should have, None if there was none to compare with. known_from: where that one comes from.
    """

    name: str
    path: Path
    sha256: str
    expected: str | None
    known_from: Literal["published", "remembered", "nowhere"]
    message: str

    @property
    def ok(self) -> bool:
        """False if the file differs from what it should be."""
        return self.expected in (None, self.sha256)


def _official(name: str, title: str, *, size_bytes: int, sha256: str) -> ModelSource:
    return ModelSource(
        name, name, title, size_bytes, "Apache-2.0", _REPO, _REVISION, f"sam_hq_{name}.pth", sha256
    )


# Sizes and hashes: the Git LFS pointers of the four commits of https://huggingface.co/lkeab/hq-sam.
MODELS: Mapping[str, ModelSource] = {
    source.name: source
    for source in (
        ModelSource(
            STARTER,
            "vit_tiny",
            "small model for first steps, part of samhq",
            21_232_248,
            "MIT",
            "",
            "",
            _PACKAGED.name,
            "72d09bb035c3a1d40c643953ef3394240792a35cada27a72f65b46b12105df8e",
        ),
        _official(
            "vit_tiny",
            "Light HQ-SAM: fast, good on a CPU",
            size_bytes=42_526_881,
            sha256="0f32c075ccdd870ae54db2f7630e7a0878ede5a2b06d05d6fe02c65a82fb7196",
        ),
        _official(
            "vit_b",
            "HQ-SAM ViT-B: more exact, some minutes an image on a CPU",
            size_bytes=379_335_069,
            sha256="14a9d662cd6f5a9c2dba6d40ab0058d88d287e4a18fd6fdc6ad5fb1a3fdeaa57",
        ),
        _official(
            "vit_l",
            "HQ-SAM ViT-L: for GPUs",
            size_bytes=1_254_865_805,
            sha256="e1a6c385d62bf005ded91a54d5ec55c985cfc4103ef89c08d90f39f04934c343",
        ),
        _official(
            "vit_h",
            "HQ-SAM ViT-H: the most exact, for GPUs",
            size_bytes=2_570_940_653,
            sha256="a7ac14a085326d9fa6199c8c698c4f0e7280afdbb974d2c4660ec60877b45e35",
        ),
    )
}


# ------------------------------------------------------------------------------------ what is where


def models_folder() -> Path:
    """The folder of downloaded models; the environment variable SAMHQ_MODELS names another. It may not exist yet."""
    chosen = os.environ.get("SAMHQ_MODELS", "").strip()
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return platformdirs.user_data_path("samhq", appauthor=False) / "models"


def list_models() -> list[ModelEntry]:
    """All models samhq knows, and the other model files in the models folder."""
    entries = [_entry_of(source) for source in MODELS.values()]
    known = {source.filename.casefold() for source in MODELS.values() if source.repo}
    for path in _files_in_folder():
        if path.name.casefold() not in known:
            size = path.stat().st_size
            entries.append(
                ModelEntry(path.name, "your file", _architecture(path), "folder", True, size, path)
            )
    return entries


def resolve_model(name_or_path: str | Path) -> Path:
    """The file of a model given by name (see list_models) or as a path.

    Raises CheckpointError: what is missing, and how to get it or what was probably meant.
    """
    text = str(name_or_path).strip()
    source = MODELS.get(text.casefold())
    if source:
        return _installed(source)
    with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: no home folder for ~
        path = Path(text).expanduser()
        if path.is_file():
            return path
        if path.is_dir() and text:
            raise CheckpointError(f"{text}: is a folder; choose the model file inside it")
    for path in _files_in_folder():
        if text.casefold() in (path.name.casefold(), path.stem.casefold()):
            return path
    for source in MODELS.values():
        if text.casefold() in (source.filename.casefold(), Path(source.filename).stem.casefold()):
            return _installed(source)
    raise CheckpointError(_not_found(text))


def _path_of(source: ModelSource) -> Path:
    return models_folder() / source.filename if source.repo else _PACKAGED


def _entry_of(source: ModelSource) -> ModelEntry:
    path = _path_of(source)
    here = path.is_file()
    where: Literal["package", "folder", "download"] = "download"
    if here:
        where = "folder" if source.repo else "package"
    size = path.stat().st_size if here else source.size_bytes
    return ModelEntry(
        source.name, source.title, source.architecture, where, here, size, path if here else None
    )


def _installed(source: ModelSource) -> Path:
    path = _path_of(source)
    if path.is_file():
        return path
    if not source.repo:
        raise CheckpointError(f"{path}: is missing; the installation of samhq is not whole, install it again")
    raise CheckpointError(
        f"{source.name}: is not downloaded yet ({source.size_bytes / 1e6:,.0f} MB); get it with: "
        f"samhq models download {source.name}"
    )


def _files_in_folder() -> list[Path]:
    try:
        found = [
            p for p in models_folder().iterdir() if p.suffix.casefold() in MODEL_SUFFIXES and p.is_file()
        ]
    except OSError:
        return []
    return sorted(found, key=lambda p: natural_key(p.name))


def _architecture(path: Path) -> str:
    """The architecture a .safetensors file names in its header; "?" for all others, which would have to be loaded."""
    try:
        with path.open("rb") as stream:
            size = int.from_bytes(stream.read(8), "little")
            if path.suffix.casefold() != ".safetensors" or not 2 <= size <= 2**24:
                return "?"
            named = json.loads(stream.read(size)).get("__metadata__", {}).get("architecture", "?")
    except (OSError, ValueError, AttributeError):
        return "?"
    return str(named)


def _not_found(text: str) -> str:
    names = [*MODELS, *(p.name for p in _files_in_folder())]
    looks_like_path = any(c in text for c in "/\\~") or Path(text).suffix.casefold() in MODEL_SUFFIXES
    fault = "there is no such model file" if looks_like_path else "there is no such model"
    close = difflib.get_close_matches(Path(text.replace("\\", "/")).name.casefold(), names, n=2, cutoff=0.6)
    meant = f"did you mean {' or '.join(close)}? Known models" if close else "known models"
    return f"{text or 'model'}: {fault}; {meant}: {', '.join(names)}, or give the path of a model file"


# ------------------------------------------------------------------------------------ download and check


def download_model(
    name: str, *, monitor: Monitor = SILENT, endpoint: str | None = None, force: bool = False
) -> Path:
    """Fetch an official model into the models folder and check its hash; a broken-off download goes on.

    endpoint: instead of https://huggingface.co or the environment variable HF_ENDPOINT. force: also if it is there.
    Reports bytes under the stages "download" and "verify". Returns the path of the file.
    Raises CheckpointError with the fault and the way to do it by hand; Cancelled if monitor asks to stop.
    """
    source = _source_of(name)
    target = _path_of(source)
    if not source.repo:
        return _installed(source)
    with _explained(source, target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(target):
            if target.exists() and not force and _is_good(source, target, monitor=monitor):
                return target
            _refuse_offline(source)
            part = target.with_name(target.name + ".part")
            fetch(_url(source, endpoint), part, monitor=monitor, item=source.filename)
            _accept(source, part, target, monitor=monitor)
    return target


def verify_model(name: str, *, monitor: Monitor = SILENT) -> VerifyResult:
    """Hash a model file again and compare with the published hash, or with the one remembered beside the file.

    name: as for resolve_model. Where there is nothing to compare with, the hash is remembered from now on.
    Raises CheckpointError if the file is missing or unreadable.
    """
    path = resolve_model(name)
    source = next((s for s in MODELS.values() if _path_of(s) == path), None)
    try:
        found = _sha256(path, monitor=monitor, item=path.name)
    except OSError as error:
        raise CheckpointError(explain_os_error(error, path)) from error
    published = source.sha256 if source else None
    expected = published or _remembered(path)
    if expected is None and path.parent == models_folder():
        with contextlib.suppress(ExportError):  # a folder that may only be read
            _remember(path, found)
    known: Literal["published", "remembered", "nowhere"] = "published" if published else "remembered"
    known = known if expected else "nowhere"
    result = VerifyResult(name, path, found, expected, known, "")
    return VerifyResult(name, path, found, expected, known, _verdict(result))


def _verdict(result: VerifyResult) -> str:
    if result.expected is None:
        return f"sha256 {result.sha256}; none was known to compare with"
    if result.ok:
        return f"sha256 {result.sha256}, as {result.known_from}"
    return (
        f"{result.path}: sha256 is {result.sha256} instead of {result.expected}, as {result.known_from}; the file is "
        "damaged or another one; for an official model: samhq models download NAME --force"
    )


def _source_of(name: str) -> ModelSource:
    wanted = name.strip().casefold()
    for source in MODELS.values():
        if wanted in (source.name, source.filename.casefold(), Path(source.filename).stem.casefold()):
            return source
    close = difflib.get_close_matches(wanted, MODELS, n=1)
    hint = f"did you mean {close[0]}? There are" if close else "there are"
    raise CheckpointError(f"{name}: there is no such model to download; {hint}: {', '.join(MODELS)}")


def _url(source: ModelSource, endpoint: str | None) -> str:
    base = endpoint or os.environ.get("HF_ENDPOINT", "").strip() or "https://huggingface.co"
    return f"{base.rstrip('/')}/{source.repo}/resolve/{source.revision}/{source.filename}"


def _refuse_offline(source: ModelSource) -> None:
    for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        if os.environ.get(variable, "").strip().upper() in ("1", "ON", "YES", "TRUE"):
            raise TransferError(f"{variable} forbids the network; unset it to download {source.name}")


@contextlib.contextmanager
def _explained(source: ModelSource, folder: Path) -> Iterator[None]:
    """Turn what can go wrong into a CheckpointError that also tells how to do it by hand."""
    by_hand = f"Or open {_url(source, None)} in a browser and put the file into {folder}"
    try:
        yield
    except TransferError as error:
        raise CheckpointError(f"{source.filename}: {error}. {by_hand}") from error
    except ExportError as error:
        raise CheckpointError(str(error)) from error
    except OSError as error:
        _LOG.info("downloading %s failed", source.filename, exc_info=True)
        path = Path(error.filename) if isinstance(error.filename, str) else folder / source.filename
        raise CheckpointError(f"{explain_os_error(error, path)}. {by_hand}") from error


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Keep a second download of the same file out."""
    import filelock

    lock = filelock.FileLock(target.with_name(f".{target.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise TransferError("is being downloaded by another samhq already; wait for it") from error
    try:
        yield
    finally:
        lock.release()


def _is_good(source: ModelSource, target: Path, *, monitor: Monitor) -> bool:
    """Whether the file that is there can stay. Raises CheckpointError if it is whole but not the published one."""
    if target.stat().st_size < source.size_bytes and source.sha256:
        return False  # cut off, for example by a browser
    found = _sha256(target, monitor=monitor, item=source.filename)
    expected = source.sha256 or _remembered(target)
    if expected not in (None, found):
        raise CheckpointError(
            f"{target}: is there, but its sha256 is {found} instead of {expected}; to replace it: "
            f"samhq models download {source.name} --force"
        )
    _remember(target, found)
    return True


def _accept(source: ModelSource, part: Path, target: Path, *, monitor: Monitor) -> None:
    """Check the whole download and give it its name, or set it aside."""
    found = _sha256(part, monitor=monitor, item=source.filename)
    if source.sha256 not in (None, found):
        bad = target.with_name(target.name + ".bad")
        part.replace(bad)
        raise CheckpointError(
            f"{source.filename}: the download has sha256 {found} instead of {source.sha256}; it is not used, but kept "
            f"as {bad}. Download it again; if that happens twice, the network or HF_ENDPOINT serves another file"
        )
    part.replace(target)
    _remember(target, found)
    compared = "as published" if source.sha256 else "none is published, remembered from now on"
    text = f"{source.filename}: sha256 {found}, {compared}"
    monitor.report(Event("verify", done=1, total=1, item=source.filename, message=text))


def _sha256(path: Path, *, monitor: Monitor, item: str) -> str:
    digest = hashlib.sha256()
    total, done = path.stat().st_size, 0
    with path.open("rb") as stream:
        while piece := stream.read(1 << 22):
            digest.update(piece)
            done += len(piece)
            monitor.check()
            monitor.report(Event("verify", done=done, total=total, item=item))
    return digest.hexdigest()


def _note_of(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _remember(path: Path, sha256: str) -> None:
    # The form of sha256sum, so that `sha256sum -c` can read it.
    write_text(_note_of(path), f"{sha256}  {path.name}\n")


def _remembered(path: Path) -> str | None:
    try:
        words = _note_of(path).read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        return None
    return words[0].lower() if words and len(words[0]) == 64 else None
