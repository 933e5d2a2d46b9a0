from __future__ import annotations

import json

import pytest

from operando.errors import StudyError
from operando.study.manifest import SCHEMA_VERSION, Manifest


def manifest(**changes):
    values = {"name": "cell", "sources": ("a.tif",), "voxel_size": (1, 1, 1), "times": (0.0,)}
    return Manifest(**(values | changes))


def test_round_trip(tmp_path):
    written = manifest(voxel_size=(0.3, 0.1, 0.1), times=(0.0, 0.5), hints={"axes": "tzyx"})
    written.write(tmp_path)
    assert Manifest.read(tmp_path) == written


def test_a_folder_without_it_is_no_study(tmp_path):
    with pytest.raises(StudyError, match="is not a study"):
        Manifest.read(tmp_path)


def test_a_newer_version_is_refused_with_both_numbers(tmp_path):
    manifest(schema_version=SCHEMA_VERSION + 1).write(tmp_path)
    with pytest.raises(StudyError, match=rf"layout {SCHEMA_VERSION + 1}.*knows {SCHEMA_VERSION}"):
        Manifest.read(tmp_path)


def test_a_voxel_size_below_zero_is_damage(tmp_path):
    path = tmp_path / "study.json"
    manifest().write(tmp_path)
    content = json.loads(path.read_text()) | {"voxel_size": [1, -1, 1]}
    path.write_text(json.dumps(content))
    with pytest.raises(StudyError, match=r"damaged .*not a voxel size"):
        Manifest.read(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"schema_version": 1, "name": "x"})])
def test_a_damaged_one_is_refused(tmp_path, text):
    (tmp_path / "study.json").write_text(text)
    with pytest.raises(StudyError, match="damaged"):
        Manifest.read(tmp_path)
