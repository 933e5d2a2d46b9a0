"""Score `operando.strain` on pairs with exact truth, beside SPAM and pyALDVC.

    python benchmarks/strain.py [--cases translation sinus] [--seeds 1 2] [--size 200] [--out DIR]
        [--spam SPAM_ENV/bin] [--aldvc ALDVC_ENV/bin/python]

Pairs come from ``../shared/bench/dvc_synth.py`` (kept in --out, else in a temporary folder). SPAM
and pyALDVC are run on the same pairs where they are installed; each needs an environment of its
own (``pip install spam``, ``pip install al-dvc``). CPU seconds are of one thread, compiled kernels
loaded beforehand; for this code they hold all steps, for SPAM the correlation without its
registration.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from strain_peers import run_peers

BENCH = Path(__file__).resolve().parents[2] / "shared" / "bench"
ROCK = BENCH.parent / "data" / "dvc_rock"
CASES = ("static", "translation", "affine", "rotation", "sinus", "star", "crack", "large", "grains")
LARGE = ("translation", "affine", "sinus")


def make_pair(case: str, seed: int, size: int, folder: Path, extra: list[str]) -> Path:
    """Path of a pair, made if it is not there."""
    out = folder / "-".join([case, str(seed), str(size), *(e.strip("-") for e in extra)])
    if not (out / "meta.json").exists():
        command = [sys.executable, str(BENCH / "dvc_synth.py"), "--case", case, "--seed", str(seed)]
        subprocess.run(
            [*command, "--size", str(size), "--out", str(out), *extra],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return out


def read(folder: Path, smooth: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Reference and deformed volume, filtered as reconstructions are."""
    from dvc_floor import read_tiff
    from scipy.ndimage import gaussian_filter

    first, second = (read_tiff(str(folder / f"{n}.tif")) for n in ("reference", "deformed"))
    if smooth:
        first, second = (gaussian_filter(v.astype(np.float32), smooth) for v in (first, second))
        return first, second
    return first.astype(np.uint16), second.astype(np.uint16)


def strain_rmse(gradient: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Normal and shear components."""
    d = gradient - truth
    d = 0.5 * (d + np.swapaxes(d, 1, 2))
    normal = np.stack([d[:, k, k] for k in range(3)])
    shear = np.stack([d[:, a, b] for a, b in ((0, 1), (0, 2), (1, 2))])
    return float(np.sqrt((normal**2).mean())), float(np.sqrt((shear**2).mean()))


def score(folder: Path, order: str, smooth: float) -> str:
    from dvc_score import true_gradient

    from operando.strain import CorrelationSettings, correlate, fit_field

    volumes = read(folder, smooth)
    start = time.process_time()
    field = correlate(*volumes, settings=CorrelationSettings(order=order))
    cpu = time.process_time() - start
    truth = np.load(folder / "truth.npy", mmap_mode="r")
    at = field.positions.astype(int)
    u = np.stack([truth[c][tuple(at.T)] for c in range(3)], axis=1)
    inner = ((at >= 25) & (at <= np.array(truth.shape[1:]) - 26)).all(axis=1)
    use = inner & field.valid
    error = (field.displacement - u)[use]
    fitted = (fit_field(field).displacement - u)[use]
    normal, shear = strain_rmse(field.gradient[use], true_gradient(truth, field.positions)[use])
    ratio = np.sqrt((field.sigma[use] ** 2).mean() / (error**2).mean())
    lost = float((field.status[inner] == 3).mean())
    return (
        f"| {use.sum() / inner.sum():.1%} | {np.abs(error.mean(axis=0)).max():.4f} "
        f"| {np.sqrt((error**2).mean()):.4f} | {np.sqrt((fitted**2).mean()):.4f} "
        f"| {normal:.1e} / {shear:.1e} | {ratio:.2f} | {lost:.2%} | {len(at) / cpu:.0f} |"
    )


def score_grains(folder: Path) -> str:
    from dvc_floor import read_tiff
    from dvc_synth import rotation_matrix

    from operando.strain import correlate_particles

    volumes = read(folder)
    ids = read_tiff(str(folder / "labels.tif")).astype(np.int32)
    truth = np.genfromtxt(folder / "grains.csv", delimiter=",", names=True)
    start = time.process_time()
    table = correlate_particles(*volumes, ids).set_index("particle")
    cpu = time.process_time() - start
    shifts, angles = [], []
    for row in truth:
        found = table.loc[int(row["label"])]
        turn = rotation_matrix([row["rz"], row["ry"], row["rx"]])
        centre = found[["centre_z", "centre_y", "centre_x"]].to_numpy(float)
        away = centre - [row["cz"], row["cy"], row["cx"]]
        expected = turn @ away - away + [row["tz"], row["ty"], row["tx"]]
        shifts.append(found[["u_z", "u_y", "u_x"]].to_numpy(float) - expected)
        vector = found[["rotation_z", "rotation_y", "rotation_x"]].to_numpy(float)
        rest = rotation_matrix(np.deg2rad(vector)) @ turn.T
        angles.append(np.degrees(np.arccos(np.clip((np.trace(rest) - 1) / 2, -1, 1))))
    shift = np.sqrt((np.linalg.norm(shifts, axis=1) ** 2).mean())
    angle = np.sqrt(np.mean(np.square(angles)))
    return (
        f"| {(table['status'] != 'lost').mean():.1%} | | shift {shift:.4f}, rotation "
        f"{angle:.2f} deg | | | | | {len(truth) / cpu:.1f} |"
    )


def score_rock() -> str:
    """Compare with an independent code on a real pair; see its PROVENANCE.md."""
    import tifffile
    from scipy.interpolate import LinearNDInterpolator

    from operando.strain import correlate

    field = correlate(*(tifffile.imread(ROCK / f"{n}_u8.tif") for n in ("reference", "deformed")))
    table = np.genfromtxt(ROCK / "reference_displacement.csv", delimiter=",", names=True)
    points = np.stack([table[k] for k in "zyx"], axis=1)
    other = np.stack([table[f"u_{k}"] for k in "zyx"], axis=1)
    valid = field.valid
    mine = LinearNDInterpolator(field.positions[valid], field.displacement[valid])(points)
    error = np.linalg.norm(mine - other, axis=1)
    error = error[np.isfinite(error)]
    return (
        f"rock (real pair, {len(error)} nodes compared): median difference {np.median(error):.3f}, "
        f"95 % {np.percentile(error, 95):.3f} voxel, valid {valid.mean():.1%}, rotation "
        f"{field.info['rotation_deg']:.3f} deg, stretch {field.info['stretch']:.5f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--size", type=int, default=0, help="edge; default 200 or 160")
    parser.add_argument("--orders", nargs="+", default=["auto", "affine"])
    parser.add_argument("--noise", type=float, default=0.015)
    parser.add_argument("--fwhm", type=float, nargs=2, default=[2.0, 3.4])
    parser.add_argument(
        "--smooth", type=float, default=0.0, help="filter both volumes by so many voxels; ours only"
    )
    parser.add_argument("--out", type=Path, help="folder to keep the pairs in")
    parser.add_argument("--spam", type=Path, help="folder of SPAM's commands")
    parser.add_argument("--aldvc", type=Path, help="Python that has pyALDVC")
    args = parser.parse_args()
    if not BENCH.exists():
        sys.exit(f"The bench is not at {BENCH}; nothing was run.")
    sys.path.insert(0, str(BENCH))
    import numba

    from operando.strain import correlate, correlate_particles

    numba.set_num_threads(1)
    texture = np.random.default_rng(0).random((40, 40, 40))
    body = np.zeros(texture.shape, np.int32)
    body[8:32, 8:32, 8:32] = 1
    correlate(texture, texture)
    correlate_particles(texture, texture, body)
    extra = ["--noise", str(args.noise), "--fwhm", *map(str, args.fwhm)]
    print(
        "| case | seed | code, order | valid | bias | RMSE | RMSE fitted | strain normal / shear "
        "| predicted/actual | outliers | points per CPU s |"
    )
    print("|---" * 11 + "|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.out or Path(temporary)
        for case in args.cases:
            for seed in args.seeds:
                size = args.size or (200 if case in LARGE else 160)
                pair = make_pair(case, seed, size, folder, extra)
                if case == "grains":
                    rows = [f"operando {score_grains(pair)}"]
                else:
                    rows = [
                        f"operando {order} {score(pair, order, args.smooth)}"
                        for order in args.orders
                    ]
                for row in rows + run_peers(pair, BENCH, args.spam, args.aldvc):
                    print(f"| {case} | {seed} | {row}", flush=True)
    if ROCK.exists():
        print("\n" + score_rock())


if __name__ == "__main__":
    main()
