"""The explorer's chart as a widget."""

from __future__ import annotations

import json
from typing import Any

import anywidget
import traitlets

from tapeviz.render.descent import explorer_chart


class ChartWidget(anywidget.AnyWidget):
    """A picture with a slider and a start that can be dragged.

    The page sets ``rate`` (the learning rate), ``point`` (the start) and ``open_step``
    (the step whose graph it asks for, -1 for none). Python sets ``background``,
    ``scene`` and ``graph``, each JSON or "", and counts in ``unanswered`` the requests
    that led to no new scene.
    """

    _esm = explorer_chart.script()
    _css = explorer_chart.styles()

    background = traitlets.Unicode("").tag(sync=True)
    scene = traitlets.Unicode("").tag(sync=True)
    graph = traitlets.Unicode("").tag(sync=True)
    rate = traitlets.Float(0.1).tag(sync=True)
    point = traitlets.List(traitlets.Float()).tag(sync=True)
    open_step = traitlets.Int(-1).tag(sync=True)
    unanswered = traitlets.Int(0).tag(sync=True)

    def show(self, background: Any, scene: Any) -> None:
        """Replace the scene, and the background unless it is None."""
        with self.hold_sync():
            if background is not None:
                self.background = json.dumps(background)
            self.scene = json.dumps(scene)

    def unfold(self, graph: Any) -> None:
        """Show a graph below the picture; None folds it."""
        self.graph = json.dumps(graph) if graph else ""
