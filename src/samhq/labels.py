"""Labelled pictures: which pixels belong to which object, as somebody drew them.

Reads label pictures (PNG, TIFF or .npy with a number for each object, 0 for the ground) and COCO JSON
(polygons, plain and compressed run lengths), and finds the pictures of a folder together with their
labels. Evaluation and training both start here.

A set is a folder in one of these forms; a folder of such folders holds several sets:

    images/NAME.png + labels/NAME.png             subfolders and .tif, .tiff, .npy labels as well
    SPLIT/images + SPLIT/labels                   SPLIT is train, val, ...
    NAME.tif + NAME_labels.tif                    also _label, _masks, _mask, _cp_masks, _sam_hq_labels
    ANY.json (COCO) + its pictures                beside it or in images/

`index.csv` beside images/ may give a kind to each picture (columns id and kind), and `set.json` may say
{"incomplete": true} where objects were left unlabelled.
"""

from __future__ import annotations

import csv
import functools
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samhq.errors import ExportError, ImageReadError
from samhq.files import long_path, natural_key, write_bytes
from samhq.images import IMAGE_SUFFIXES, discover
from samhq.images.read import reading, stored_pages
from samhq.masks import MaskTable, runs_from_crop
from samhq.settings import ImageSettings

__all__ = [
    "LABEL_SUFFIXES",
    "LabelArray",
    "LabelledImage",
    "LabelledSet",
    "as_labels",
    "find_sets",
    "labels_of_masks",
    "pair_folders",
    "read_coco",
    "read_labels",
    "write_labels",
]

LabelArray = npt.NDArray[np.int32]
"""(height, width): 0 on the ground, 1 to n on n objects, every number used."""

LABEL_SUFFIXES = (".png", ".tif", ".tiff", ".npy")
_SPLITS = {"train", "training", "val", "valid", "validation", "test", "holdout"}
_MARKS = ("_sam_hq_labels", "_cp_masks", "_labels", "_label", "_masks", "_mask")


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One picture and where its labels are.

    name: relative to the folder of pictures, with "/". labels: a label picture, or a COCO file.
    kind: what it shows, "" where nobody said.
    """

    name: str
    image: Path
    labels: Path
    kind: str = ""

    def read(self, shape: tuple[int, int] | None = None) -> LabelArray:
        """Its labels; with shape (height, width) of the picture they are checked to fit.

        Raises ImageReadError naming the file, the fault and the remedy.
        """
        if self.labels.suffix.lower() == ".json":
            found = labels_of_masks(_coco_entry(self))
        else:
            found = read_labels(self.labels)
        if shape is not None and found.shape != shape:
            raise ImageReadError(
                f"{self.labels.name}: labels of {found.shape[1]} x {found.shape[0]} pixels for the picture "
                f"{self.image.name} of {shape[1]} x {shape[0]}; give labels drawn on this very picture"
            )
        return found


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Pictures that belong together.

    incomplete: objects were left unlabelled on purpose, so that what lies outside all labels is unknown.
    notices: what was passed over, one sentence each.
    """

    name: str
    folder: Path
    images: tuple[LabelledImage, ...]
    incomplete: bool = False
    notices: tuple[str, ...] = ()


# -------------------------------------------------------------------- reading labels


def read_labels(path: Path, *, split: bool = True) -> LabelArray:
    """The objects of a label picture.

    path: PNG or TIFF of whole numbers, or .npy of an integer array. A palette picture counts each colour
    as an object and black as the ground. A picture with a single number on several separate pieces is a
    black-and-white mask: each piece (8-connected) becomes an object, unless split is False.
    Raises ImageReadError.
    """
    if path.suffix.lower() == ".npy":
        values = _npy(path)
    elif path.suffix.lower() in LABEL_SUFFIXES:
        (stored,) = stored_pages(path, ImageSettings())
        values = stored.values
        if values.ndim == 3:
            values = _plain(values, path, palette=stored.mode.startswith("palette"))
    else:
        raise ImageReadError(
            f"{path.name}: labels ending in {path.suffix or 'nothing'} are not read; give one of "
            + ", ".join(LABEL_SUFFIXES)
        )
    return as_labels(values, name=path.name, split=split)


def as_labels(values: npt.NDArray[Any], *, name: str = "labels", split: bool = True) -> LabelArray:
    """An array of numbers as labels 1 to n; see read_labels for one number on several pieces.

    values: (height, width) of bool, integers or whole floats, 0 on the ground.
    Raises ImageReadError calling the array name.
    """
    if values.ndim != 2 or 0 in values.shape:
        raise ImageReadError(f"{name}: labels have shape {values.shape}; give (height, width)")
    if values.dtype.kind == "f":
        if not np.array_equal(values, np.rint(values)):
            raise ImageReadError(
                f"{name}: holds broken numbers; labels are whole numbers, 0 on the ground and one for each object"
            )
        values = values.astype(np.int64)
    if values.dtype.kind not in "bui":
        raise ImageReadError(f"{name}: labels of type {values.dtype} are not read; save whole numbers")
    if values.dtype.kind == "i" and values.min() < 0:
        raise ImageReadError(f"{name}: holds negative labels; 0 is the ground, objects count from 1")
    numbers, places = np.unique(values, return_inverse=True)
    labels = places.reshape(values.shape).astype(np.int32)
    if numbers[0] != 0:
        labels += 1  # no ground at all: the smallest number is an object as well
    if split and labels.max() == 1:
        from scipy.ndimage import label

        labels = np.asarray(label(labels, np.ones((3, 3)))[0], np.int32)
    return labels


def _npy(path: Path) -> npt.NDArray[Any]:
    with reading(path.name):
        try:
            loaded = np.load(io.BytesIO(long_path(path).read_bytes()), allow_pickle=False)
        except ValueError as error:
            raise ImageReadError(
                f"{path.name}: is no plain array; save the label array alone with numpy.save"
            ) from error
    return np.asarray(loaded)


def _plain(values: npt.NDArray[Any], path: Path, *, palette: bool) -> npt.NDArray[Any]:
    """One number a pixel out of a picture with three channels."""
    if (values == values[..., :1]).all() and not palette:
        return values[..., 0]
    if not palette:
        raise ImageReadError(
            f"{path.name}: is a colour picture, not labels; save one number for each object as a 16-bit gray "
            "PNG or TIFF, 0 on the ground"
        )
    wide = values.astype(np.int64)
    return (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]


def labels_of_masks(masks: MaskTable) -> LabelArray:
    """Masks that may overlap as labels; of two on one pixel the smaller is seen. Hidden ones are left out."""
    labels = np.zeros((masks.height, masks.width), np.int32)
    for number, i in enumerate(np.argsort(-masks.areas(), kind="stable"), start=1):
        x0, y0, x1, y1 = masks.boxes[i]
        labels[y0:y1, x0:x1][masks.crop(int(i))] = number
    places = np.unique(np.append(labels, 0), return_inverse=True)[1]
    return places[:-1].reshape(labels.shape).astype(np.int32)


def write_labels(path: Path, labels: LabelArray) -> Path:
    """Write labels as a picture that read_labels reads back, whole or not at all. Returns where it was written.

    path: .png (up to 65535 objects), .tif or .tiff. labels: (height, width), 0 on the ground.
    Raises ExportError for another ending or too many objects, and OSError.
    """
    most = int(labels.max(initial=0))
    suffix = path.suffix.lower()
    if suffix in (".tif", ".tiff"):
        import tifffile

        values = labels.astype(np.uint16 if most < 2**16 else np.uint32)
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, values, compression="deflate")
        return write_bytes(path, buffer.getvalue())
    if suffix != ".png":
        raise ExportError(f"{path.name}: labels are written as .png or .tif; give one of these endings")
    if most >= 2**16:
        raise ExportError(f"{path.name}: {most} objects do not fit into a PNG; write a .tif")
    import cv2

    done, data = cv2.imencode(".png", labels.astype(np.uint16))
    if not done:
        raise ExportError(f"{path.name}: the labels could not be encoded as PNG; write a .tif")
    return write_bytes(path, data.tobytes())


# -------------------------------------------------------------------- COCO


def read_coco(path: Path) -> dict[str, MaskTable]:
    """The masks of a COCO file by `file_name`.

    Polygons, plain and compressed run lengths are read; crowd regions (iscrowd 1 with several objects in
    one) are passed over. Pictures without an object have an empty table.
    Source of the format: https://cocodataset.org/#format-data
    Raises ImageReadError naming the file and the entry.
    """
    facts = long_path(path).stat() if path.is_file() else None
    return _read_coco(path, facts.st_mtime_ns if facts else 0)


@functools.lru_cache(maxsize=4)
def _read_coco(path: Path, changed_ns: int) -> dict[str, MaskTable]:
    data = _coco_json(path)
    shapes: dict[Any, tuple[str, int, int]] = {}
    runs: dict[Any, list[npt.NDArray[np.uint32]]] = {}
    scores: dict[Any, list[float]] = {}
    try:
        for entry in data["images"]:
            shapes[entry["id"]] = (str(entry["file_name"]), int(entry["height"]), int(entry["width"]))
        for annotation in data["annotations"]:
            if annotation.get("iscrowd"):
                continue
            place = annotation["image_id"]
            _, height, width = shapes[place]
            found = _runs(annotation.get("segmentation"), height=height, width=width)
            if found is not None:
                runs.setdefault(place, []).append(found)
                scores.setdefault(place, []).append(float(annotation.get("predicted_iou", 1.0)))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ImageReadError(
            f"{path.name}: is no complete COCO file ({type(error).__name__}: {error}); export it again"
        ) from error
    return {
        name: MaskTable.from_runs(
            runs.get(place, []), height=height, width=width, predicted_iou=scores.get(place)
        )
        for place, (name, height, width) in shapes.items()
    }


def _coco_json(path: Path) -> dict[str, Any]:
    with reading(path.name):
        text = long_path(path).read_bytes()
    try:
        data = json.loads(text.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ImageReadError(f"{path.name}: is no JSON file ({error}); export it again as COCO") from error
    if not isinstance(data, dict) or "images" not in data or "annotations" not in data:
        raise ImageReadError(
            f"{path.name}: holds no COCO labels (images and annotations); export them as COCO JSON"
        )
    return data


def _runs(segmentation: Any, *, height: int, width: int) -> npt.NDArray[np.uint32] | None:
    """Run lengths of one annotation, None where nothing is drawn."""
    from pycocotools import mask as coco_mask

    if not segmentation:
        return None
    if isinstance(segmentation, Mapping):
        counts = segmentation["counts"]
        if [int(v) for v in segmentation["size"]] != [height, width]:
            raise ValueError(f"a mask of size {segmentation['size']} in a picture of {[height, width]}")
        plain = isinstance(counts, list)
        packed = coco_mask.frPyObjects(dict(segmentation), height, width) if plain else dict(segmentation)
    else:
        polygons = [polygon for polygon in segmentation if len(polygon) >= 6]
        if not polygons:
            return None
        packed = coco_mask.merge(coco_mask.frPyObjects(polygons, height, width))
    mask = coco_mask.decode(packed).astype(np.bool_)
    return runs_from_crop(mask, x0=0, y0=0, height=height, width=width) if mask.any() else None


def _coco_entry(item: LabelledImage) -> MaskTable:
    tables = read_coco(item.labels)
    for name, table in tables.items():
        if name == item.name or Path(name).name == item.image.name:
            return table
    raise ImageReadError(f"{item.labels.name}: has no picture {item.name}; export the labels again")


# -------------------------------------------------------------------- finding sets


def find_sets(
    folder: Path, *, split: str = "", incomplete: Sequence[str] = (), names: Sequence[str] = ()
) -> tuple[LabelledSet, ...]:
    """The labelled sets of a folder, which is one itself or holds several; forms: see the module.

    split: subfolder of each set to take, e.g. "val"; a set without any split is taken whole.
    incomplete: names of sets (or "all") whose labels leave objects out, beside what set.json says.
    names: take only these sets, all of them if empty.
    Raises ImageReadError where there is none, or a name is not there.
    """
    if not long_path(folder).is_dir():
        raise ImageReadError(f"{folder}: there is no such folder; give the folder of the labelled pictures")
    whole = _set_of(folder, split)
    divided = split and _has_split(folder)  # into splits, none of which is the one asked for
    inner = [] if whole or divided else [_set_of(f, split) for f in _subfolders(folder)]
    found = [s for s in (whole, *inner) if s]
    if not found:
        where = f" with a split {split}" if divided else ""
        raise ImageReadError(
            f"{folder}: holds no labelled pictures{where}; expected are images/ and labels/ with files of the same "
            "name, NAME.tif beside NAME_labels.tif, or a COCO JSON file beside its pictures"
        )
    known = {s.name for s in found}
    for name in [*incomplete, *names]:
        if name not in known and not (name == "all" and name in incomplete):
            raise ImageReadError(f"{folder}: has no set {name}; it has {', '.join(sorted(known))}")
    wanted = set(names) or known
    left_out = known if "all" in incomplete else set(incomplete)
    return tuple(replace(s, incomplete=s.incomplete or s.name in left_out) for s in found if s.name in wanted)


def pair_folders(images: Path, labels: Path) -> tuple[tuple[LabelledImage, ...], tuple[str, ...]]:
    """Pictures of one folder and the label files of the same (or marked) name in another, and notices."""
    files = {_key(path, labels): path for path in _files_below(labels, LABEL_SUFFIXES)}
    items, missing = [], []
    for file in discover(images).files:
        stem = str(Path(file.relative).with_suffix("").as_posix())
        path = next((files[stem + mark] for mark in ("", *_MARKS) if stem + mark in files), None)
        if path is None:
            missing.append(file.relative)
        else:
            items.append(LabelledImage(file.relative, file.path, path))
    if not missing:
        return tuple(items), ()
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return tuple(items), (f"{missing[0]}{more}: has no label file and was passed over",)


def _set_of(folder: Path, split: str) -> LabelledSet | None:
    place = folder / split if split and (folder / split).is_dir() else folder
    if place == folder and split and _has_split(folder):
        return None
    items, notices = _items(place)
    if not items:
        return None
    facts = _facts(folder) | (_facts(place) if place != folder else {})
    kinds = _kinds(place)
    named = tuple(
        replace(i, kind=kinds.get(Path(i.name).stem, ""))
        for i in sorted(items, key=lambda i: natural_key(i.name))
    )
    return LabelledSet(name=folder.resolve().name, folder=place, images=named, notices=notices, **facts)


def _items(place: Path) -> tuple[tuple[LabelledImage, ...], tuple[str, ...]]:
    if (place / "images").is_dir() and (place / "labels").is_dir():
        return pair_folders(place / "images", place / "labels")
    coco = _coco_files(place)
    if coco:
        return tuple(i for path in coco for i in _coco_items(path)), ()
    return tuple(_beside(place)), ()


def _coco_files(place: Path) -> list[Path]:
    found = []
    for path in sorted(place.glob("*.json")):
        with long_path(path).open("rb") as stream:
            start = stream.read(1 << 20)
        if b'"annotations"' in start or b'"images"' in start:
            found.append(path)
    return found


def _coco_items(path: Path) -> Iterator[LabelledImage]:
    for name in read_coco(path):
        places = (path.parent / "images" / name, path.parent / name)
        image = next((place for place in places if long_path(place).is_file()), None)
        if image is None:
            raise ImageReadError(f"{path.name}: its picture {name} is not beside it; copy the pictures there")
        yield LabelledImage(name, image, path)


def _beside(place: Path) -> Iterator[LabelledImage]:
    """Pictures of a folder whose labels lie beside them under a marked name."""
    files = {p.stem: p for p in place.iterdir() if p.is_file() and p.suffix.lower() in LABEL_SUFFIXES}
    for path in place.iterdir():
        if path.suffix.lower() in IMAGE_SUFFIXES:
            labels = next((files[path.stem + m] for m in _MARKS if path.stem + m in files), None)
            if labels is not None:
                yield LabelledImage(path.name, path, labels)


def _has_split(folder: Path) -> bool:
    return any(f.name.lower() in _SPLITS for f in _subfolders(folder))


def _subfolders(folder: Path) -> list[Path]:
    return sorted(
        (f for f in folder.iterdir() if f.is_dir() and not f.name.startswith(".")),
        key=lambda f: natural_key(f.name),
    )


def _files_below(folder: Path, suffixes: Sequence[str]) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file():
            yield path


def _key(path: Path, folder: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()


def _facts(place: Path) -> dict[str, bool]:
    path = place / "set.json"
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig")).get("incomplete", False)
    except (ValueError, AttributeError) as error:
        raise ImageReadError(f'{path}: is no JSON object; write {{"incomplete": true}} into it') from error
    if not isinstance(value, bool):
        raise ImageReadError(f"{path}: incomplete is {value!r}; write true or false")
    return {"incomplete": value}


def _kinds(place: Path) -> dict[str, str]:
    path = place / "index.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return {row["id"]: row["kind"] for row in csv.DictReader(stream) if row.get("id") and row.get("kind")}
