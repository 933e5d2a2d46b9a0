# mypy: ignore-errors
"""Spline interpolation of eight neighbouring voxels at once, as vector instructions for numba."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from operando.strain.volumes.bspline import weight_polynomials

if TYPE_CHECKING:
    from collections.abc import Iterable

LANES = 8
_FAST = ["fast"]


def _single(value: float) -> float:
    """Round to float32, as a constant of a float vector must be."""
    return struct.unpack("f", struct.pack("f", value))[0]


def _emit_weights(
    builder: ir.IRBuilder, degree: int, t: ir.Value, vector: ir.Type
) -> list[ir.Value]:
    """Vectors of B-spline weights at the fractional positions ``t`` (Horner)."""
    weights = []
    for row in weight_polynomials(degree):
        value: ir.Value = ir.Constant(vector, [_single(row[-1])] * LANES)
        for c in row[-2::-1]:
            constant = ir.Constant(vector, [_single(c)] * LANES)
            value = builder.fadd(builder.fmul(value, t, flags=_FAST), constant, flags=_FAST)
        weights.append(value)
    return weights


def _emit_splat(builder: ir.IRBuilder, value: ir.Value, kind: ir.Type) -> ir.Value:
    """Put one value into all lanes of a vector."""
    i32, nothing = ir.IntType(32), ir.Constant(kind, ir.Undefined)
    one = builder.insert_element(nothing, value, ir.Constant(i32, 0))
    zeros = ir.Constant(ir.VectorType(i32, LANES), [0] * LANES)
    return builder.shuffle_vector(one, nothing, zeros)


def _emit_places(
    builder: ir.IRBuilder, motion: ir.Value, lane: ir.Value
) -> tuple[list[ir.Value], list[ir.Value], ir.Value]:
    """Places of the lanes along z, y, x.

    Returns the whole parts of `lane`, the fractions of all, and which lanes share the whole parts.
    """
    i32, i64 = ir.IntType(32), ir.IntType(64)
    vec, ivec = ir.VectorType(ir.FloatType(), LANES), ir.VectorType(i32, LANES)
    iota = ir.Constant(vec, [float(i) for i in range(LANES)])
    floor = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(vec, [vec]), f"llvm.floor.v{LANES}f32"
    )
    which = builder.trunc(lane, i32)
    bases, fractions = [], []
    hit = ir.Constant(ir.VectorType(ir.IntType(1), LANES), [1] * LANES)
    for axis in range(3):
        terms = []
        for k in range(3):
            term = builder.load(builder.gep(motion, [ir.Constant(i64, 3 * axis + k)]))
            terms.append(_emit_splat(builder, term, vec))
        u = builder.fadd(builder.fmul(terms[2], iota), terms[1])
        u = builder.fadd(builder.fmul(u, iota), terms[0])
        below = builder.call(floor, [u])
        whole = builder.fptosi(below, ivec)
        base = builder.extract_element(whole, which)
        same = builder.icmp_signed("==", whole, _emit_splat(builder, base, ivec))
        hit = builder.and_(hit, same)
        bases.append(builder.sext(base, i64))
        fractions.append(builder.fsub(u, below))
    return bases, fractions, hit


def _emit_sum(
    builder: ir.IRBuilder, weights: list[ir.Value], values: Iterable[ir.Value]
) -> ir.Value:
    """Weighted sum of values, each of which is emitted just before it is used."""
    total: ir.Value | None = None
    for weight, value in zip(weights, values, strict=True):
        product = builder.fmul(weight, value, flags=_FAST)
        total = product if total is None else builder.fadd(total, product, flags=_FAST)
    return total


def _emit_block(degree: int, context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
    i64, vec = ir.IntType(64), ir.VectorType(ir.FloatType(), LANES)
    coef, origin, stride_z, stride_y, motion, lane, out, start = args
    coef_ptr = cgutils.create_struct_proxy(sig.args[0])(context, builder, coef).data
    motion_ptr = cgutils.create_struct_proxy(sig.args[4])(context, builder, motion).data
    out_ptr = cgutils.create_struct_proxy(sig.args[6])(context, builder, out).data
    bases, fractions, hit = _emit_places(builder, motion_ptr, lane)
    wz, wy, wx = (_emit_weights(builder, degree, t, vec) for t in fractions)
    corner = builder.add(origin, builder.mul(bases[0], stride_z))
    corner = builder.add(corner, builder.add(builder.mul(bases[1], stride_y), bases[2]))
    steps = [ir.Constant(i64, k - (degree - 1) // 2) for k in range(degree + 1)]

    def tap(at: ir.Value, c: ir.Value) -> ir.Value:
        place = builder.gep(coef_ptr, [builder.add(at, c)])
        return builder.load(builder.bitcast(place, vec.as_pointer()), align=4)

    def row(a: ir.Value, b: ir.Value) -> ir.Value:
        at = builder.add(corner, builder.mul(stride_z, a))
        at = builder.add(at, builder.mul(stride_y, b))
        return _emit_sum(builder, wx, (tap(at, c) for c in steps))

    planes = (_emit_sum(builder, wy, (row(a, b) for b in steps)) for a in steps)
    total = _emit_sum(builder, wz, planes)
    target = builder.bitcast(builder.gep(out_ptr, [start]), vec.as_pointer())
    kept = builder.select(hit, total, builder.load(target, align=4))
    builder.store(kept, target, align=4)
    return builder.zext(builder.bitcast(hit, ir.IntType(LANES)), i64)


_BLOCK = types.int64(
    types.Array(types.float32, 1, "C"),
    types.int64,
    types.int64,
    types.int64,
    types.Array(types.float32, 1, "C"),
    types.int64,
    types.Array(types.float32, 1, "C"),
    types.int64,
)


@intrinsic
def cubic_block(typingctx, coef, origin, stride_z, stride_y, motion, lane, out, start):
    """As `quintic_block`, with cubic splines."""
    return _BLOCK, lambda *args: _emit_block(3, *args)


@intrinsic
def quintic_block(typingctx, coef, origin, stride_z, stride_y, motion, lane, out, start):
    """Grey values at eight moved neighbours of one row; returns the lanes that were written.

    Written out as vector instructions because compilers do not find this loop: where the whole
    part of the motion is the same for neighbours in x, their stencils are contiguous in memory.
    Only the lanes that share the whole part of `lane` are written; call again for the others.

    Parameters
    ----------
    coef, origin, stride_z, stride_y
        Flat padded coefficients; the element of the first voxel; elements per plane and row.
    motion
        ``(9,)``: constant, linear and quadratic term of the motion over the lanes, for z, y, x.
    out, start
        Where the values go: ``out[start:start + 8]``.
    """
    return _BLOCK, lambda *args: _emit_block(5, *args)
