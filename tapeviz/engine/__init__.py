"""The tape engine: it records operations and differentiates them, with NumPy alone.

It has never heard of a picture, nor of TensorFlow's public names. It may import
``errors``.
"""

import warnings

# nan and inf are values like others here, as they are in TensorFlow.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"tapeviz\.engine")
