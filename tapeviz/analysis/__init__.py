"""From frozen data to frozen data: folding, subgraphs, differences, convergence.

Nothing here draws or measures a letter, and nothing reads the engine. It may import
``trace`` and ``wording``.
"""
