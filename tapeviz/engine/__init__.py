"""The tape engine: it records, and it differentiates. NumPy and nothing else."""

import warnings

# nan and inf are values like others here, as they are in TensorFlow.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"tapeviz\.engine")
