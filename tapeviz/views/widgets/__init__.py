"""Widgets for the notebook: traits and events, no mathematics.

They may import ``render``, ``trace`` and the views they show.
"""
