"""A result's page in a cell of a notebook: an iframe that holds the whole page and runs its scripts, nothing else."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from html import escape

from twinhop.errors import InputError

#: A page that is larger stays out of notebooks, whose files hold every output [bytes].
MOST_BYTES = 4_000_000
#: Heights that a cell may have [CSS pixels].
LEAST_HEIGHT_PX, MOST_HEIGHT_PX = 200, 2000


@dataclass(frozen=True, repr=False)
class NotebookPage:
    """A page as the output of a cell.

    Attributes:
        html: the whole page.
        title: what it shows, for those who do not see it.
        height_px: of the frame that it is in; the page scrolls inside.
    """

    html: str
    title: str
    height_px: int

    def __repr__(self) -> str:
        return f"NotebookPage({self.title}, {len(self.html.encode()) / 1e6:.2f} MB)"

    def _repr_html_(self) -> str:
        """The page in an iframe without an origin: it reads nothing of the notebook, opens no window, sends no form."""
        return (
            f'<iframe sandbox="allow-scripts" title="{escape(self.title)}" srcdoc="{escape(self.html)}" '
            f'style="width: 100%; height: {self.height_px}px; border: 1px solid #8888"></iframe>'
        )


def notebook_page(html: str, title: str, height_px: int) -> NotebookPage:
    """A page for a cell.

    Raises:
        InputError: the height is out of range, or the page larger than a notebook should hold.
    """
    if not LEAST_HEIGHT_PX <= height_px <= MOST_HEIGHT_PX:
        raise InputError(f"height_px: is {height_px}, must be {LEAST_HEIGHT_PX} to {MOST_HEIGHT_PX}")
    size = len(html.encode())
    if size > MOST_BYTES:
        raise InputError(
            f"show: the page has {size / 1e6:.1f} MB, and a notebook takes {MOST_BYTES / 1e6:.0f} MB; "
            "result.save_page(path) writes it as a file"
        )
    return NotebookPage(html, title, height_px)


def put_into_cell(page: NotebookPage) -> None:
    """Display a page in the cell that runs.

    Raises:
        InputError: no notebook runs.
    """
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        raise InputError("show: no notebook is running; result.save_page(path) writes the page as a file")
    from IPython.display import display

    display(page)
