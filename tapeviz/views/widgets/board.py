"""The studio's board as a widget: what it shows, and where the reader pulls."""

from __future__ import annotations

import json
from typing import Any

import anywidget
import traitlets

from tapeviz.render.descent import explorer_board


class Board(anywidget.AnyWidget):
    """A picture with a slider and a start that can be dragged.

    ``rate`` and ``point`` are what the page says, ``opened`` the step whose graph it
    asks for (-1 for none); ``ground``, ``scene`` and ``graph`` are what it is told, and
    ``heard`` counts the moves that were answered by no new scene.
    """

    _esm = explorer_board.script()
    _css = explorer_board.styles()

    ground = traitlets.Unicode("").tag(sync=True)
    scene = traitlets.Unicode("").tag(sync=True)
    graph = traitlets.Unicode("").tag(sync=True)
    rate = traitlets.Float(0.1).tag(sync=True)
    point = traitlets.List(traitlets.Float()).tag(sync=True)
    opened = traitlets.Int(-1).tag(sync=True)
    heard = traitlets.Int(0).tag(sync=True)

    def show(self, ground: Any, scene: Any) -> None:
        """Put a scene, and a ground if it is new, in the place of the last."""
        with self.hold_sync():
            if ground is not None:
                self.ground = json.dumps(ground)
            self.scene = json.dumps(scene)

    def unfold(self, graph: Any) -> None:
        """Show a graph below the picture; None folds it."""
        self.graph = json.dumps(graph) if graph else ""
