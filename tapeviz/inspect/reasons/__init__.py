"""Why a gradient is None, zero or not finite: the evidence, the sentence, the edit.

It asks ``inspect.source`` what the learner's code says, which knows nothing of reasons.
It may import ``engine``, ``trace``, ``errors`` and the other files of ``inspect``.
"""
