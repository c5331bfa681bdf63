"""Whether every link and picture of the built documentation leads somewhere.

    python docs/_ext/links.py docs/_build/html

prints those that do not, and ends with code 1 if there are any. Links that leave the documentation are not followed.
"""

import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

#: Pages that the theme makes for its scripts, and what it links without a target of its own.
OUTSIDE = ("http:", "https:", "mailto:", "data:", "javascript:")
SCRIPTED = {"", "#"}


@dataclass
class Page(HTMLParser):
    """What a page links to, and what can be linked to in it."""

    links: list[str] = field(default_factory=list)
    targets: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Gather one element."""
        values = dict(attrs)
        self.targets.update(value for name in ("id", "name") if (value := values.get(name)))
        link = values.get("src" if tag == "img" else "href") if tag in ("a", "img", "link") else None
        if link is not None and link not in SCRIPTED and not link.startswith(OUTSIDE):
            self.links.append(link)


def pages(folder: Path) -> dict[Path, Page]:
    """Every page below a folder."""
    parsed = {}
    for path in sorted(folder.rglob("*.html")):
        parsed[path.resolve()] = page = Page()
        page.feed(path.read_text(encoding="utf-8"))
    return parsed


def broken(folder: Path) -> list[str]:
    """``page: link`` for each link of the pages below a folder that has no file, or no target in it."""
    parsed = pages(folder)
    wrong = []
    for path, page in parsed.items():
        for link in dict.fromkeys(page.links):
            address, target = urldefrag(link)
            file = (path.parent / unquote(address.partition("?")[0])).resolve() if address else path
            exists = file.is_file()
            if not exists or (target and file in parsed and unquote(target) not in parsed[file].targets):
                wrong.append(f"{path.relative_to(folder.resolve())}: {link}")
    return wrong


if __name__ == "__main__":
    wrong = broken(Path(sys.argv[1]))
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)
