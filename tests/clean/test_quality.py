from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter

from operando.clean import judge
from operando.clean.quality import detail, judge_slice, suggest
from operando.clean.ranking import learn, score


@pytest.fixture
def clean(grains):
    return grains[6] + 3 * np.random.default_rng(0).standard_normal(grains[6].shape)


def test_noise_is_a_share_of_the_contrast(grains):
    noisy = grains[6] + 20 * np.random.default_rng(0).standard_normal(grains[6].shape)
    assert judge_slice(noisy)["noise"] == pytest.approx(0.2, rel=0.15)


def test_each_artefact_raises_its_own_score(clean):
    rng = np.random.default_rng(1)
    heights = 15 * rng.standard_normal(160)
    y, x = np.indices(clean.shape)
    radius = np.rint(np.hypot(y - 79.5, x - 79.5)).astype(int)
    plain = judge_slice(clean)
    curtains, rings = judge_slice(clean + heights), judge_slice(clean + heights[radius])
    assert curtains["stripes_y"] > 0.1
    assert curtains["stripes_x"] < 0.05
    assert judge_slice((clean + heights).T)["stripes_x"] > 0.1
    assert rings["rings"] > 0.1
    assert plain["rings"] < 0.05
    assert plain["stripes_y"] < 0.05
    assert judge_slice(gaussian_filter(clean, 2))["sharpness"] < 0.7 * plain["sharpness"]
    assert judge_slice(np.clip(clean, 110, 190))["saturation"] > 0.3
    assert plain["saturation"] < 0.01


def test_what_was_not_imaged_does_not_count(clean):
    """A margin on two sides, and holes."""
    framed = np.pad(clean[:-1], ((20, 0), (0, 30)), constant_values=np.nan)
    framed[40, 50:53] = np.nan
    expected = judge_slice(clean[:-1])
    for name, value in judge_slice(framed).items():
        assert value == pytest.approx(expected[name], abs=0.01, rel=0.01), name
    assert judge_slice(np.full((40, 40), np.nan))["contrast"] == 0


def test_an_empty_slice_has_scores():
    scores = judge_slice(np.full((32, 32), 7, np.uint8))
    assert scores["brightness"] == 7
    assert scores["contrast"] == 0


def test_worse_images_get_lower_scores(clean):
    rng = np.random.default_rng(2)
    noise = rng.standard_normal(clean.shape)
    rows = pd.DataFrame([judge_slice(clean + level * noise) for level in (0, 15, 40)])
    assert (np.diff(score(rows)) < 0).all()


def test_blurred_images_get_lower_scores(clean):
    """Although a blur takes noise away and parts the phases better."""
    rng = np.random.default_rng(2)
    noise = 3 * rng.standard_normal(clean.shape)
    rows = pd.DataFrame([judge_slice(gaussian_filter(clean, s) + noise) for s in (0, 1, 2, 3)])
    assert (np.diff(score(rows)) < 0).all()


def test_detail_tells_blur_from_noise(grains):
    noise = np.random.default_rng(0).standard_normal(grains[6].shape)
    plain = detail(grains[6])
    assert detail(grains[6] + 20 * noise) == pytest.approx(plain, rel=0.05)
    assert detail(gaussian_filter(grains[6], 1) + 5 * noise) < 0.8 * plain
    assert detail(noise) < 0.4
    assert detail(np.zeros((16, 40), np.float32)) == 0


def test_few_strong_stripes_count(clean):
    heights = np.zeros(160)
    heights[[20, 50, 51, 90, 130]] = 40
    assert judge_slice(clean + heights)["stripes_y"] > 0.06


def test_the_ranking_learns_which_feature_counts():
    rng = np.random.default_rng(0)
    better, worse = rng.standard_normal((2, 400, 3))
    swap = better[:, 1] < worse[:, 1]
    better[swap], worse[swap] = worse[swap], better[swap].copy()
    weights = learn(better, worse)
    assert weights[1] > 5 * np.abs(weights[[0, 2]]).max()


def test_drift_and_brightness_of_frames(grains, as_series):
    moved = np.roll(grains, 3, axis=2) + 20
    table, by_slice = judge(as_series(np.stack([grains, moved])), slices=4)
    assert table["drift_um"].tolist() == pytest.approx([0, 3], abs=0.1)
    assert table["brightness_change"].tolist() == pytest.approx([0, 0.2], abs=0.02)
    assert len(by_slice) == 8


def test_what_helps_is_suggested(clean):
    heights = 15 * np.random.default_rng(1).standard_normal(160)
    step, settings, text = suggest(judge_slice(clean + heights))[0]
    assert (step, settings) == ("stripes", {"direction": "y"})
    assert "Stripes along y" in text
    noise = 40 * np.random.default_rng(1).standard_normal(clean.shape)
    assert suggest(judge_slice(clean + noise))[0][0] == "denoise"
