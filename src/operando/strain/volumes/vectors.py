# mypy: ignore-errors
"""Spline interpolation of eight neighbouring voxels at once, as vector instructions for numba."""

from __future__ import annotations

import struct
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from operando.strain.volumes.bspline import weight_polynomials

LANES = 8


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
            value = builder.fadd(builder.fmul(value, t, flags=["fast"]), constant, flags=["fast"])
        weights.append(value)
    return weights


def _emit_block(degree: int, context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
    f32, i32, i64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
    vec, ivec = ir.VectorType(f32, LANES), ir.VectorType(i32, LANES)
    coef, origin, stride_z, stride_y, motion, lane, out, start = args
    coef_ptr = cgutils.create_struct_proxy(sig.args[0])(context, builder, coef).data
    motion_ptr = cgutils.create_struct_proxy(sig.args[4])(context, builder, motion).data
    out_ptr = cgutils.create_struct_proxy(sig.args[6])(context, builder, out).data
    fast = ["fast"]

    def splat(value: ir.Value, kind: ir.Type) -> ir.Value:
        one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(i32, 0))
        zeros = ir.Constant(ir.VectorType(i32, LANES), [0] * LANES)
        return builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), zeros)

    iota = ir.Constant(vec, [float(i) for i in range(LANES)])
    floor = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(vec, [vec]), f"llvm.floor.v{LANES}f32"
    )
    which = builder.trunc(lane, i32)
    bases, fractions = [], []
    hit = ir.Constant(ir.VectorType(ir.IntType(1), LANES), [1] * LANES)
    for axis in range(3):
        terms = [
            splat(builder.load(builder.gep(motion_ptr, [ir.Constant(i64, 3 * axis + k)])), vec)
            for k in range(3)
        ]
        u = builder.fadd(builder.fmul(terms[2], iota), terms[1])
        u = builder.fadd(builder.fmul(u, iota), terms[0])
        below = builder.call(floor, [u])
        whole = builder.fptosi(below, ivec)
        base = builder.extract_element(whole, which)
        hit = builder.and_(hit, builder.icmp_signed("==", whole, splat(base, ivec)))
        bases.append(builder.sext(base, i64))
        fractions.append(builder.fsub(u, below))
    wz, wy, wx = (_emit_weights(builder, degree, t, vec) for t in fractions)
    left = (degree - 1) // 2
    corner = builder.add(origin, builder.mul(bases[0], stride_z))
    corner = builder.add(corner, builder.add(builder.mul(bases[1], stride_y), bases[2]))
    total: ir.Value | None = None
    for a in range(degree + 1):
        plane: ir.Value | None = None
        for b in range(degree + 1):
            row: ir.Value | None = None
            at = builder.add(corner, builder.mul(stride_z, ir.Constant(i64, a - left)))
            at = builder.add(at, builder.mul(stride_y, ir.Constant(i64, b - left)))
            for c in range(degree + 1):
                place = builder.gep(coef_ptr, [builder.add(at, ir.Constant(i64, c - left))])
                taps = builder.load(builder.bitcast(place, vec.as_pointer()), align=4)
                product = builder.fmul(wx[c], taps, flags=fast)
                row = product if row is None else builder.fadd(row, product, flags=fast)
            product = builder.fmul(wy[b], row, flags=fast)
            plane = product if plane is None else builder.fadd(plane, product, flags=fast)
        product = builder.fmul(wz[a], plane, flags=fast)
        total = product if total is None else builder.fadd(total, product, flags=fast)
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
