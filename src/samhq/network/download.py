"""Fetching one large file over HTTP, going on where an earlier attempt broke off.

Why not huggingface_hub: docs/adr/001-download.md.
"""

from __future__ import annotations

import errno
import http.client
import logging
import os
import shutil
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from samhq.monitor import Event, Monitor

__all__ = ["TransferError", "fetch"]

_LOG = logging.getLogger(__name__)
_PIECE = 1 << 18
_TIMEOUT_S = 20.0
_DISK_RESERVE = 64 * 2**20
_REPORT_EVERY_S = 0.1
# After a break without a single new byte: so many more tries, each after twice the pause of the one before.
_TRIES = 5
# ValueError: an address that is none.
_NETWORK_ERRORS = (
    urllib.error.URLError,
    http.client.HTTPException,
    TimeoutError,
    ConnectionError,
    ssl.SSLError,
    ValueError,
)
_BUSY = (408, 425, 429, 500, 502, 503, 504)


class TransferError(Exception):
    """A file could not be fetched. The text is the fault and the remedy, without the file's name."""


class _BrokenOffError(Exception):
    """The connection ended early; trying again makes sense."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """How the server answered. start: where its bytes begin in the file; total: bytes of the file, None if unsaid."""

    start: int
    total: int | None


def fetch(url: str, part: Path, *, monitor: Monitor, item: str, pause_s: float = 1.0) -> None:
    """Complete the file `part` from url; what is in it already is not fetched again.

    item: the name to report with the bytes done. pause_s: seconds before the first new try.
    Proxies are those of the system and of HTTPS_PROXY, certificates those of the system.
    Raises TransferError, and Cancelled from monitor; in both cases `part` keeps what has come.
    """
    opener = _opener()
    tries, received = 0, False
    while True:
        monitor.check()
        before = _size(part)
        try:
            _transfer(opener, url, part, monitor=monitor, item=item)
        except _BrokenOffError as error:
            _LOG.info("fetching %s broke off at %d bytes", url, _size(part), exc_info=True)
            moved = _size(part) > before
            received = received or moved
            tries = 1 if moved else tries + 1
            # Where nothing ever came there is most likely no network at all: do not keep the user waiting.
            if tries >= (_TRIES if received else 2):
                raise TransferError(f"{error}; check the network (and HTTPS_PROXY behind a proxy)") from error
            text = f"{item}: the connection broke off ({error}); going on"
            monitor.report(Event("download", done=_size(part), item=item, message=text, level="warning"))
            _sleep(pause_s * 2 ** (tries - 1), monitor)
        else:
            return


def _opener() -> urllib.request.OpenerDirector:
    import truststore

    # The system's certificates: company networks put theirs there, and Python for macOS has none of its own.
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))


def _transfer(
    opener: urllib.request.OpenerDirector, url: str, part: Path, *, monitor: Monitor, item: str
) -> None:
    have = _size(part)
    headers = {"User-Agent": "samhq", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - http is allowed for mirrors in a lab
        with opener.open(request, timeout=_TIMEOUT_S) as response:
            answer = _read_headers(response, have=have)
            _check_disk(part.parent, None if answer.total is None else answer.total - answer.start)
            _copy(response, part, answer=answer, monitor=monitor, item=item)
    except urllib.error.HTTPError as error:
        with error:
            _handle_status(error, part, have=have)
    except _NETWORK_ERRORS as error:
        raise _network_fault(error) from error


def _read_headers(response: http.client.HTTPResponse, *, have: int) -> _Answer:
    if response.headers.get_content_type() == "text/html":
        raise TransferError(
            "a web page came instead of the file, perhaps the login page of your network; open a browser and log in"
        )
    length = response.headers.get("Content-Length", "")
    size = int(length) if length.isdecimal() else None
    if response.status != 206:  # the whole file, whether or not a part was asked for
        return _Answer(0, size)
    span, _, total = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
    first = span.partition("-")[0]
    start = int(first) if first.isdecimal() else -1
    if start != have:
        raise TransferError(
            "the server answers for another part of the file than was asked for; try again later"
        )
    if total.isdecimal():
        return _Answer(start, int(total))
    return _Answer(start, None if size is None else start + size)


def _check_disk(folder: Path, needed: int | None) -> None:
    free = shutil.disk_usage(folder).free
    if needed is not None and free < needed + _DISK_RESERVE:
        raise TransferError(
            f"{needed / 1e6:,.0f} MB are still to come and only {free / 1e6:,.0f} MB of disk are free; free some "
            "space, or let SAMHQ_MODELS name a folder on a larger disk"
        )


def _copy(
    response: http.client.HTTPResponse, part: Path, *, answer: _Answer, monitor: Monitor, item: str
) -> None:
    done, reported = answer.start, 0.0
    try:
        with part.open("r+b" if part.exists() else "wb") as stream:
            stream.seek(answer.start)
            stream.truncate()
            # read1: whatever is there, so that a slow line can be stopped at once.
            while piece := response.read1(_PIECE):
                stream.write(piece)
                done += len(piece)
                monitor.check()
                if time.monotonic() - reported > _REPORT_EVERY_S:
                    reported = time.monotonic()
                    monitor.report(Event("download", done=done, total=answer.total, item=item))
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise TransferError(
                "the disk is full; free some space and start it again, it goes on from here"
            ) from error
        raise
    # The http module takes an early end of the connection for the end of the file.
    if answer.total is not None and done < answer.total:
        raise _BrokenOffError(f"{done / 1e6:,.1f} of {answer.total / 1e6:,.1f} MB came")
    monitor.report(Event("download", done=done, total=answer.total or done, item=item))


def _handle_status(error: urllib.error.HTTPError, part: Path, *, have: int) -> None:
    """Return if the part turns out to be the whole file; raise otherwise."""
    if error.code == 416 and have:
        total = error.headers.get("Content-Range", "").rpartition("/")[2]
        if total == str(have):
            return
        part.unlink()  # longer than the file: not a part of it
        raise _BrokenOffError("what was there did not fit the file on the server") from error
    if error.code in _BUSY:
        raise _BrokenOffError(f"the server is busy or failing ({error.code})") from error
    faults = {
        401: "the server asks for a login (401)",
        403: "the server refused the file (403)",
        404: "the server does not have the file (404); if HF_ENDPOINT is set, check it",
        407: "the proxy asks for a login (407); set HTTPS_PROXY=http://user:password@host:port",
    }
    raise TransferError(faults.get(error.code, f"the server answered {error.code} {error.reason}")) from error


def _network_fault(error: Exception) -> Exception:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    text = str(reason) or type(reason).__name__
    if isinstance(reason, ssl.SSLCertVerificationError):
        return TransferError(
            f"the server's certificate is not trusted ({reason.verify_message}); check the computer's clock, and in "
            "a company network ask for its certificate to be installed in the system"
        )
    if "Tunnel connection failed" in text:
        return TransferError(f"the proxy refused the connection ({text}); check HTTPS_PROXY and NO_PROXY")
    if isinstance(reason, ValueError | http.client.InvalidURL) or "unknown url type" in text:
        return TransferError(f"the address is wrong ({text}); check HF_ENDPOINT")
    return _BrokenOffError(f"no connection ({text})")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _sleep(seconds: float, monitor: Monitor) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        monitor.check()
        time.sleep(min(left, 0.1))
