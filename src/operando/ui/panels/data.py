"""The panel Data: open images or a study, and see what they are."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QStandardPaths, Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from operando.errors import Cancelled
from operando.files.formats import READERS, find_format
from operando.files.volumes.raw import HEADERS
from operando.study.create import SUFFIX
from operando.ui.dock.section import Mark
from operando.ui.jobs.background import Background
from operando.ui.jobs.stopping import may_stop
from operando.ui.opening import create_study, load_study, open_sample
from operando.ui.panels.new_study import NewStudyForm, found_images
from operando.ui.panels.panel import Panel, text_label
from operando.ui.panels.raw_dialog import RawDialog
from operando.ui.panels.start import StartView
from operando.ui.panels.study_facts import StudyFacts
from operando.ui.wording import bytes_text, count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qtpy.QtGui import QDragEnterEvent, QDropEvent

    from operando.compute.progress import Progress
    from operando.errors import OperandoError
    from operando.study import Study
    from operando.ui.panels.new_study import FoundImages
    from operando.ui.session import Session


class DataPanel(Panel):
    """Opens images, a study or the sample; then tells what the study is made of.

    A folder of images or a study can also be dropped on it. Headers are read in a thread.

    Parameters
    ----------
    session
        Where the study is opened.
    parent
        Owner.
    """

    title = "Data"
    job_names = ("convert",)
    copied = Signal(object)
    """How far a part of the images is copied; comes from a thread."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self._closed = self._stopped = self._agreed = False
        self._study: Study | None = None
        self._background = Background(self)
        self._background.finished.connect(self._idle)
        self.start = StartView()
        self.new_study = NewStudyForm()
        self.facts = StudyFacts(session)
        self._pages = (self.start, self.new_study, self.facts)
        self._book = QWidget()
        book = QVBoxLayout(self._book)
        book.setContentsMargins(0, 0, 0, 0)
        for page in self._pages:
            book.addWidget(page)
        self.busy = text_label()
        self.busy.hide()
        self.stop = QPushButton("Cancel")
        self.stop.setToolTip("Leave the study unmade")
        self.stop.hide()
        busy = QHBoxLayout()
        busy.addWidget(self.busy, 1)
        busy.addWidget(self.stop)
        self.column.addWidget(self._book)
        self.column.addLayout(busy)
        self.column.addWidget(self.error)
        self.setAcceptDrops(True)
        self.start.folder.clicked.connect(self._choose_folder)
        self.start.files.clicked.connect(self._choose_files)
        self.start.study.clicked.connect(self._choose_study)
        self.start.sample.clicked.connect(self.open_sample)
        self.new_study.create.clicked.connect(self._on_create)
        self.stop.clicked.connect(self._on_stop)
        self.copied.connect(self._on_copied)
        self.new_study.back.clicked.connect(self._on_back)
        self.new_study.axes_chosen.connect(self._on_axes)
        self.new_study.dataset_chosen.connect(self._on_dataset)
        self.facts.failed.connect(self.show_error)
        session.products_changed.connect(self._on_products)
        self._show_page(self.start)

    @property
    def is_busy(self) -> bool:
        """Whether something is being read."""
        return self._background.is_busy

    def open_images(self, paths: Sequence[Path], axes: str = "", **hints: Any) -> None:
        """Look at images and ask for what they do not say."""
        if not hints and needs_layout(paths[0]):
            self._ask_for_layout(paths)
            return
        look = partial(found_images, paths, axes, **hints)
        self._work(f"Looking at {paths[0].name} …", look, self._found)

    def open_study(self, path: Path) -> None:
        """Open a study, unless it is the one that is open."""
        if not self.session.holds(path):
            self._open(f"Opening {path.name} …", partial(load_study, path))

    def open_sample(self) -> None:
        """Open the synthetic electrode, with what was done on it before."""
        place = Path(
            QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericDataLocation)
        )
        self._open("Opening the sample …", partial(open_sample, place / "operando"))

    def open_path(self, paths: Sequence[Path]) -> None:
        """Open what was dropped: a study, or else images."""
        if len(paths) == 1 and (paths[0] / "study.json").is_file():
            self.open_study(paths[0])
        else:
            self.open_images(paths)

    def refresh(self) -> None:
        """Show the study that is open, or how to open one."""
        study = self.session.study
        if study is not self._study:
            self._study = study
            self.show_error(None)
            self._show_page(self.facts if study else self.start)
        if study is not None:
            self.facts.refresh()
        self.refresh_job()

    def refresh_job(self) -> None:
        """Show how far the conversion is."""
        self.facts.convert.set_job(self.job)

    def state(self) -> tuple[Mark, str]:
        """Say how much there is."""
        study = self.session.study
        if study is None:
            return Mark.NOT_YET, ""
        if self.job is not None and not self.job.state.is_over:
            return super().state()
        series = study.series
        parts = [count(series.n_frames, "frame"), bytes_text(series.nbytes)]
        if "cycling" in study.products("tables"):
            parts.append("voltage curve")
        return Mark.DONE, ", ".join(parts)

    def close_panel(self) -> None:
        """Show nothing of what is still being read."""
        self._closed = True
        self.session.products_changed.disconnect(self._on_products)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if _local_paths(event) and not self.is_busy:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        event.acceptProposedAction()
        self.open_path(_local_paths(event))

    def _work(self, text: str, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        if self.is_busy:
            return
        self.show_error(None)
        self.busy.setText(text)
        self.busy.show()
        self._book.setEnabled(False)
        self._stopped = False
        self._background.start(work, done, self._failed)

    def _open(self, text: str, work: Callable[[], Study]) -> None:
        """Open a study; not if a job runs on the one that is open, and shall go on."""
        busy = self.session.is_busy
        if not self.is_busy and may_stop(self.session, self, "open another study"):
            self._agreed = busy
            self._work(text, work, self._opened)

    def _may_replace(self) -> bool:
        """Ask about a job that was started since the study was asked for."""
        return self._agreed or may_stop(self.session, self, "open another study")

    def _failed(self, error: OperandoError) -> None:
        self.show_error(None if isinstance(error, Cancelled) else error)

    def _tell(self, progress: Progress) -> None:
        """Hand progress on from the thread that copies; stops it where wanted."""
        if self._stopped or self._closed:
            raise Cancelled
        self.copied.emit(progress)

    def _on_copied(self, progress: Progress) -> None:
        share = 100 * (progress.fraction or 0)
        self.busy.setText(f"Copying the part into the study: {share:.0f} % …")
        self.stop.setVisible(self.is_busy)

    def _on_stop(self) -> None:
        self._stopped = True
        self.stop.hide()

    def _idle(self) -> None:
        self.busy.hide()
        self.stop.hide()
        self._book.setEnabled(True)

    def _found(self, found: FoundImages) -> None:
        self.new_study.set_images(found)
        self._show_page(self.new_study)

    def _opened(self, study: Study) -> None:
        if self._closed or not self._may_replace():
            study.close()
            return
        self.session.show_study(study)

    def _on_products(self, step_name: str) -> None:
        if step_name == "convert":
            # The study opens the copy instead of the files from now on.
            self.session.calibrate()

    def _show_page(self, page: QWidget) -> None:
        for other in self._pages:
            other.setVisible(other is page)

    def _choose_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Open a folder of images")
        if path:
            self.open_path([Path(path)])

    def _choose_files(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(
            self,
            "Open images",
            "",
            f"Images ({_patterns()});;All files (*)",
            # Qt else looks for what a link leads to in the folder of the link.
            options=QFileDialog.Option.DontResolveSymlinks,
        )
        if paths:
            self.open_images([Path(path) for path in paths])

    def _choose_study(self) -> None:
        path = QFileDialog.getExistingDirectory(self, f"Open a study (a folder *{SUFFIX})")
        if path:
            self.open_study(Path(path))

    def _on_axes(self, axes: str) -> None:
        self.open_images(self.new_study.paths, axes, **self.new_study.hints)

    def _on_dataset(self, name: str) -> None:
        self.open_images(self.new_study.paths, dataset=name)

    def _ask_for_layout(self, paths: Sequence[Path]) -> None:
        self.layout_dialog = RawDialog(paths[0], self)
        self.layout_dialog.accepted.connect(
            lambda: self.open_images(paths, **self.layout_dialog.value())
        )
        self.layout_dialog.open()

    def _on_create(self) -> None:
        make = partial(create_study, **self.new_study.value(), progress=self._tell)
        self._open("Making the study …", make)

    def _on_back(self) -> None:
        self.show_error(None)
        self._show_page(self.start)


def needs_layout(path: Path) -> bool:
    """Whether a path is a raw volume without a header beside it."""
    found = find_format(path)
    headed = any(path.with_suffix(suffix).is_file() for suffix in HEADERS)
    return found is not None and found.name == "raw" and not headed


def _patterns() -> str:
    return " ".join(f"*{ending}" for form in READERS for ending in form.endings)


def _local_paths(event: QDropEvent) -> list[Path]:
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
