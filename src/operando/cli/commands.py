"""The commands of ``operando``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from operando import __version__
from operando.cli.describe import first_line, remarks, step_lines, study_lines
from operando.cli.progress import TerminalProgress
from operando.compute.threads import limit_numba, wait_asleep
from operando.errors import InputError, OperandoError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from operando.steps.step import Step
    from operando.study import Study
    from operando.study.record import Entry

app = typer.Typer(
    name="operando",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"napari-operando {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it")
    ] = False,
) -> None:
    """From brush strokes to phases, particles and strain in 3D+t tomograms of batteries."""


def main() -> None:
    """Run the command line; a failure that the user can mend is one sentence and exit code 1."""
    wait_asleep()
    limit_numba()
    try:
        app()
    except OperandoError as error:
        typer.secho(str(error), err=True, fg=typer.colors.RED)
        sys.exit(1)


@app.command()
def demo(
    out: Annotated[Path, typer.Argument(help="New folder for study and report")] = Path("demo"),
    *,
    window: Annotated[
        bool, typer.Option(help="Show the result in napari, or take a picture of it")
    ] = True,
) -> None:
    """Run the whole main job on the sample: strokes, phases, particles, strain, report."""
    from operando.demo import run_demo

    run_demo(out, show_window=window, say=typer.echo, progress=TerminalProgress())


@app.command()
def sample(
    out: Annotated[Path, typer.Argument(help="New folder")],
    seed: Annotated[int, typer.Option(help="Another seed gives another electrode")] = 0,
) -> None:
    """Write a small synthetic 3D+t electrode with strokes, truth and a cycling curve."""
    from operando.samples import write_sample

    write_sample(out, seed=seed)
    typer.echo(f"Wrote {out}; its README.md says what every file is")


@app.command()
def new(
    study: Annotated[Path, typer.Argument(help="New folder of the study")],
    images: Annotated[list[Path], typer.Argument(help="Image files, or a folder of them")],
    voxel_size: Annotated[
        str | None,
        typer.Option(help="Edge of a voxel in µm: one number, or z,y,x"),
    ] = None,
    times: Annotated[
        str | None, typer.Option(help="Hours of the frames, separated by commas")
    ] = None,
    axes: Annotated[
        str | None, typer.Option(help="Axes of the files where they do not say, such as tzyx")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Data set of an HDF5 file, or array of a Zarr group")
    ] = None,
    shape: Annotated[
        str | None, typer.Option(help="Of raw volumes: voxels along z,y,x, the fastest axis last")
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(help="Type of a voxel of raw volumes, such as uint16")
    ] = None,
    order: Annotated[
        str | None, typer.Option(help="Byte order of raw volumes: little (default) or big")
    ] = None,
    offset: Annotated[
        int | None, typer.Option(help="Bytes before the first voxel of raw volumes")
    ] = None,
    strokes: Annotated[
        Path | None, typer.Option(help="Label image of strokes to begin with, 0 = not painted")
    ] = None,
    cycling: Annotated[
        Path | None, typer.Option(help="Voltage over time: CSV, Excel, BDF, .mpt, .nda, .ndax")
    ] = None,
    crop: Annotated[
        str | None,
        typer.Option(help="Part to keep, z,y,x as from:to, such as :,100:400,50:; it is copied"),
    ] = None,
    binning: Annotated[
        str | None,
        typer.Option(
            "--bin", help="Average so many voxels: one number, or z,y,x; the result is copied"
        ),
    ] = None,
) -> None:
    """Make a study of images, which are never changed, and copied only where cropped or binned."""
    from operando.files import read
    from operando.files.folders import natural_order
    from operando.files.name_times import in_order_of_times
    from operando.study.new import bring_along, new_study, raw_hints

    hints: dict[str, Any] = raw_hints(shape=shape, dtype=dtype, byteorder=order, offset=offset)
    hints |= {"axes": axes} if axes else {}
    hints |= {"dataset": dataset} if dataset else {}
    size = _numbers(voxel_size, "voxel size") if voxel_size else None
    size = size * 3 if size and len(size) == 1 else size
    hours = _numbers(times, "times") if times else None
    if images == sorted(images):
        # As a shell lists them, frame_10 before frame_2.
        images = in_order_of_times(natural_order(images))
    source: Any = images if len(images) > 1 else images[0]
    made = new_study(
        study, source, crop=crop, binning=binning, voxel_size=size, times=hours, **hints
    )
    with made:
        bring_along(made, strokes, cycling)
        typer.echo(f"Made {made.path}")
        _say(study_lines(made))
        _say(remarks(made, read(source, voxel_size=size, times=hours, **hints)))


@app.command()
def info(study: Annotated[Path, typer.Argument(help="Folder of a study")]) -> None:
    """Say what a study holds and what was done in it."""
    from operando.study import Study

    with Study.open(study, read_only=True) as opened:
        _say(study_lines(opened))


@app.command(name="open")
def open_study(study: Annotated[Path, typer.Argument(help="Folder of a study")]) -> None:
    """Open a study in napari."""
    from operando.ui.window import show_study

    show_study(study)


@app.command()
def run(
    study: Annotated[Path, typer.Argument(help="Folder of a study")],
    recipe: Annotated[Path, typer.Argument(help="YAML file that lists steps")],
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Address or file of a dask scheduler: steps run on its workers, side by side"
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option(help="Leave out steps that ran so on what the study holds now")
    ] = False,
) -> None:
    """Run the steps of a recipe on a study, without a window."""
    from operando.jobs.cluster import run_on_cluster
    from operando.steps import left_to_run, load_recipe
    from operando.study import Study

    steps = load_recipe(recipe)
    with Study.open(study) as opened:
        if resume:
            left = left_to_run(opened, steps)
            typer.echo(f"{len(steps) - len(left)} of {len(steps)} steps are up to date")
            steps = left
        progress = TerminalProgress()
        if scheduler is None:
            ran = _one_after_the_other(opened, steps, progress)
        else:
            progress.start("On the cluster")
            ran = run_on_cluster(opened, steps, scheduler, progress)
        for number, (step, entry) in enumerate(ran, 1):
            progress.finish(f"{number}/{len(steps)} {step.title}: {entry.summary}")


def _one_after_the_other(
    study: Study, steps: Sequence[Step], progress: TerminalProgress
) -> Iterator[tuple[Step, Entry]]:
    from operando.steps import run_step

    for number, step in enumerate(steps, 1):
        progress.start(f"{number}/{len(steps)} {step.title}")
        yield step, run_step(study, step, progress)


@app.command()
def report(
    study: Annotated[Path, typer.Argument(help="Folder of a study")],
    out: Annotated[Path | None, typer.Argument(help="New file; in the study by default")] = None,
) -> None:
    """Write one page with the pictures and numbers of a study, for any browser."""
    from operando.report import write_report
    from operando.study import Study

    with Study.open(study, read_only=True) as opened:
        typer.echo(f"Wrote {write_report(opened, out)}")


@app.command()
def export(
    study: Annotated[Path, typer.Argument(help="Folder of a study")],
    product: Annotated[
        str, typer.Argument(help="What to write, such as strain/000-001 or models/model")
    ],
    out: Annotated[
        Path,
        typer.Argument(help="New file: .vti, .vtu, .csv, .npz or SPAM's .tsv; .zip of a model"),
    ],
    *,
    title: Annotated[
        str, typer.Option(help="What bioimage.io calls the model")
    ] = "Battery electrode phases",
    author: Annotated[
        list[str] | None, typer.Option(help="Who made the model; again for each person")
    ] = None,
    licence: Annotated[str, typer.Option(help="SPDX name of the model's licence")] = "CC-BY-4.0",
) -> None:
    """Write a displacement field for other programs, or a model as a bioimage.io package."""
    from operando.files import write_field
    from operando.study import Study

    kind, _, name = product.partition("/")
    with Study.open(study, read_only=True) as opened:
        known = [
            f"{kind}/{name}" for kind in ("strain", "models") for name in opened.products(kind)
        ]
        if product not in known:
            there = ", ".join(known) or "none: run train or strain first"
            raise InputError(f"There is no field or model {product!r}", f"this study has {there}")
        if kind == "strain":
            write_field(out, opened.field(name), voxel_size=opened.voxel_size)
        else:
            from operando.segment import Model
            from operando.segment.models.bioimage import export_package

            model = Model.load(opened.product_path(product))
            authors = tuple(author or ())
            export_package(model, out, name=title, authors=authors, licence=licence)
    typer.echo(f"Wrote {out}")


@app.command(name="import-model")
def import_model(
    study: Annotated[Path, typer.Argument(help="Folder of a study")],
    package: Annotated[
        Path, typer.Argument(help="Package that operando exported, or a model folder")
    ],
    name: Annotated[str, typer.Option(help="Name of the model in the study")] = "model",
) -> None:
    """Take a model that was trained in another study, to segment with or to train on."""
    from operando.steps import make_step, run_step
    from operando.study import Study

    step = make_step("import-model", {"package": str(package.resolve()), "model": name})
    with Study.open(study) as opened:
        typer.echo(f"The model {name} {run_step(opened, step).summary}")


@app.command()
def steps(
    name: Annotated[str | None, typer.Argument(help="Name of a step")] = None,
) -> None:
    """List the steps, or one step with its settings, defaults and bounds."""
    from operando.steps import STEPS

    if name is None:
        for step in STEPS.values():
            typer.echo(f"{step.name:<15} {first_line(step)}")
        return
    if name not in STEPS:
        raise InputError(f"There is no step {name!r}", f"use one of {', '.join(STEPS)}")
    _say(step_lines(STEPS[name]))


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def _numbers(text: str, what: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"{text!r} is no {what}", "write numbers separated by commas") from None
