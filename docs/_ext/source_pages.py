"""Pages of source code share one navigation: it takes most of their time, and differs by their depth alone."""

from typing import Any

PAGES = "_modules/"


def share_navigation(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Keep the tree of all pages, whose links are relative, for the next page of source code as deep as this one."""
    if not pagename.startswith(PAGES):
        return
    resolve, known = context["toctree"], app.env.temp_data.setdefault("source_pages", {})

    def toctree(**options: Any) -> str:
        key = (pagename.count("/"), *sorted(options.items()))
        if key not in known:
            known[key] = resolve(**options)
        return known[key]

    context["toctree"] = toctree


def setup(app: Any) -> dict[str, bool]:
    """Before the theme asks for the tree."""
    app.connect("html-page-context", share_navigation, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
