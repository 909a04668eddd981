"""Models by name: lists, paths, and downloads from a real server that misbehaves."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import http.server
import random
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import filelock
import pytest

from samhq.errors import CheckpointError
from samhq.monitor import Cancelled, Event, StoppableMonitor
from samhq.network import registry

CONTENT = random.Random(0).randbytes(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class ModelServer(http.server.ThreadingHTTPServer):
    """Serves CONTENT under every path that ends like a model file, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = CONTENT
        self.break_after: list[int] = []  # bytes after which the next answers break off
        self.status = 0
        self.honours_range = True
        self.html = False
        self.ranges: list[str | None] = []
        self.paths: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: ModelServer

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        server = self.server
        if server.status:
            self.send_error(server.status)
            return
        if "/resolve/" in self.path:  # as Hugging Face does for large files
            server.paths.append(self.path)
            self.send_response(302)
            self.send_header("Location", f"{server.url}/cdn/file")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        asked = self.headers.get("Range")
        server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and server.honours_range else 0
        self._send(start)

    def _send(self, start: int) -> None:
        server, size = self.server, len(self.server.content)
        if start >= size:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.send_header("Content-Type", "text/html" if server.html else "application/octet-stream")
        self.send_header("Content-Length", str(size - start))
        self.end_headers()
        body = server.content[start:]
        if server.break_after:
            body = body[: server.break_after.pop(0)]
            self.close_connection = True
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models folder, no proxies, no offline mode, and vit_tiny being CONTENT."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    place = tmp_path / "Modelle für alle"
    monkeypatch.setenv("SAMHQ_MODELS", str(place))
    tiny = dataclasses.replace(registry.MODELS["vit_tiny"], sha256=SHA256, size_bytes=len(CONTENT))
    monkeypatch.setitem(registry.MODELS, "vit_tiny", tiny)
    return place


@pytest.fixture
def at_server(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> ModelServer:
    monkeypatch.setenv("HF_ENDPOINT", server.url + "/")
    return server


# ------------------------------------------------------------------------------------ names and files


def test_starter_is_the_file_that_the_registry_describes() -> None:
    source = registry.MODELS[registry.STARTER]
    path = registry.resolve_model("starter")
    assert path.stat().st_size == source.size_bytes
    assert registry.verify_model("starter").ok
    assert registry.download_model("starter") == path


def test_known_models_name_their_source_and_hash() -> None:
    for name in ("vit_b", "vit_l", "vit_h"):
        source = registry.MODELS[name]
        assert source.filename == f"sam_hq_{name}.pth"
        assert source.license == "Apache-2.0"
        assert source.sha256 is not None
        assert len(source.sha256) == 64


def test_list_shows_known_models_and_own_files(folder: Path) -> None:
    folder.mkdir()
    (folder / "sam_hq_vit_b.pth").write_bytes(b"12345")
    header = b'{"__metadata__":{"architecture":"vit_tiny"}}'
    (folder / "gels.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    (folder / "notes.txt").write_bytes(b"")
    (folder / "sam_hq_vit_h.pth.part").write_bytes(b"1")
    entries = {e.name: e for e in registry.list_models()}
    assert list(entries) == ["starter", "vit_tiny", "vit_b", "vit_l", "vit_h", "gels.safetensors"]
    assert entries["starter"].where == "package"
    assert (entries["vit_b"].installed, entries["vit_b"].size_bytes) == (True, 5)
    assert (entries["vit_h"].where, entries["vit_h"].path) == ("download", None)
    assert entries["gels.safetensors"].architecture == "vit_tiny"


def test_list_survives_nonsense_in_the_folder(folder: Path) -> None:
    folder.mkdir()
    (folder / "a.safetensors").write_bytes(b"")
    (folder / "b.safetensors").write_bytes((9).to_bytes(8, "little") + b"[1, 2, 3]")
    (folder / "c.pth").write_bytes(b"\xff" * 100)
    assert [e.architecture for e in registry.list_models()[-3:]] == ["?", "?", "?"]


def test_model_is_found_by_name_path_and_file_name(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    official, own, elsewhere = folder / "sam_hq_vit_b.pth", folder / "Gels.pth", tmp_path / "other.pth"
    for path in (official, own, elsewhere):
        path.write_bytes(b"x")
    assert registry.resolve_model("vit_b") == official
    assert registry.resolve_model("VIT_B") == official
    assert registry.resolve_model("sam_hq_vit_b") == official
    assert registry.resolve_model("gels") == own
    assert registry.resolve_model(elsewhere) == elsewhere
    monkeypatch.chdir(tmp_path)
    assert registry.resolve_model("other.pth") == Path("other.pth")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("vit_b", "samhq models download vit_b"),
        ("sam_hq_vit_b.pth", "samhq models download vit_b"),
        ("vit_tinny", "did you mean vit_tiny"),
        ("nowhere/at/all.pth", "there is no such model file"),
        ("", "known models: starter, vit_tiny"),
    ],
)
def test_missing_model_tells_how_to_get_it(asked: str, told: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        registry.resolve_model(asked)
    assert told in str(caught.value)


def test_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is a folder"):
        registry.resolve_model(str(tmp_path))


def test_import_loads_no_torch() -> None:
    code = "import sys, samhq.network.registry; print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert out.stdout.strip() == "False"


# ------------------------------------------------------------------------------------ downloads


def test_download_goes_on_after_a_break_in_the_middle(at_server: ModelServer, folder: Path) -> None:
    at_server.break_after = [1_000_000]
    events: list[Event] = []
    path = registry.download_model("vit_tiny", monitor=StoppableMonitor(events.append))
    assert path == folder / "sam_hq_vit_tiny.pth"
    assert path.read_bytes() == CONTENT
    assert at_server.ranges == [None, "bytes=1000000-"]
    assert at_server.paths[0].startswith(f"/lkeab/hq-sam/resolve/{registry.MODELS['vit_b'].revision}/")
    done = [e.done for e in events if e.stage == "download" and not e.message]
    assert done == sorted(done)
    assert done[-1] == len(CONTENT)
    assert any(SHA256 in e.message for e in events)
    assert sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")) == [
        path.name,
        path.name + ".sha256",
    ]


def test_cancelled_download_is_resumed_by_the_next_one(at_server: ModelServer, folder: Path) -> None:
    monitor = StoppableMonitor(lambda event: monitor.stop() if event.done else None)
    with pytest.raises(Cancelled):
        registry.download_model("vit_tiny", monitor=monitor)
    part = folder / "sam_hq_vit_tiny.pth.part"
    had = part.stat().st_size
    assert 0 < had < len(CONTENT)
    assert registry.download_model("vit_tiny").read_bytes() == CONTENT
    assert at_server.ranges[-1] == f"bytes={had}-"
    assert not part.exists()


def test_server_without_ranges_sends_it_all_again(at_server: ModelServer) -> None:
    at_server.break_after = [500_000]
    at_server.honours_range = False
    assert registry.download_model("vit_tiny").read_bytes() == CONTENT


def test_part_that_is_already_whole_is_accepted(at_server: ModelServer, folder: Path) -> None:
    folder.mkdir()
    (folder / "sam_hq_vit_tiny.pth.part").write_bytes(CONTENT)
    assert registry.download_model("vit_tiny").read_bytes() == CONTENT


def test_part_longer_than_the_file_is_thrown_away(at_server: ModelServer, folder: Path) -> None:
    folder.mkdir()
    (folder / "sam_hq_vit_tiny.pth.part").write_bytes(CONTENT + b"more")
    assert registry.download_model("vit_tiny").read_bytes() == CONTENT


def test_wrong_hash_is_set_aside_and_the_next_download_starts_afresh(
    at_server: ModelServer, folder: Path
) -> None:
    at_server.content = CONTENT[:-1] + b"?"
    with pytest.raises(CheckpointError, match="instead of " + SHA256):
        registry.download_model("vit_tiny")
    assert (folder / "sam_hq_vit_tiny.pth.bad").stat().st_size == len(CONTENT)
    assert registry.MODELS["vit_tiny"].filename not in {p.name for p in folder.iterdir()}
    at_server.content = CONTENT
    assert registry.download_model("vit_tiny").read_bytes() == CONTENT


def test_hash_is_remembered_where_none_is_published(
    at_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = dataclasses.replace(registry.MODELS["vit_tiny"], sha256=None)
    monkeypatch.setitem(registry.MODELS, "vit_tiny", unknown)
    path = registry.download_model("vit_tiny")
    result = registry.verify_model("vit_tiny")
    assert (result.ok, result.known_from) == (True, "remembered")
    path.write_bytes(CONTENT[:-1])
    assert not registry.verify_model("vit_tiny").ok


def test_model_that_is_there_is_not_fetched_again_unless_forced(at_server: ModelServer) -> None:
    registry.download_model("vit_tiny")
    registry.download_model("sam_hq_vit_tiny.pth")
    assert len(at_server.ranges) == 1
    registry.download_model("vit_tiny", force=True)
    assert len(at_server.ranges) == 2


def test_cut_off_file_from_a_browser_is_replaced(at_server: ModelServer, folder: Path) -> None:
    folder.mkdir()
    (folder / "sam_hq_vit_tiny.pth").write_bytes(CONTENT[:1000])
    assert registry.download_model("vit_tiny").read_bytes() == CONTENT


def test_another_file_under_the_name_is_kept_until_forced(at_server: ModelServer, folder: Path) -> None:
    folder.mkdir()
    other = folder / "sam_hq_vit_tiny.pth"
    other.write_bytes(CONTENT + b"mine")
    with pytest.raises(CheckpointError, match="--force"):
        registry.download_model("vit_tiny")
    assert other.read_bytes().endswith(b"mine")
    assert registry.download_model("vit_tiny", force=True).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("status", "told"), [(404, "HF_ENDPOINT"), (403, "refused"), (401, "login"), (410, "410")]
)
def test_refusal_tells_the_way_by_hand(at_server: ModelServer, folder: Path, status: int, told: str) -> None:
    at_server.status = status
    with pytest.raises(CheckpointError, match=told) as caught:
        registry.download_model("vit_tiny")
    assert "sam_hq_vit_tiny.pth in a browser" in str(caught.value)
    assert str(folder) in str(caught.value)


def test_login_page_is_not_taken_for_a_model(at_server: ModelServer) -> None:
    at_server.html = True
    with pytest.raises(CheckpointError, match="web page"):
        registry.download_model("vit_tiny")


def test_no_network_is_said_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(CheckpointError, match="no connection"):
            registry.download_model("vit_tiny", endpoint=f"http://127.0.0.1:{unused.getsockname()[1]}")


def test_bad_endpoint_is_said() -> None:
    with pytest.raises(CheckpointError, match="HF_ENDPOINT"):
        registry.download_model("vit_tiny", endpoint="huggingface.co")


def test_proxy_that_refuses_is_named(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.status = 407
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("https_proxy", server.url)
    with pytest.raises(CheckpointError, match="HTTPS_PROXY"):
        registry.download_model("vit_tiny", endpoint="http://models.invalid")
    with pytest.raises(CheckpointError, match="HTTPS_PROXY"):
        registry.download_model("vit_tiny", endpoint="https://models.invalid")


def test_offline_mode_asks_no_server(at_server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(CheckpointError, match="HF_HUB_OFFLINE"):
        registry.download_model("vit_tiny")
    assert at_server.paths == []


def test_full_disk_is_said_before_anything_comes(
    at_server: ModelServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(folder.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1_000_000))
    with pytest.raises(CheckpointError, match="SAMHQ_MODELS"):
        registry.download_model("vit_tiny")
    assert not (folder / "sam_hq_vit_tiny.pth.part").exists()


def test_second_download_of_the_same_model_is_refused(at_server: ModelServer, folder: Path) -> None:
    folder.mkdir()
    with (
        filelock.FileLock(folder / ".sam_hq_vit_tiny.pth.lock"),
        pytest.raises(CheckpointError, match="another samhq"),
    ):
        registry.download_model("vit_tiny")


def test_models_folder_that_cannot_be_made_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("SAMHQ_MODELS", str(tmp_path / "file" / "models"))
    with pytest.raises(CheckpointError):
        registry.download_model("vit_tiny", endpoint="http://127.0.0.1:9")


def test_unknown_model_is_not_downloaded() -> None:
    with pytest.raises(CheckpointError, match="did you mean vit_tiny"):
        registry.download_model("vit-tiny")


def test_changed_file_fails_verification(folder: Path) -> None:
    folder.mkdir()
    (folder / "sam_hq_vit_tiny.pth").write_bytes(CONTENT)
    assert registry.verify_model("vit_tiny").known_from == "published"
    (folder / "sam_hq_vit_tiny.pth").write_bytes(CONTENT[::-1])
    result = registry.verify_model("vit_tiny")
    assert not result.ok
    assert SHA256 in result.message


def test_own_file_is_compared_with_its_first_verification(folder: Path) -> None:
    folder.mkdir()
    own = folder / "gels.pth"
    own.write_bytes(b"1")
    first = registry.verify_model("gels.pth")
    assert (first.ok, first.known_from) == (True, "nowhere")
    assert registry.verify_model("gels.pth").known_from == "remembered"
    own.write_bytes(b"2")
    assert not registry.verify_model("gels.pth").ok
