"""Programs for the page, run by Node or by a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from tapeviz.render.html.assets import read_assets
from tapeviz.render.live.assets import machine, scripts
from tapeviz.trace.codec import pack
from tapeviz.trace.program import FAMILIES, Program

ALL = [*scripts(more=FAMILIES), "live/expression.js"]

RUN = """
function judge({ program, leaves }) {
  const machine = compile(program);
  machine.run(new Map(leaves));
  const all = (table) => tableRows(table);
  const entries = (kind, ref, shape) => {
    const found = [];
    for (let i = 0; i < shape.reduce((a, b) => a * b, 1); i++)
      found.push(number(machine.at(kind, ref, i)));
    return found;
  };
  const nodes = all(program.instructions);
  const values = nodes.map((n) => entries("v", n.id, n.shape));
  const adjoints = nodes.map((n) => entries("g", n.id, n.shape));
  const parts = all(program.sweep).flatMap(({ node, slots }) =>
    slots.map((slot) => {
      const edge = "e" + nodes[node].id.slice(1) + "_" + slot;
      const { shape } = nodes[nodes[node].operands[slot]];
      return ["c", "t"].map((kind) => entries(kind, edge, shape));
    }),
  );
  return { values, adjoints, parts, left: machine.left() };
}
const number = (v) => (Number.isFinite(+v) ? +v : String(v));
"""


def node(script: str, given: Any) -> Any:
    """What a script makes of ``given``, by Node: it sets ``out``."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("no node to run scripts with; the browser does")
    head = (
        "const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));\nlet out;\n"
    )
    tail = "\nprocess.stdout.write(JSON.stringify(out));"
    done = subprocess.run(
        [program, "-e", f"{head}{script}{tail}"],
        input=json.dumps(given), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def everything() -> str:
    """All scripts of programs."""
    return read_assets(*ALL)


def job(program: Program, leaves: dict[str, Any]) -> dict[str, Any]:
    """A program with other leaves, by id, as ``judge`` takes it."""
    numbers = {one.id: i for i, one in enumerate(program.instructions)}
    changed = [[numbers[id], pack(tuple(data))] for id, data in leaves.items()]
    return {"program": pack(program), "leaves": changed}


__all__ = ["RUN", "everything", "job", "machine", "node"]
