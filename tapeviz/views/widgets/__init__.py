"""Widgets for the notebook: traits and events, no mathematics."""
