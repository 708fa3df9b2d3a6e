"""How the documentation is built."""

from tablemend import __version__

project = "tablemend"
author = "the tablemend maintainers"
copyright = author
release = version = __version__
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"tablemend {version}"
html_static_path = ["_static"]
html_copy_source = False
suppress_warnings = ["misc.highlighting_failure"]
