from __future__ import annotations

import torch

from operando.nets.padding import crop, pad_up, total_pooling


def test_pooling_of_all_levels() -> None:
    assert total_pooling(((1, 2, 2), (2, 2, 2))) == (2, 4, 4)
    assert total_pooling(()) == (1, 1, 1)


def test_far_edges_are_repeated_and_cut_off_again() -> None:
    x = torch.randn(1, 1, 3, 5, 8)
    padded = pad_up(x, (2, 4, 4))
    assert padded.shape == (1, 1, 4, 8, 8)
    torch.testing.assert_close(padded[..., 5:, :], padded[..., 4:5, :].expand(-1, -1, -1, 3, -1))
    assert torch.equal(crop(padded, x.shape[2:]), x)
    assert pad_up(padded, (2, 4, 4)) is padded
