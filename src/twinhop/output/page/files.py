"""The files of a page in an output folder: written with a result, and the page made again from the data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twinhop.errors import InputError
from twinhop.io.files import replacing
from twinhop.output.page.check import check_page
from twinhop.output.page.container import DATA_FILE, MOST_PACKED_BYTES, PageTooLarge, packed, unpacked

PAGE_FILE = "report.html"


def write_page(folder: Path, document: Mapping[str, Any], *, html: bool = True) -> None:
    """Write a page's data, and the page where it is wanted, into a folder that is there.

    Raises:
        InputError: the data are more than a page may hold, or no reader would take them; nothing is written.
    """
    content = _packed(document)
    checked = _checked(content, DATA_FILE)
    page = _html(content, checked) if html else None
    (folder / DATA_FILE).write_bytes(content)
    if page is not None:
        (folder / PAGE_FILE).write_text(page, encoding="utf-8", newline="\n")


def page_of_document(document: Mapping[str, Any]) -> str:
    """The page of data as `packed` takes them; errors as of `write_page`."""
    return page_of(_packed(document), DATA_FILE)


def _packed(document: Mapping[str, Any]) -> bytes:
    try:
        return packed(document)
    except PageTooLarge as error:
        raise InputError(f"{DATA_FILE}: {error}") from None


def page_of(content: bytes, name: str) -> str:
    """The page of data as they are stored.

    Args:
        content: of the file with the data.
        name: of that file, for messages.

    Raises:
        InputError: they are damaged, or of another version.
    """
    return _html(content, _checked(content, name))


def _checked(content: bytes, name: str) -> dict[str, Any]:
    """What a reader of the data sees; errors as of `page_of`."""
    document = unpacked(content, name)
    check_page(document, name)
    return document


def _html(content: bytes, document: Mapping[str, Any]) -> str:
    from twinhop.output.page.shell import html_page

    return html_page(content, document)


def page_of_folder(folder: str | Path) -> Path:
    """Make the page of an output folder again, from the data that a command has written there.

    Where there are none, those of a run or world are made from its tables, which earlier versions have written too.

    Returns:
        The file.

    Raises:
        InputError: there is no such folder, or no data in it, or they cannot be read or are of another version; or the
            page cannot be written, or a file of its name is there that is none. What was there stays as it was.
    """
    folder = Path(folder)
    data, target = folder / DATA_FILE, folder / PAGE_FILE
    try:
        if not folder.is_dir():
            found = "is a file" if folder.exists() else "does not exist"
            raise InputError(f"{folder}: {found}; expected a folder that twinhop has written with --out")
        if target.is_file() and not _is_page(target):
            raise InputError(f"{target}: not written by twinhop, and would be replaced; give it another name")
        content = data.read_bytes() if _is_page_data(data) else None
    except OSError as error:
        raise InputError(f"{error.filename or folder}: cannot be read ({error.strerror})") from None
    if content is None:
        from twinhop.output.page.run_folder import folder_data

        document = folder_data(folder)
        if document is None:
            raise InputError(
                f"{folder}: has no {DATA_FILE}; this version of plan, compare, tradeoff, simulate and world writes it "
                "with --out: run the command again"
            )
        content = _packed(document)
    page = page_of(content, str(data))
    with replacing(target, overwrite=True) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")
    return target


def _is_page(path: Path) -> bool:
    """Whether a file is a page of twinhop, whichever version wrote it."""
    from twinhop.output.page.shell import BEGINNING

    with path.open("rb") as stream:
        return stream.read(len(BEGINNING)) == BEGINNING.encode()


def _is_page_data(data: Path) -> bool:
    """Whether there is a file of a page's data.

    Raises:
        InputError: what is there is none, or too large.
    """
    if not data.exists():
        return False
    if not data.is_file():
        raise InputError(f"{data}: is not a regular file")
    if data.stat().st_size > MOST_PACKED_BYTES:
        raise InputError(f"{data}: is larger than {MOST_PACKED_BYTES // 2**20} MiB; no page is")
    return True
