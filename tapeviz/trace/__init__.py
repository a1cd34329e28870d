"""What happened, as frozen dataclasses with a JSON form: graph, backward pass, descent.

No computation, no picture, and no tensor: only the standard library. It may import
``errors``.
"""
