from __future__ import annotations

import pytest

from operando.errors import InputError
from operando.study.products import product_names, product_path


@pytest.mark.parametrize(
    ("product", "path"),
    [
        ("phases/phases", "phases/phases.zarr"),
        ("tables/particles-tracks", "tables/particles-tracks.parquet"),
        ("models/model 2", "models/model 2"),
    ],
)
def test_every_folder_has_its_suffix(tmp_path, product, path):
    assert product_path(tmp_path, product) == tmp_path / path


def test_images_may_be_seen_through_transforms(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "aligned.json").touch()
    assert product_path(tmp_path, "images/aligned") == tmp_path / "images" / "aligned.json"


@pytest.mark.parametrize(
    "product", ["phases", "phases/", "phases/../x", "nothing/x", "models/..", "models/.a"]
)
def test_wrong_names_are_refused(tmp_path, product):
    with pytest.raises(InputError, match="names no product"):
        product_path(tmp_path, product)


def test_hidden_and_unfinished_ones_are_not_listed(tmp_path):
    for name in ("b.zarr", "a.zarr", ".a.zarr.unfinished"):
        (tmp_path / "phases" / name).mkdir(parents=True)
    (tmp_path / "models" / "v1.2").mkdir(parents=True)
    (tmp_path / "phases" / "tmp0a1b2c").mkdir()
    assert product_names(tmp_path, "phases") == ["a", "b"]
    assert product_names(tmp_path, "models") == ["v1.2"]
    assert product_names(tmp_path, "strain") == []
