"""What a learner holds: a drawing, a player, a diagnosis, a descent, an explorer.

Each shows itself in a notebook and saves itself; what is drawn comes from ``render``,
what is known from ``inspect``. It may import those two, ``analysis``, ``wording``,
``trace`` and the classes of the engine that a learner hands in.
"""
