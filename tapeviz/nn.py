"""``tf.nn``: what neural networks are made of."""

from __future__ import annotations

from tapeviz.engine.assembly import direct

relu = direct.relu
sigmoid = direct.sigmoid
tanh = direct.tanh
