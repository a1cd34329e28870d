"""How Sphinx turns the staged pages into the site; ``build.py`` calls it."""

from __future__ import annotations

import tapeviz

project = "tapeviz"
author = "the tapeviz authors"
copyright = "the tapeviz authors; code MIT, lessons and pictures CC BY 4.0"
version = release = tapeviz.__version__.rpartition("tapeviz.")[2]

extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["conf.py", "paper"]
html_theme = "furo"
html_title = "tapeviz"
html_static_path = ["static"]
html_extra_path = ["schema"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_search_summary = False  # it would fetch pages, which a file may not
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#005b8f",
        "color-brand-content": "#005b8f",
    },
    "dark_css_variables": {
        "color-brand-primary": "#7cc7f2",
        "color-brand-content": "#7cc7f2",
    },
}

# The notebooks come with their outputs, the same that the tests hold.
nb_execution_mode = "off"
nb_mime_priority_overrides = [("html", "text/html", 1), ("html", "image/svg+xml", 2)]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autodoc_typehints = "none"
autodoc_member_order = "alphabetical"
python_use_unqualified_type_names = True
toc_object_entries = False
