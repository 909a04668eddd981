"""What a file is, judged by its first bytes and never by its name."""

from __future__ import annotations

from samhq.errors import ImageReadError

__all__ = ["FORMAT_NAMES", "format_of", "suffix_note"]

FORMAT_NAMES = {"png": "PNG", "jpeg": "JPEG", "tiff": "TIFF", "czi": "CZI", "nd2": "ND2", "lif": "LIF"}

_SUFFIXES = {
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".svs": "tiff",
    ".ndpi": "tiff",
    ".scn": "tiff",
    ".czi": "czi",
    ".nd2": "nd2",
    ".lif": "lif",
}

_TIFF_MAGIC = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")

_FOREIGN: tuple[tuple[int, bytes, str], ...] = (
    (0, b"GIF8", "a GIF picture"),
    (0, b"BM", "a BMP picture"),
    (8, b"WEBP", "a WebP picture"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftyphei", "a HEIC picture"),
    (4, b"ftypmif1", "a HEIC picture"),
    (0, b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"\x89HDF", "an HDF5 file"),
    (0, b"SIMPLE  =", "a FITS file"),
    (128, b"DICM", "a DICOM file"),
    (0, b"%PDF", "a PDF document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"PK\x03\x04", "a ZIP archive or Office document"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf", "a 7-Zip archive"),
    (0, b"\xd0\xcf\x11\xe0", "an old Office document or Thumbs.db"),
    (0, b"MZ", "a Windows program"),
    (0, b"\x7fELF", "a program"),
    (0, b"\x00\x05\x16\x07", "a macOS resource fork"),
    (0, b"version https://git-lfs", "a Git LFS pointer, not the picture itself"),
)


def format_of(head: bytes, name: str) -> str:
    """The format of a file: "png", "jpeg" or "tiff".

    head: the first bytes, 512 are enough; all of them where the file is shorter.
    Raises ImageReadError saying what the file seems to be instead.
    """
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(_TIFF_MAGIC):
        return "tiff"
    raise ImageReadError(f"{name}: {_what_instead(head)}")


def suffix_note(suffix: str, found: str) -> tuple[str, ...]:
    """A note where the name promises another format than the content holds."""
    promised = _SUFFIXES.get(suffix.lower())
    if promised is None or promised == found:
        return ()
    return (f"is a {FORMAT_NAMES[found]} although its name ends in {suffix}",)


def _what_instead(head: bytes) -> str:
    if not head:
        return "is empty; copy or save it again"
    if not head.strip(b"\x00"):
        return "holds only zero bytes, as after an interrupted copy; copy it again"
    for offset, magic, what in _FOREIGN:
        if head[offset : offset + len(magic)] == magic:
            return f"is {what}; save it as PNG, JPEG or TIFF"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "is an HTML page, as a failed download leaves behind; download the picture again"
    if start.startswith((b"<?xml", b"<svg")):
        return "is an XML or SVG text; save it as PNG, JPEG or TIFF"
    if _is_text(head):
        return "is a text file; give a PNG, JPEG or TIFF picture"
    return "is not a PNG, JPEG or TIFF picture, or its beginning is damaged; save it again in one of these formats"


def _is_text(head: bytes) -> bool:
    try:
        # The head may end inside a character.
        text = head[:500].decode("utf-8", "strict" if len(head) < 500 else "ignore")
    except UnicodeDecodeError:
        return False
    return all(c.isprintable() or c in "\t\r\n\f" for c in text)
