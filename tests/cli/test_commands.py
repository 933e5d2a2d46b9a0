from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from zipfile import ZipFile

import h5py
import numpy as np
import pytest
import tifffile
from typer.testing import CliRunner

from operando import Study
from operando.cli import app
from operando.errors import FileError, InputError, StudyError
from operando.segment import Model, pretrained
from operando.steps import STEPS


def run(*words):
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None:
        raise result.exception
    return result.output


@pytest.fixture
def images(tmp_path, rng):
    path = tmp_path / "scan.tif"
    tifffile.imwrite(path, rng.integers(0, 255, (2, 5, 16, 16)).astype(np.uint8))
    return path


def test_the_version_is_that_of_the_package():
    assert run("--version").split() == ["napari-operando", version("napari-operando")]


def test_new_and_info(tmp_path, images):
    run(
        "new",
        tmp_path / "cell",
        images,
        "--axes",
        "tzyx",
        "--voxel-size",
        "0.5",
        "--times",
        "0,2.5",
    )
    with Study.open(tmp_path / "cell.operando") as study:
        assert study.voxel_size == (0.5, 0.5, 0.5)
        assert study.times == (0, 2.5)
    text = run("info", tmp_path / "cell.operando")
    assert "frames 2" in text
    assert "5 × 16 × 16 voxels" in text
    assert "not yet" in text


def test_an_anisotropic_voxel_size(tmp_path, images):
    run("new", tmp_path / "cell", images, "--axes", "tzyx", "--voxel-size", "2,0.5,0.5")
    with Study.open(tmp_path / "cell.operando") as study:
        assert study.voxel_size == (2, 0.5, 0.5)


def test_words_that_are_no_numbers(tmp_path, images):
    with pytest.raises(InputError, match="'big' is no voxel size"):
        run("new", tmp_path / "cell", images, "--voxel-size", "big")


@pytest.fixture
def strokes(tmp_path):
    path = tmp_path / "strokes.tif"
    labels = np.zeros((2, 5, 16, 16), np.uint8)
    labels[1, 3, 4:9, 4] = 2
    tifffile.imwrite(path, labels)
    return path


def test_new_brings_strokes_and_cycling_along(tmp_path, images, strokes):
    cycling = tmp_path / "cycling.csv"
    cycling.write_text("time_h,voltage_v,current_ma\n0,3.0,1\n2,4.2,1\n")
    words = ("new", tmp_path / "cell", images, "--axes", "tzyx", "--voxel-size", "1")
    run(*words, "--strokes", strokes, "--cycling", cycling)
    with Study.open(tmp_path / "cell.operando") as study:
        np.testing.assert_array_equal(study.strokes().array, tifffile.imread(strokes))
        assert study.table("cycling")["voltage_v"].tolist() == [3.0, 4.2]


def test_strokes_that_do_not_fit_leave_no_study(tmp_path, images, strokes):
    tifffile.imwrite(strokes, np.zeros((2, 5, 16, 17), np.uint8))
    words = ("new", tmp_path / "cell", images, "--axes", "tzyx", "--voxel-size", "1")
    with pytest.raises(InputError, match="16, 17"):
        run(*words, "--strokes", strokes)
    assert not (tmp_path / "cell.operando").exists()


def test_the_report_of_a_study(study, tmp_path):
    path = study.path
    study.close()
    assert "report.html" in run("report", path)
    run("report", path, tmp_path / "mine.html")
    assert study.name in (tmp_path / "mine.html").read_text()
    assert (path / "reports" / "report.html").exists()


def test_new_crops_and_bins(tmp_path, images):
    words = ("new", tmp_path / "cell", images, "--axes", "tzyx", "--voxel-size", "0.5")
    run(*words, "--times", "0,3", "--crop", "1:5,:,4:", "--bin", "2,4,3")
    with Study.open(tmp_path / "cell.operando") as study:
        found = np.asarray(study.series.data[:, 0])
        assert (study.voxel_size, study.times) == ((1, 2, 1.5), (0, 3))
    kept = tifffile.imread(images)[:, 1:5, :, 4:].astype(float)
    means = kept.reshape(2, 2, 2, 4, 4, 4, 3).mean(axis=(2, 4, 6))
    assert np.abs(found - means).max() <= 0.51


def test_new_takes_a_data_set(tmp_path, rng):
    values = rng.integers(0, 9, (2, 4, 8, 8)).astype(np.uint8)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["scan/first"], file["scan/second"] = values
    words = ("new", tmp_path / "cell", tmp_path / "a.h5", "--voxel-size", "1")
    run(*words, "--dataset", "scan/second")
    with Study.open(tmp_path / "cell.operando") as study:
        assert np.array_equal(np.asarray(study.series.data[0, 0]), values[1])


def test_new_takes_raw_volumes(tmp_path, rng):
    values = rng.integers(0, 60_000, (3, 5, 7)).astype(">u2")
    (tmp_path / "a.bin").write_bytes(b"head" + values.tobytes())
    words = ("new", tmp_path / "cell", tmp_path / "a.bin", "--voxel-size", "1")
    run(*words, "--shape", "3,5,7", "--dtype", "uint16", "--order", "big", "--offset", "4")
    with Study.open(tmp_path / "cell.operando") as study:
        assert np.array_equal(np.asarray(study.series.data[0, 0]), values)


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--crop", "3:9", "'3:9' is no box"),
        ("--crop", "a:b,:,:", "'a:b,:,:' is no box"),
        ("--crop", "9:,:,:", "holds no voxel"),
        ("--bin", "0", "'0' is no binning"),
        ("--bin", "99", "cannot be binned"),
        ("--bin", "2,2", "cannot be binned"),
        ("--shape", "3,x", "'3,x' is no shape"),
    ],
)
def test_what_new_cannot_do_is_one_sentence(tmp_path, images, option, value, sentence):
    words = ("new", tmp_path / "cell", images, "--axes", "tzyx", "--voxel-size", "1")
    with pytest.raises(InputError, match=sentence):
        run(*words, option, value)
    assert not (tmp_path / "cell.operando").exists()


def test_steps_lists_every_step_and_every_setting():
    assert {line.split()[0] for line in run("steps").splitlines()} == set(STEPS)
    text = run("steps", "strain")
    for name in STEPS["strain"].model_fields:
        assert f"  {name}" in text
    assert "(≥ 7, ≤ 101)" in text


def test_an_unknown_step_is_named():
    with pytest.raises(InputError, match="no step 'stain'"):
        run("steps", "stain")


def test_running_a_recipe(study, tmp_path):
    path = study.path
    study.close()
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("- step: strain\n  settings: {window: 15, spacing: 8}\n")
    run("run", path, recipe)
    with Study.open(path) as opened:
        assert opened.products("strain") == ["000-001"]


def test_a_recipe_goes_on_where_it_was_stopped(study, tmp_path):
    path = study.path
    study.close()
    recipe = tmp_path / "recipe.yaml"
    first = "- step: strain\n  settings: {window: 15, spacing: 8}\n"
    recipe.write_text(first)
    run("run", path, recipe)
    assert "1 of 1 steps are up to date" in run("run", path, recipe, "--resume")
    recipe.write_text(first + "- step: import-model\n  settings: {package: none.zip}\n")
    with pytest.raises(FileError):
        run("run", path, recipe, "--resume")
    with Study.open(path) as opened:
        assert [entry.step for entry in opened.entries] == ["strain"]


def test_running_a_recipe_on_a_cluster(study, tmp_path):
    distributed = pytest.importorskip("distributed")
    path = study.path
    study.close()
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("- step: strain\n  settings: {window: 15, spacing: 8}\n")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        run("run", path, recipe, "--scheduler", cluster.scheduler_address)
    with Study.open(path) as opened:
        assert opened.products("strain") == ["000-001"]
        assert [entry.step for entry in opened.entries] == ["strain"]


def test_exporting_a_field(study, tmp_path):
    path = study.path
    step = STEPS["strain"](window=15, spacing=8)
    step.run(study)
    n = len(study.field("000-001").positions)
    study.close()
    assert "field.csv" in run("export", path, "strain/000-001", tmp_path / "field.csv")
    lines = (tmp_path / "field.csv").read_text().splitlines()
    assert len(lines) == n + 1
    with pytest.raises(InputError, match=r"strain/000-007.*strain/000-001"):
        run("export", path, "strain/000-007", tmp_path / "field.vti")


def test_a_model_goes_from_one_study_to_another(study, tmp_path):
    path = study.path
    model = pretrained()
    model.save(study.product_path("models/model"))
    study.close()
    package = tmp_path / "model.zip"
    run("export", path, "models/model", package, "--author", "A. Painter", "--licence", "CC0-1.0")
    with ZipFile(package) as opened:
        description = opened.read("rdf.yaml").decode()
    assert "name: A. Painter" in description
    assert "license: CC0-1.0" in description
    assert "knows pore, binder, particle" in run("import-model", path, package, "--name", "other")
    with Study.open(path, read_only=True) as opened:
        assert opened.products("models") == ["model", "other"]
        assert opened.entries[-1].step == "import-model"
        other = Model.load(opened.product_path("models/other"))
    for name, weights in model.weights.items():
        np.testing.assert_array_equal(other.weights[name], weights)
    with pytest.raises(InputError, match=r"no field or model 'models/third'.*models/other"):
        run("export", path, "models/third", package)


def test_a_recipe_that_is_not_there(study, tmp_path):
    with pytest.raises(StudyError, match="There is no recipe"):
        run("run", study.path, tmp_path / "none.yaml")


def test_a_failure_is_one_sentence_and_exit_code_1(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "operando", "info", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "is not a study" in result.stderr


def test_importing_operando_imports_nothing_slow():
    slow = ("torch", "napari", "qtpy", "scipy", "skimage", "pandas", "zarr", "matplotlib", "numba")
    code = f"import operando, sys; print([m for m in {slow} if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_what_is_assumed_about_a_new_study_is_told(tmp_path):
    folder = tmp_path / "scan"
    folder.mkdir()
    for hours in (0, 2):
        np.save(folder / f"cell_{hours}h.npy", np.full((4, 20, 20), 7, np.uint8))
    cycling = tmp_path / "cycling.csv"
    cycling.write_text("time,voltage\n0,3.0\n7200,4.2\n")
    text = run("new", tmp_path / "cell", folder, "--voxel-size", "2,0.5,0.5", "--cycling", cycling)
    for words in (
        "Assumed: frame times are those in the file names",
        "Assumed: time in s, voltage in V",
        "Cycling: begins at 0 h of the images",
        "! The voxels are not cubes",
    ):
        assert words in text


def test_files_as_a_shell_lists_them_are_put_in_the_order_of_their_numbers(tmp_path):
    frames = [tmp_path / f"frame_{number}.npy" for number in (1, 2, 10)]
    for number, path in enumerate(frames):
        np.save(path, np.full((3, 4, 5), number, np.uint8))
    run("new", tmp_path / "cell", *sorted(frames), "--voxel-size", 1)
    with Study.open(tmp_path / "cell", read_only=True) as study:
        assert [int(study.series.frame(t)[0, 0, 0]) for t in range(3)] == [0, 1, 2]
