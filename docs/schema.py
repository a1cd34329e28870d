"""Write the JSON schemas of what tapeviz saves, from its dataclasses.

python docs/schema.py    # into docs/schema
"""

from __future__ import annotations

import json
from pathlib import Path

from tapeviz.trace.backward_pass import BackwardPass
from tapeviz.trace.codec import VERSION
from tapeviz.trace.descent import Descent
from tapeviz.trace.film import Film
from tapeviz.trace.graph import Graph
from tapeviz.trace.schema import schema

FOLDER = Path(__file__).parent / "schema"
KINDS = (Graph, BackwardPass, Descent, Film)


def texts() -> dict[str, str]:
    """The schemas as texts, by the names of their files."""
    return {
        f"{kind.saved_as}-{VERSION}.json": json.dumps(schema(kind), indent=1) + "\n"
        for kind in KINDS
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in texts().items():
        (FOLDER / name).write_text(text, "utf-8", newline="\n")
