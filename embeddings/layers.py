"""The layers of an OpenVINO graph: linear ones, in the graph's own precision or in 8 bits, and OpenVINO itself.

In 8 bits a text is read 1.5 to 1.8 times as fast as in bfloat16. Each value that a linear layer reads is rounded to
256 steps between the least and the most that it was when ``measured`` (`embeddings.bert.measure`), and each row of
its weights to 255. As the steps are each value's own, they go into the weights (as in SmoothQuant, Xiao et al. 2022,
where it is a part of them).
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


@contextmanager
def _unreported() -> Iterator[None]:
    """Leave openvino.tools.ovc out of an import of openvino, which does without it.

    It reports every import to its makers over the network, and writes an id for that into the user's home.
    """
    if "openvino" in sys.modules:
        yield
        return
    sys.modules["openvino.tools.ovc"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["openvino.tools.ovc"]


with _unreported():
    import openvino
    from openvino import opset13 as op

__all__ = ["Layer", "adds_bytes", "constant", "linear", "op", "openvino", "rounded_feed_forward"]

_STEPS, _WEIGHT_STEPS = 255, 127
# Of the values between the two layers of a feed-forward block, one in so many is not rounded: those that reach so far
# that 256 steps would blur them (the largest of all-MiniLM-L6-v2's is 24, where most stay below 3).
_FAR_PART = 12


class Layer(NamedTuple):
    """A linear layer: ``weight`` (to, from) and ``bias`` (to,), as torch keeps them.

    ``measured`` is (3, from): the least, the most and the mean of each value that it reads; None where it computes in
    the graph's own precision.
    """

    weight: NDArray[Any]
    bias: NDArray[Any]
    measured: NDArray[Any] | None = None


def linear(x: openvino.Node, layer: Layer) -> openvino.Node:
    """Put a linear layer on ``x``: (..., from) -> (..., to)."""
    if layer.measured is None:
        return op.add(op.matmul(x, constant(layer.weight), False, True), constant(layer.bias))
    least, most, mean = layer.measured.astype(np.float32)
    step = np.maximum(most - least, 1e-6) / _STEPS
    steps = op.add(op.multiply(x, constant(1 / step)), constant(-least / step))
    ends = [op.constant(np.float32(end)) for end in (0, _STEPS)]
    rounded = op.fake_quantize(steps, *ends, *ends, _STEPS + 1)
    a_step = layer.weight.astype(np.float32) * step
    scale = np.maximum(np.abs(a_step).max(axis=1, keepdims=True), 1e-12) / _WEIGHT_STEPS
    whole = np.rint(a_step / scale)
    weight = op.multiply(op.convert(op.constant(whole.astype(np.int8)), np.float32), constant(scale))
    # So that of the mean the layer makes what it would without rounding.
    bias = layer.bias + layer.weight.astype(np.float32) @ mean - (whole * scale) @ ((mean - least) / step)
    return op.add(op.matmul(rounded, weight, False, True), constant(bias))


def rounded_feed_forward(x: openvino.Node, inner: Layer, outer: Layer) -> openvino.Node:
    """Put a linear layer, GELU and another linear layer on ``x``, where it is ``measured`` what both of them read."""
    measured = np.asarray(outer.measured, np.float32)
    least, most, _ = measured
    blurred = (most - least) * np.linalg.norm(outer.weight.astype(np.float32), axis=0)
    order = np.argsort(blurred, kind="stable")
    far = len(order) // _FAR_PART

    def wide(which: NDArray[np.int64]) -> openvino.Node:
        return op.gelu(linear(x, Layer(inner.weight[which], inner.bias[which], inner.measured)), "erf")

    near, exact = np.sort(order[:-far]), np.sort(order[-far:])
    rounded = linear(wide(near), Layer(outer.weight[:, near], outer.bias, measured[:, near]))
    return op.add(rounded, op.matmul(wide(exact), constant(outer.weight[:, exact]), False, True))


@cache
def adds_bytes() -> bool:
    """Tell whether the processor adds products of bytes at once, and rightly; only there do 8 bits pay.

    An x86 that lacks VNNI would add two into 16 bits, which is not enough for two of the largest (and nothing is told).
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    many = 64
    measured = np.array([[0.0], [_STEPS], [0.0]], dtype=np.float32).repeat(many, axis=1)
    layer = Layer(np.ones((many, many), np.float32), np.zeros(many, np.float32), measured)
    read = op.parameter([-1, many], np.float32)
    model = openvino.Core().compile_model(openvino.Model([linear(read, layer)], [read]), "CPU")
    found = model([np.full((8, many), _STEPS, np.float32)])[0]
    return bool(np.allclose(found, many * _STEPS, rtol=0.01))


def constant(array: NDArray[Any]) -> openvino.op.Constant:
    """A constant that shares the array's memory; only another type than float32 costs a copy."""
    return openvino.op.Constant(np.require(array, np.float32, ["C", "A", "W"]), shared_memory=True)
