# mypy: ignore-errors
"""Compiled work on the voxels of one window: read, cut, move.

A window is an array ``(5, rows, lanes)``: grey values, their derivatives along z, y, x, and
weights; a row is a line of voxels along x, padded with weight 0 to a multiple of eight. The motion
inside a window is a polynomial of the offsets scaled to -1..1, ``c`` with shape ``(3, 10)`` and
terms in the order 1, z, y, x, zz, yy, xx, zy, zx, yx.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from operando.strain.volumes.bspline import EDGE
from operando.strain.volumes.vectors import LANES, cubic_block, quintic_block


@njit(nogil=True, cache=True, fastmath=True)
def read_window(reference, mask, centre, half, window):
    """Grey values, three 7-point gradients and weights of one window, ``(5, rows, lanes)``."""
    hz, hy, hx = half
    a1, a2, a3 = np.float32(45 / 60), np.float32(-9 / 60), np.float32(1 / 60)
    masked = mask.size > 0
    nx = np.uint64(2 * hx + 1)
    x0 = np.uint64(centre[2] - hx)
    o1, o2, o3 = np.uint64(1), np.uint64(2), np.uint64(3)
    row = 0
    for z in range(centre[0] - hz, centre[0] + hz + 1):
        for y in range(centre[1] - hy, centre[1] + hy + 1):
            line = reference[z, y]
            below1, above1 = reference[z - 1, y], reference[z + 1, y]
            below2, above2 = reference[z - 2, y], reference[z + 2, y]
            below3, above3 = reference[z - 3, y], reference[z + 3, y]
            before1, after1 = reference[z, y - 1], reference[z, y + 1]
            before2, after2 = reference[z, y - 2], reference[z, y + 2]
            before3, after3 = reference[z, y - 3], reference[z, y + 3]
            for i in range(nx):
                x = x0 + i
                window[0, row, i] = line[x]
                window[1, row, i] = (
                    a1 * (above1[x] - below1[x])
                    + a2 * (above2[x] - below2[x])
                    + a3 * (above3[x] - below3[x])
                )
                window[2, row, i] = (
                    a1 * (after1[x] - before1[x])
                    + a2 * (after2[x] - before2[x])
                    + a3 * (after3[x] - before3[x])
                )
                window[3, row, i] = (
                    a1 * (line[x + o1] - line[x - o1])
                    + a2 * (line[x + o2] - line[x - o2])
                    + a3 * (line[x + o3] - line[x - o3])
                )
                window[4, row, i] = 1.0
            if masked:
                for i in range(nx):
                    window[4, row, i] = 1.0 if mask[z, y, x0 + i] else 0.0
            row += 1


@njit(nogil=True, cache=True)
def cut_window(window, half, plane):
    """Give weight 0 to the voxels beyond a plane ``(normal, distance)``; normal 0 cuts nothing."""
    if plane[0] == 0 and plane[1] == 0 and plane[2] == 0:
        return
    ny, nx = 2 * half[1] + 1, 2 * half[2] + 1
    for r in range(window.shape[1]):
        along = plane[0] * (r // ny - half[0]) + plane[1] * (r % ny - half[1])
        for i in range(nx):
            if along + plane[2] * (i - half[2]) > plane[3]:
                window[4, r, i] = 0


@njit(nogil=True, cache=True, fastmath=True)
def centre_window(window, lanes):
    """Make grey values zero-mean over the weights; return voxels and squared norm."""
    _, rows, width = window.shape
    count, total = 0.0, 0.0
    for r in range(rows):
        n, s = np.float32(0), np.float32(0)
        for i in range(np.uint64(width)):
            w = window[4, r, i]
            n += w
            s += w * window[0, r, i]
        count += n
        total += s
    if count == 0.0:
        return 0.0, 0.0
    mean = np.float32(total / count)
    norm = 0.0
    for r in range(rows):
        s = np.float32(0)
        for i in range(np.uint64(width)):
            w = window[4, r, i]
            f = (window[0, r, i] - mean) * w
            window[0, r, i] = f
            window[1, r, i] *= w
            window[2, r, i] *= w
            window[3, r, i] *= w
            s += f * f
        norm += s
        for b in range(width // LANES):
            bits = 0
            for lane in range(LANES):
                if window[4, r, b * LANES + lane] > 0:
                    bits |= 1 << lane
            lanes[r, b] = bits
    return count, norm


@njit(nogil=True, cache=True)
def row_motion(c, z, y, first, step, motion):
    """Motion along a row as a parabola of the lane, starting at scaled offset `first`."""
    for k in range(3):
        a = c[k, 0] + c[k, 1] * z + c[k, 2] * y
        a += c[k, 4] * z * z + c[k, 5] * y * y + c[k, 7] * z * y
        b = c[k, 3] + c[k, 8] * z + c[k, 9] * y
        q = c[k, 6]
        motion[3 * k] = a + b * first + q * first * first
        motion[3 * k + 1] = (b + 2 * q * first) * step
        motion[3 * k + 2] = q * step * step


@njit(nogil=True, cache=True)
def warp_window(coef, strides, quintic, centre, half, c, lanes, moved):
    """Deformed grey values at the moved voxels of the window, into ``moved`` (rows, lanes)."""
    ny = 2 * half[1] + 1
    motion = np.empty(9, np.float32)
    values = moved.ravel()
    step = 1.0 / max(half[2], 1)
    for r in range(moved.shape[0]):
        dz, dy = r // ny - half[0], r % ny - half[1]
        z, y = dz / max(half[0], 1), dy / max(half[1], 1)
        for b in range(lanes.shape[1]):
            todo = lanes[r, b]
            if todo == 0:
                continue
            dx = b * LANES - half[2]
            row_motion(c, z, y, dx * step, step, motion)
            origin = (centre[0] + dz) * strides[0] + (centre[1] + dy) * strides[1]
            origin += centre[2] + dx + strides[2]
            start = r * moved.shape[1] + b * LANES
            while todo:
                lane = 0
                while not (todo >> lane) & 1:
                    lane += 1
                if quintic:
                    hit = quintic_block(
                        coef, origin, strides[0], strides[1], motion, lane, values, start
                    )
                else:
                    hit = cubic_block(
                        coef, origin, strides[0], strides[1], motion, lane, values, start
                    )
                todo &= ~hit


@njit(nogil=True, cache=True)
def stays_inside(c, centre, half, shape):
    """Whether no voxel of the moved window can come near a face of the deformed volume."""
    for k in range(3):
        reach = float(half[k])
        for m in range(1, 10):
            reach += abs(c[k, m])
        middle = centre[k] + c[k, 0]
        if middle - reach < EDGE or middle + reach > shape[k] - 1 - EDGE:
            return False
    return True


@njit(nogil=True, cache=True)
def drop_outside(window, centre, half, c, shape, mask):
    """Give weight 0 to voxels that moved to the faces of the deformed volume or out of its mask."""
    ny, nx = 2 * half[1] + 1, 2 * half[2] + 1
    motion = np.empty(9)
    at = np.empty(3, np.int64)
    dropped = 0
    step = 1.0 / max(half[2], 1)
    for r in range(window.shape[1]):
        dz, dy = r // ny - half[0], r % ny - half[1]
        row_motion(c, dz / max(half[0], 1), dy / max(half[1], 1), -half[2] * step, step, motion)
        for i in range(nx):
            if window[4, r, i] == 0:
                continue
            inside = True
            for k in range(3):
                offset = dz if k == 0 else (dy if k == 1 else i - half[2])
                p = centre[k] + offset
                p += motion[3 * k] + i * (motion[3 * k + 1] + i * motion[3 * k + 2])
                inside &= (p >= EDGE) & (p <= shape[k] - 1 - EDGE)
                at[k] = int(p + 0.5)
            if inside and mask.size > 0:
                inside = mask[at[0], at[1], at[2]] != 0
            if not inside:
                window[4, r, i] = 0
                dropped += 1
    return dropped
