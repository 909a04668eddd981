"""RunStore: everything segmentation produced for one input, in one SQLite file.

One transaction per image, rollback journal (runs live on network drives, where WAL breaks), full
synchronisation: a process killed at any moment loses at most the image in work. One writer at a time,
named in a lock file; reading never needs the lock.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal
from urllib.parse import quote

from samhq.errors import SamhqError, StoreError
from samhq.files import explain_os_error, long_path
from samhq.locks import FolderLock
from samhq.packing import HISTOGRAM_COLUMNS, StoredHistograms, StoredObjects, pack, unpack, unpack_histograms

__all__ = ["RUN_FILE", "ImageRecord", "RunStore", "StoredHistograms", "StoredObjects"]

RUN_FILE = "run.sqlite"
# Where an image stands in its run (column "present").
_GONE, _CURRENT, _WAITING = 0, 1, 2
# Of new files: the objects of an image fill many pages, and SQLite finds each through the one before. Larger
# ones would make runs of a few objects large; files that are there keep theirs.
_PAGE_BYTES = 16384
_APPLICATION_ID = 0x53484851  # "SHHQ": told apart from other SQLite files by its header

_MIGRATIONS: tuple[tuple[str, str], ...] = (
    (
        "0001_first",
        """
        CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL);
        CREATE TABLE image (
            id INTEGER PRIMARY KEY,
            path TEXT NOT NULL,
            page INTEGER NOT NULL,
            present INTEGER NOT NULL DEFAULT 1,
            status TEXT NOT NULL CHECK (status IN ('done', 'failed')),
            error TEXT NOT NULL DEFAULT '',
            segment_key TEXT NOT NULL DEFAULT '',
            file_size INTEGER NOT NULL DEFAULT 0,
            file_mtime_ns INTEGER NOT NULL DEFAULT 0,
            file_sha256 TEXT NOT NULL DEFAULT '',
            width INTEGER NOT NULL DEFAULT 0,
            height INTEGER NOT NULL DEFAULT 0,
            pages INTEGER NOT NULL DEFAULT 1,
            page_name TEXT NOT NULL DEFAULT '',
            dtype TEXT NOT NULL DEFAULT '',
            bits INTEGER NOT NULL DEFAULT 0,
            scale_kind TEXT NOT NULL DEFAULT '',
            black REAL NOT NULL DEFAULT 0,
            white REAL NOT NULL DEFAULT 0,
            pixel_size_um REAL,
            notes TEXT NOT NULL DEFAULT '[]',
            objects INTEGER NOT NULL DEFAULT 0,
            overlap_fraction REAL NOT NULL DEFAULT 0,
            elapsed_s REAL NOT NULL DEFAULT 0,
            UNIQUE (path, page)
        );
        CREATE TABLE objects (
            image_id INTEGER PRIMARY KEY REFERENCES image (id) ON DELETE CASCADE,
            boxes BLOB NOT NULL,
            predicted_iou BLOB NOT NULL,
            stability_score BLOB NOT NULL,
            points BLOB NOT NULL,
            crop_boxes BLOB NOT NULL,
            centroids BLOB NOT NULL,
            runs BLOB NOT NULL,
            run_offsets BLOB NOT NULL,
            levels BLOB NOT NULL,
            counts BLOB NOT NULL,
            count_bytes INTEGER NOT NULL,
            level_offsets BLOB NOT NULL,
            exclusive_rows BLOB NOT NULL,
            exclusive_levels BLOB NOT NULL,
            exclusive_counts BLOB NOT NULL,
            exclusive_offsets BLOB NOT NULL
        );
        """,
    ),
)


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """What a run knows about one image, objects aside.

    path: relative to the input, with "/"; page: counted from 1.
    status, error: "done", "failed" and why, or "waiting": not segmented with the settings of the run yet.
    segment_key: hash of all that decides the masks; equal keys mean equal masks. "" where none are stored.
    file_size, file_mtime_ns, file_sha256: of the file as it was read.
    width, height: pixels. dtype, bits: of the stored samples. scale_kind, black, white: how stored
    values became gray levels. pixel_size_um: µm a pixel, None where the file does not say.
    overlap_fraction: pixels covered by several masks / pixels covered.
    """

    path: str
    page: int
    status: Literal["done", "failed", "waiting"]
    error: str = ""
    segment_key: str = ""
    file_size: int = 0
    file_mtime_ns: int = 0
    file_sha256: str = ""
    width: int = 0
    height: int = 0
    pages: int = 1
    page_name: str = ""
    dtype: str = ""
    bits: int = 0
    scale_kind: str = ""
    black: float = 0.0
    white: float = 0.0
    pixel_size_um: float | None = None
    notes: tuple[str, ...] = ()
    objects: int = 0
    overlap_fraction: float = 0.0
    elapsed_s: float = 0.0


_COLUMNS = tuple(ImageRecord.__dataclass_fields__)


class RunStore:
    """A run folder. Open it with `RunStore.create`, `RunStore.write` or `RunStore.read`."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, lock: FolderLock | None) -> None:
        self.folder = folder
        self._connection = connection
        self._lock = lock

    # ---------------------------------------------------------------- opening

    @classmethod
    def write(cls, folder: Path) -> RunStore:
        """Open a run folder for writing, making it where it does not exist.

        Raises StoreError if another process writes to it, or the folder cannot be used.
        """
        try:
            long_path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(explain_os_error(error, folder)) from error
        lock = FolderLock.acquire(folder)
        try:
            connection = _connect(folder / RUN_FILE, mode="rwc")
            with _explained(folder):
                connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
                connection.execute("PRAGMA journal_mode = DELETE")
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA foreign_keys = ON")
                _migrate(connection, folder)
        except BaseException:
            lock.release()
            raise
        return cls(folder, connection, lock)

    @classmethod
    def read(cls, folder: Path) -> RunStore:
        """Open a finished or growing run for reading. Raises StoreError if it is none."""
        path = folder / RUN_FILE
        if not long_path(path).is_file():
            fault = "is not a run folder" if long_path(folder).exists() else "there is no such folder"
            raise StoreError(
                f"{folder}: {fault} (it holds no {RUN_FILE}); give a run folder, whose name ends in _SAM_HQ_Run, "
                "or the input it belongs to; make one with `samhq run`"
            )
        with _explained(folder):
            connection = _reading(path)
            connection.execute("PRAGMA query_only = ON")
            _check_version(connection, folder)
        return cls(folder, connection, None)

    def close(self) -> None:
        """Close the file and give up the lock."""
        self._connection.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> RunStore:
        """The store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close, whatever happened."""
        self.close()

    # ---------------------------------------------------------------- facts of the run

    def facts(self) -> dict[str, Any]:
        """What is written down about the whole run: input, model, settings, versions."""
        with _explained(self.folder):
            rows = self._connection.execute("SELECT key, value FROM run ORDER BY key").fetchall()
        with _intact(self.folder):
            return {key: json.loads(value) for key, value in rows}

    def set_facts(self, facts: Mapping[str, Any]) -> None:
        """Write down facts of the run (JSON values), replacing those of the same name."""
        rows = [(key, json.dumps(value, ensure_ascii=False)) for key, value in facts.items()]
        with self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO run (key, value) VALUES (?, ?)", rows)

    def change_number(self) -> int:
        """A number that differs from the one before if another connection has written since."""
        with _explained(self.folder):
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def has_begun(self) -> bool:
        """Whether a start has written its facts: False in the first moments of a new run."""
        with _explained(self.folder):
            if not self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'run'").fetchone():
                return False
            return bool(self._connection.execute("SELECT 1 FROM run WHERE key = 'settings'").fetchone())

    # ---------------------------------------------------------------- images

    def records(self, *, present_only: bool = True) -> list[ImageRecord]:
        """All images of the run, in the order in which they were first stored."""
        if not present_only:
            query = f"SELECT {', '.join(_COLUMNS)} FROM image ORDER BY id"  # noqa: S608 - constants
            with _explained(self.folder), _intact(self.folder):
                return [_record(row) for row in self._connection.execute(query)]
        query = f"SELECT {', '.join(_COLUMNS)}, present FROM image WHERE present > 0 ORDER BY id"  # noqa: S608
        with _explained(self.folder):
            rows = self._connection.execute(query).fetchall()
        with _intact(self.folder):
            return [
                _record(row[:-1])
                if row[-1] == _CURRENT
                else ImageRecord(path=row[0], page=row[1], status="waiting")
                for row in rows
            ]

    def save(self, record: ImageRecord, objects: StoredObjects | None = None) -> None:
        """Store one image and its objects in one transaction, replacing an earlier result.

        objects: None for a failed image.
        """
        if objects is not None and len(objects.masks) != record.objects:
            raise ValueError(f"record says {record.objects} objects, the table has {len(objects.masks)}")
        values = [_plain(record, name) for name in _COLUMNS]
        updates = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)
        insert = (
            f"INSERT INTO image ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "  # noqa: S608
            f"ON CONFLICT (path, page) DO UPDATE SET {updates}, present = {_CURRENT} RETURNING id"
        )
        with self._transaction() as connection:
            (image_id,) = connection.execute(insert, values).fetchone()
            connection.execute("DELETE FROM objects WHERE image_id = ?", (image_id,))
            if objects is not None:
                blobs = {"image_id": image_id, **pack(objects)}
                names = ", ".join(blobs)
                marks = ", ".join("?" * len(blobs))
                connection.execute(
                    f"INSERT INTO objects ({names}) VALUES ({marks})",  # noqa: S608 - names are constants
                    tuple(blobs.values()),
                )

    def refresh(self, record: ImageRecord) -> None:
        """Note that a file was seen again with the content its stored objects belong to."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE image SET status = 'done', error = '', file_size = ?, file_mtime_ns = ?, present = ? "
                "WHERE path = ? AND page = ?",
                (record.file_size, record.file_mtime_ns, _CURRENT, record.path, record.page),
            )

    def fail(self, record: ImageRecord) -> None:
        """Note that an image failed now; objects that an earlier start stored stay for its recovery."""
        with self._transaction() as connection:
            changed = connection.execute(
                "UPDATE image SET status = 'failed', error = ?, present = ? WHERE path = ? AND page = ?",
                (record.error, _CURRENT, record.path, record.page),
            )
            if changed.rowcount == 0:
                connection.execute(
                    "INSERT INTO image (path, page, status, error) VALUES (?, ?, 'failed', ?)",
                    (record.path, record.page, record.error),
                )

    def begin(
        self,
        facts: Mapping[str, Any],
        *,
        current: Iterable[tuple[str, int]],
        waiting: Iterable[tuple[str, int]],
    ) -> None:
        """Write down a start of a run in one transaction: its facts, and where each image stands.

        current: (path, page) whose stored result belongs to these facts. waiting: those still to be
        segmented. All others leave the results, but stay stored in case they come back.
        """
        states = dict.fromkeys(waiting, _WAITING) | dict.fromkeys(current, _CURRENT)
        rows = [(key, json.dumps(value, ensure_ascii=False)) for key, value in facts.items()]
        with self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO run (key, value) VALUES (?, ?)", rows)
            known = connection.execute("SELECT id, path, page, present FROM image").fetchall()
            stored = {(path, page) for _, path, page, _ in known}
            changed = [
                (states.get((path, page), _GONE), row_id)
                for row_id, path, page, present in known
                if states.get((path, page), _GONE) != present
            ]
            connection.executemany("UPDATE image SET present = ? WHERE id = ?", changed)
            connection.executemany(
                "INSERT INTO image (path, page, present, status) VALUES (?, ?, ?, 'failed')",
                [(*key, state) for key, state in states.items() if key not in stored],
            )

    def objects(self, record: ImageRecord) -> StoredObjects:
        """Masks and measurements of one image.

        Raises StoreError if it has none, or has others than when the record was read.
        """
        row = self._row(record, "image.width, image.height, image.overlap_fraction, objects.*")
        if row is None:
            raise StoreError(
                f"{self.folder}: {record.path} is being segmented again by another start; "
                "wait until that is done and start again"
            )
        with _intact(self.folder):
            return unpack(row)

    def histograms(self, record: ImageRecord) -> StoredHistograms | None:
        """The histograms of one image; None if it has no objects, or others than when the record was read."""
        row = self._row(record, ", ".join(HISTOGRAM_COLUMNS))
        if row is None:
            return None
        with _intact(self.folder):
            return unpack_histograms(row)

    def _row(self, record: ImageRecord, columns: str) -> dict[str, Any] | None:
        query = (
            f"SELECT {columns} FROM image JOIN objects ON objects.image_id = image.id "  # noqa: S608 - constants
            "WHERE image.path = ? AND image.page = ? AND image.segment_key = ?"
        )
        with _explained(self.folder):
            cursor = self._connection.execute(query, (record.path, record.page, record.segment_key))
            row = cursor.fetchone()
        return None if row is None else dict(zip([item[0] for item in cursor.description], row, strict=True))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._lock is None:
            raise StoreError(f"{self.folder}: this run was opened for reading only")
        with _explained(self.folder):
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


# -------------------------------------------------------------------- SQLite


def _connect(path: Path, *, mode: str) -> sqlite3.Connection:
    text = str(path.absolute()).replace("\\", "/")
    uri = "file://" + ("" if text.startswith("/") else "/") + quote(os.fsencode(text)) + f"?mode={mode}"
    try:
        return sqlite3.connect(uri, uri=True, timeout=60, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise StoreError(
            f"{path}: cannot be opened: {error}; check that you may write to the folder"
        ) from error


def _reading(path: Path) -> sqlite3.Connection:
    # A run that was killed leaves a journal that the first reader must roll back, so reading asks for
    # write access and makes do without it only where there is none.
    connection = _connect(path, mode="rw")
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        return _connect(path, mode="ro")
    return connection


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DataError as error:
        raise SamhqError(
            f"its objects are too many for the run file ({error}); cut the image into parts"
        ) from error
    except sqlite3.OperationalError as error:
        text = str(error)
        if "no such table" in text:
            remedy = "nothing was run here yet; start `samhq run` on its input again"
        elif "full" in text:
            remedy = "the disk is full; free some space and start again: everything done so far is kept"
        elif "locked" in text:
            remedy = "another program keeps the run busy; wait until it is done"
        elif "readonly" in text or "unable to open" in text:
            remedy = (
                "the run cannot be written; check the rights of the folder and that its disk is connected"
            )
        else:
            remedy = f"the run file reports: {text}"
        raise StoreError(f"{folder / RUN_FILE}: {remedy}") from error
    except sqlite3.DatabaseError as error:
        raise StoreError(_damaged(folder, error)) from error


@contextlib.contextmanager
def _intact(folder: Path) -> Iterator[None]:
    """What SQLite hands out whole may still be nonsense, after a fault of the disk or another program."""
    try:
        yield
    except (ValueError, LookupError, TypeError, zlib.error) as error:
        raise StoreError(_damaged(folder, error)) from error


def _damaged(folder: Path, error: Exception) -> str:
    return f"{folder / RUN_FILE}: is damaged or not a run file ({error}); move the folder away and run again"


def _migrate(connection: sqlite3.Connection, folder: Path) -> None:
    _check_version(connection, folder)
    done = _applied(connection)
    for name, script in _MIGRATIONS:
        if name not in done:
            # executescript would commit on its own, so a kill in the middle could leave half a schema.
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY)")
            for statement in filter(str.strip, script.split(";")):
                connection.execute(statement)
            connection.execute("INSERT INTO migration (name) VALUES (?)", (name,))
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute("COMMIT")


def _check_version(connection: sqlite3.Connection, folder: Path) -> None:
    unknown = _applied(connection) - {name for name, _ in _MIGRATIONS}
    if unknown:
        raise StoreError(
            f"{folder}: was written by a newer samhq ({', '.join(sorted(unknown))}); update samhq"
        )
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and application != _APPLICATION_ID:
        raise StoreError(f"{folder / RUN_FILE}: is an SQLite file of another program; choose another folder")


def _applied(connection: sqlite3.Connection) -> set[str]:
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migration'").fetchone()
    return {row[0] for row in connection.execute("SELECT name FROM migration")} if known else set()


def _plain(record: ImageRecord, name: str) -> object:
    value = getattr(record, name)
    return json.dumps(list(value), ensure_ascii=False) if name == "notes" else value


def _record(row: tuple[Any, ...]) -> ImageRecord:
    values = dict(zip(_COLUMNS, row, strict=True))
    values["notes"] = tuple(json.loads(values["notes"]))
    return ImageRecord(**values)
