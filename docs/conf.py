"""Sphinx configuration; tables that follow from the code are written to docs/_generated on every build."""

import sys
from pathlib import Path

from twinhop._version import __version__

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_ext"))

import paper_links  # noqa: E402
import tables  # noqa: E402

project = "twinhop"
author = "The twinhop developers"
project_copyright = "2026, The twinhop developers"
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "math_as_svg",
    "source_pages",
    "paper_links",
]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
default_role = "literal"  # single backticks in docstrings are code
exclude_patterns = ["_build", "_generated", "_ext", "reproduce/transfer"]  # the last is a part of another page
nitpicky = True  # a link to a function that is not documented is an error; types in signatures need no page
# the second is of signatures whose defaults have no source, the third Gymnasium's
nitpick_ignore_regex = [("py:class", ".*"), ("py:obj", r"typing\.Literal.*"), ("py:exc", "ResetNeeded")]

myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # outputs are those in the notebooks, put there by docs/_ext/notebooks.py

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
autodoc_default_options = {"exclude-members": "model_config"}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Source", "notes_style")]

html_theme = "furo"
html_title = f"twinhop {release}"
html_static_path = ["_static"]
html_css_files = ["tables.css"]

tables.write_all(DOCS / "_generated")
paper_links.write_code(DOCS / "_generated")
