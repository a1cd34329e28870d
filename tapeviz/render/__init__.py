"""Pictures and text from frozen data: pure functions, one file per output.

No renderer sees a tensor or a tape. It may import ``analysis``, ``wording``, ``trace``
and ``errors``.
"""
