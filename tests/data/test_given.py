import dask.array as da
import numpy as np
import pytest

import operando
from operando.data.given import as_array, as_settings
from operando.errors import InputError
from operando.particles import LinkSettings, SplitSettings

IMAGE = np.random.default_rng(0).normal(size=(12, 32, 32)).astype(np.float32)
IDS = np.zeros(IMAGE.shape, np.int32)
IDS[2:8, 4:14, 4:14] = 1


def test_a_settings_dictionary_is_the_same_as_the_settings() -> None:
    given = as_settings(LinkSettings, {"largest_drift": 0.3})
    assert given == LinkSettings(largest_drift=0.3)
    assert as_settings(LinkSettings, None) == LinkSettings()
    assert as_settings(LinkSettings, given) is given


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"methd": "learned"}, r"The setting 'methd' of SplitSettings cannot be 'learned'"),
        ("learned", r"'learned' are no settings of SplitSettings"),
        ([("method", "learned")], "are no settings of SplitSettings"),
        (LinkSettings(), "are no settings of SplitSettings"),
    ],
)
def test_wrong_settings_are_named(given: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        operando.particles.split(IDS > 0, settings=given)
    with pytest.raises(InputError, match=said):
        as_settings(SplitSettings, given)


def test_effort_is_a_setting_by_name() -> None:
    with pytest.raises(InputError, match="'quick' are no settings of TrainSettings; give them by"):
        operando.segment.train(IMAGE, IDS, settings="quick")
    with pytest.raises(InputError, match="The setting 'effort' of TrainSettings cannot be 'fast'"):
        operando.segment.train(IMAGE, IDS, settings={"effort": "fast"})


def test_lazy_arrays_are_not_read_and_lists_become_arrays() -> None:
    lazy = da.from_array(IMAGE)
    assert as_array(lazy) is lazy
    np.testing.assert_array_equal(as_array(IDS.tolist()), IDS)


@pytest.mark.parametrize("given", [None, "scan.tif", 3, [[1, 2], [3]]])
def test_what_is_no_array_is_said(given: object) -> None:
    strokes = np.zeros((1, *IMAGE.shape), np.uint8)
    strokes[0, 5, 5:8, 5:8], strokes[0, 5, 20:24, 20:24] = 1, 2
    for call in (
        lambda: operando.segment.train(given, strokes),
        lambda: operando.segment.train(IMAGE, given),
        lambda: operando.segment.learn_images(given),
        lambda: operando.segment.predict(operando.segment.pretrained(), given),
        lambda: operando.clean.remove_rings(given),
        lambda: operando.clean.remove_spots(given),
        lambda: operando.clean.remove_stripes(given),
        lambda: operando.clean.denoise(given, 1.0),
        lambda: operando.clean.deblur(given, 1.0),
        lambda: operando.files.write_tiff("nowhere.tif", given),
    ):
        with pytest.raises(InputError, match="is no array; give one, or open files"):
            call()


@pytest.mark.parametrize(
    "clean",
    [
        operando.clean.remove_rings,
        lambda image: operando.clean.remove_spots(image, which="both"),
        operando.clean.remove_stripes,
    ],
)
def test_slices_of_any_type_are_cleaned_alike_and_volumes_refused(clean: object) -> None:
    image = np.random.default_rng(1).integers(90, 110, (64, 64)).astype(np.uint8)
    image[:, 20] += 60
    image[40, 40] = 255
    expected = clean(image.astype(np.float32))
    for given in (image, image.astype(float), da.from_array(image), image.tolist()):
        np.testing.assert_array_equal(clean(given), expected)
    with pytest.raises(InputError, match=r"\(1, 64, 64\).*with the axes y, x"):
        clean(image[None])


@pytest.mark.parametrize(
    "call",
    [
        operando.clean.judge,
        operando.align.align,
        lambda images: operando.clean.bin_voxels(images, (2, 2, 2)),
        lambda images: operando.clean.crop(images, (slice(0, 2),) * 3),
        lambda images: operando.clean.rescale(images, (1, 1, 1)),
        lambda images: operando.clean.mask_outside(images, IDS > 0),
    ],
)
@pytest.mark.parametrize("given", [IMAGE, "scan.tif", None])
def test_what_is_no_series_is_said(call: object, given: object) -> None:
    with pytest.raises(InputError, match="is no series; open files with"):
        call(given)
