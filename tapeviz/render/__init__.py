"""Pictures and text from frozen data: pure functions, one file per output.

No renderer sees a tensor or a tape. It may import ``analysis``, ``wording``, ``trace``
and ``errors``.
"""

import logging

# The first plot on a machine, and every first one in a web page, would begin with a red
# box that says it may take a moment.
logging.getLogger("matplotlib.font_manager").addFilter(
    lambda record: "building the font cache" not in record.getMessage()
)
