"""The table of routes in `docs/live-api.md`, from the OpenAPI document; `tests/live/http/test_api_page.py` compares.

python docs/_ext/api_table.py
"""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

PAGE = Path(__file__).parents[1] / "live-api.md"
TABLE = re.compile(r"(<!-- table of docs/_ext/api_table.py -->\n\n).*?(<!-- end of the table -->)", re.DOTALL)
#: Answers that every route may give, and the page says once.
COMMON = ("401", "403", "406", "413", "422", "429", "503")


def document() -> dict[str, Any]:
    """The OpenAPI document of an application that serves nothing."""
    from fastapi import FastAPI

    from twinhop.live.gateway.gateway import DoorLimits
    from twinhop.live.http.app import create_app
    from twinhop.live.http.routes import ROUTERS

    inner: Any = create_app(SimpleNamespace(), DoorLimits(), ROUTERS)
    while not isinstance(inner, FastAPI):
        inner = inner._app
    return inner.openapi()


def table() -> str:
    """A row a route: what it does, whom it takes, its parameters and its own answers."""
    rows = ["| route | | scopes | parameters | answers |", "|---|---|---|---|---|"]
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            scopes = [scope for scheme in operation.get("security", ()) for each in scheme.values() for scope in each]
            names = [each["name"] for each in operation.get("parameters", ()) if each["in"] != "path"]
            statuses = [each for each in operation["responses"] if each not in COMMON]
            about = operation.get("description", "").partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")
            cells = (f"`{method.upper()} {path}`", about, ", ".join(scopes), _codes(names), ", ".join(statuses))
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def with_table(text: str) -> str:
    """The text of a page with the table of today."""
    rows = table()
    return TABLE.sub(lambda match: f"{match[1]}{rows}\n{match[2]}", text)


def _codes(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
