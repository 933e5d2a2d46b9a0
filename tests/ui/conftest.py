from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from napari.components import ViewerModel

from operando.ui.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operando import Study


@pytest.fixture
def session(study: Study) -> Iterator[Session]:
    """A session in which the small study is open; a test module may fill the study before."""
    session = Session(ViewerModel())
    session.show_study(study)
    yield session
    session.close()
