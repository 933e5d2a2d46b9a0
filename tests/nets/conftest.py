from __future__ import annotations

import pytest

from operando.nets.architecture import Architecture


@pytest.fixture(scope="session")
def small_unet() -> Architecture:
    """A U-Net of two levels for one channel and three classes."""
    return Architecture(
        network="unet3d",
        in_channels=1,
        n_classes=3,
        width=4,
        kernels=((3, 3, 3), (3, 3, 3)),
        strides=((2, 2, 2),),
    )
