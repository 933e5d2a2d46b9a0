from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from operando import Study
from operando.errors import Cancelled, InputError, StudyError
from operando.files.ome_zarr import open_image
from operando.particles import MeasureSettings, link, measure
from operando.particles.edits import Edit
from operando.steps import step_status
from operando.steps.corrections import Corrections
from operando.steps.particles import FindParticles
from operando.study import Entry
from operando.study.edits import EditLog
from operando.study.phases import create_phases, open_phases

if TYPE_CHECKING:
    from operando.compute.progress import Progress


@pytest.fixture
def found(segmented, electrode, write_particles):
    """The study with its true phases and particles."""
    write_particles()
    segmented.write_table("particles", _measure_all(segmented, electrode.ids))
    return segmented


def _measure_all(study, ids):
    labels, probabilities, _ = open_phases(study.product_path("phases/phases"))
    tables = [
        measure(
            ids[t],
            phases=labels[t],
            phase=3,
            probabilities=probabilities[t],
            image=study.series.frame(t),
            spacing=study.voxel_size,
            frame=t,
            time_h=study.times[t],
        )
        for t in range(len(ids))
    ]
    return pd.concat(tables, ignore_index=True)


def _ids(study):
    return np.asarray(study.open_array("particles/particles")[:])


def _find_again(study, ids, table):
    """Write ids and their table as the step would."""
    open_image(study.product_path("particles/particles"), "r+")[:] = ids
    study.write_table("particles", table)
    return Corrections(study, FindParticles())


def _same_table(study, table):
    """The table is that of measuring everything anew, but for lengths that follow from medians."""
    expected = _measure_all(study, _ids(study))
    assert table[["frame", "particle"]].equals(expected[["frame", "particle"]])
    loose = ("packing", "accepted", "density", "density_spread", "density_noise")
    for name in expected.columns.drop(list(loose)):
        np.testing.assert_allclose(
            table[name].astype(float), expected[name].astype(float), rtol=1e-6, err_msg=name
        )
    np.testing.assert_allclose(table["density"], expected["density"], rtol=1e-3)


def _two_in_both(table):
    both = table.groupby("particle")["frame"].nunique() == 2
    big = table[table["frame"] == 0].set_index("particle")["volume_um3"]
    kept = big[big.index.isin(both.index[both])].sort_values()
    return [int(i) for i in kept.index[-2:]]


def _merge(corrections, a, b, **more):
    points = (corrections.anchor(a, 0), corrections.anchor(b, 0))
    return Edit(kind="merge", frame=0, points=points, **more)


def test_merging_through_time_undo_and_redo(found) -> None:
    before, table = _ids(found), found.table("particles")
    corrections = Corrections(found, FindParticles())
    a, b = _two_in_both(table)
    change = corrections.apply(_merge(corrections, a, b))
    assert change.frames == (0, 1)
    merged = np.where(before == b, a, before)
    np.testing.assert_array_equal(_ids(found), merged)
    _same_table(found, found.table("particles"))
    corrections.undo()
    np.testing.assert_array_equal(_ids(found), before)
    _same_table(found, found.table("particles"))
    corrections.redo()
    np.testing.assert_array_equal(_ids(found), merged)


def test_the_table_of_an_earlier_version_can_be_corrected(found) -> None:
    before, table = _ids(found), found.table("particles")
    newer = ["feret_max_um", "density", "density_noise"]
    found.write_table("particles", table.drop(columns=newer))
    corrections = Corrections(found, FindParticles())
    a, b = _two_in_both(table)
    corrections.apply(_merge(corrections, a, b))
    merged = np.where(before == b, a, before)
    np.testing.assert_array_equal(_ids(found), merged)
    # Only what was measured again has the newer columns now.
    other = int(table.loc[~table["particle"].isin([a, b]), "particle"].iloc[0])
    corrections.apply(Edit(kind="delete", frame=0, points=(corrections.anchor(other, 0),)))
    np.testing.assert_array_equal(_ids(found), np.where(merged == other, 0, merged))


def test_particles_that_were_measured_with_other_voxels_are_not_corrected(found) -> None:
    found.calibrate(voxel_size=tuple(2 * v for v in found.voxel_size))
    with pytest.raises(StudyError, match=r"measured with voxels of .*; find the particles again"):
        Corrections(found, FindParticles())


def test_undo_survives_closing(found) -> None:
    before = _ids(found)
    corrections = Corrections(found, FindParticles())
    a, b = _two_in_both(corrections.table)
    corrections.apply(_merge(corrections, a, b, through_time=False))
    assert (_ids(found)[1] == before[1]).all()
    path = found.path
    found.close()
    with Study.open(path) as again:
        later = Corrections(again, FindParticles())
        assert later.can_undo
        assert not later.can_redo
        later.undo()
        assert later.can_redo
        np.testing.assert_array_equal(_ids(again), before)
        _same_table(again, later.table)


def test_splitting_and_cutting(found) -> None:
    corrections = Corrections(found, FindParticles())
    label = _two_in_both(corrections.table)[-1]
    places = np.argwhere(_ids(found)[0] == label)
    ends = tuple(tuple(int(v) for v in p) for p in (places[0], places[-1]))
    change = corrections.apply(Edit(kind="split", frame=0, points=ends))
    new = max(change.particles)
    assert {label, new} <= set(change.particles)
    assert change.frames == (0, 1)
    table = found.table("particles").set_index(["frame", "particle"])
    for frame in (0, 1):
        assert (frame, new) in table.index
    _same_table(found, found.table("particles"))
    corrections.undo()
    z, y, x = corrections.anchor(label, 0)
    line = ((z, y, x), (z, 0, x), (z, 63, x))
    corrections.apply(Edit(kind="cut", frame=0, points=line, through_time=False))
    now = _ids(found)[0]
    assert now[z, y, x + 2] != now[z, y, x - 2]


def test_deleting_accepting_growing(found) -> None:
    before = _ids(found)
    corrections = Corrections(found, FindParticles())
    a, b = _two_in_both(corrections.table)
    point = corrections.anchor(a, 0)
    corrections.apply(Edit(kind="accept", frame=0, points=(corrections.anchor(b, 0),)))
    accepted = found.table("particles").query("accepted")
    assert set(accepted["particle"]) == {b}
    assert len(accepted) == 2
    corrections.apply(Edit(kind="delete", frame=0, points=(point,)))
    assert not (_ids(found) == a).any()
    assert a not in set(found.table("particles")["particle"])
    corrections.apply(Edit(kind="grow", frame=0, points=(point,)))
    new = _ids(found)[0][point]
    assert new > before.max()
    for t in range(2):
        assert ((_ids(found)[t] == new) & (before[t] == a)).sum() > 0.9 * (before[t] == a).sum()
    assert len(found.table("particles").query("particle == @new")) == 2
    for _ in range(3):
        corrections.undo()
    np.testing.assert_array_equal(_ids(found), before)
    assert not corrections.table["accepted"].any()


def test_what_makes_no_sense_changes_nothing(found) -> None:
    before = _ids(found)
    corrections = Corrections(found, FindParticles())
    a, b = _two_in_both(corrections.table)
    point, other = corrections.anchor(a, 0), corrections.anchor(b, 0)
    free = tuple(int(v) for v in np.argwhere(before[0] == 0)[0])
    for edit, words in (
        (Edit(kind="merge", frame=0, points=(point, point)), "only one"),
        (Edit(kind="delete", frame=0, points=(free,)), "no particle"),
        (Edit(kind="delete", frame=7, points=(point,)), "no frame 7"),
        (Edit(kind="delete", frame=0, points=((999, 0, 0),)), "outside"),
        (Edit(kind="split", frame=0, points=(point, point)), "same place"),
        (Edit(kind="split", frame=0, points=(point, other)), "two particles"),
    ):
        with pytest.raises(InputError, match=words):
            corrections.apply(edit)
    np.testing.assert_array_equal(_ids(found), before)
    assert not corrections.can_undo


def test_corrections_are_done_again_when_particles_are_found_anew(found) -> None:
    corrections = Corrections(found, FindParticles())
    a, b = _two_in_both(corrections.table)
    point = corrections.anchor(b, 0)
    corrections.apply(Edit(kind="delete", frame=0, points=(point,)))
    corrections.apply(Edit(kind="accept", frame=0, points=(corrections.anchor(a, 0),)))
    result = FindParticles().run(found)
    assert result.values["corrections"] + result.values["corrections_lost"] == 2
    assert _ids(found)[0][point] == 0
    again = Corrections(found, FindParticles())
    again.undo()
    again.undo()
    assert _ids(found)[0][point] > 0


def test_what_is_found_as_it_was_corrected_counts_as_accepted(found) -> None:
    before, table = _ids(found), found.table("particles")
    corrections = Corrections(found, FindParticles())
    a, b = _two_in_both(table)
    merge = _merge(corrections, a, b)
    corrections.apply(merge)
    merged, table_of_merged = _ids(found), corrections.table
    again = _find_again(found, merged, table_of_merged)
    assert again.reapply() == 0
    assert [edit.kind for edit in again.edits] == ["accept"]
    np.testing.assert_array_equal(_ids(found), merged)
    assert set(again.table.query("accepted")["particle"]) == {a}
    again.undo()
    again.apply(Edit(kind="split", frame=0, points=merge.points))
    found_apart = _find_again(found, before, table)
    assert found_apart.reapply() == 0
    assert [edit.kind for edit in found_apart.edits] == ["accept"]
    assert set(found_apart.table.query("accepted")["particle"]) == {a, b}


def test_corrections_that_were_not_done_again_in_time_wait_for_the_next_time(found) -> None:
    before, table = _ids(found), found.table("particles")
    corrections = Corrections(found, FindParticles())
    pair = _two_in_both(table)
    for label in pair:
        corrections.apply(Edit(kind="delete", frame=0, points=(corrections.anchor(label, 0),)))
    edits = corrections.edits

    def stop(_: Progress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        _find_again(found, before, table).reapply(stop)
    again = _find_again(found, before, table)
    assert again.reapply() == 0
    assert again.edits == edits
    np.testing.assert_array_equal(_ids(found), np.where(np.isin(before, pair), 0, before))


def test_undo_brings_marks_and_grey_levels_back(found) -> None:
    table = found.table("particles")
    pair = _two_in_both(table)
    ids = np.where(np.isin(_ids(found), pair), _ids(found), 0)
    corrections = _find_again(found, ids, _measure_all(found, ids))
    before = corrections.table
    accepts = [
        Edit(kind="accept", frame=0, points=(corrections.anchor(label, 0),), through_time=through)
        for label, through in ((pair[0], False), (pair[0], True), (pair[1], False))
    ]
    for edit in accepts:
        corrections.apply(edit)
    marks = {(0, pair[0]), (1, pair[0]), (0, pair[1])}
    assert _marked(corrections) == marks
    for label in pair:
        point = corrections.anchor(label, 0)
        corrections.apply(Edit(kind="delete", frame=0, points=(point,), through_time=False))
    assert _marked(corrections) == {(1, pair[0])}
    corrections.undo()
    corrections.undo()
    assert _marked(corrections) == marks
    for column in ("density", "density_spread", "density_noise"):
        np.testing.assert_allclose(corrections.table[column], before[column], rtol=1e-3)
    corrections.undo()
    corrections.undo()
    assert _marked(corrections) == {(0, pair[0])}


def _marked(corrections):
    rows = corrections.table.query("accepted")
    return set(zip(rows["frame"], rows["particle"], strict=True))


def test_undo_brings_the_packing_back_beside_what_was_not_imaged(tmp_path, electrode) -> None:
    images = electrode.images.astype(np.float32)
    images[:, :, :20] = np.nan
    phases = np.where(np.isnan(images), 0, electrode.phases)
    with Study.create(tmp_path / "round", images, voxel_size=electrode.voxel_size) as study:
        classes = study.strokes().classes
        labels, shares = create_phases(study.product_path("phases/phases"), study.series, classes)
        labels[:] = phases
        for k in range(len(classes)):
            shares[:, k] = np.where(phases == k + 1, 200, 27)
        FindParticles().run(study)
        corrections = Corrections(study, FindParticles())
        before = corrections.table
        label = int(before["particle"].iloc[0])
        corrections.apply(Edit(kind="delete", frame=0, points=(corrections.anchor(label, 0),)))
        corrections.undo()
        np.testing.assert_allclose(corrections.table["packing"], before["packing"], rtol=1e-9)


def test_what_a_crash_cut_short_is_taken_back(found, monkeypatch) -> None:
    before = _ids(found)
    corrections = Corrections(found, FindParticles())
    a, b = _two_in_both(corrections.table)
    edit = _merge(corrections, a, b)
    corrections.apply(Edit(kind="accept", frame=0, points=(edit.points[0],)))

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(EditLog, "save", crash)
        with pytest.raises(KeyboardInterrupt):
            corrections.apply(edit)
    assert not (_ids(found) == before).all()
    again = Corrections(found, FindParticles())
    np.testing.assert_array_equal(_ids(found), before)
    _same_table(found, again.table)
    assert [e.kind for e in again.edits] == ["accept"]
    again.apply(edit)
    merged = _ids(found)
    with monkeypatch.context() as broken:
        broken.setattr(EditLog, "save", crash)
        with pytest.raises(KeyboardInterrupt):
            again.undo()
    last = Corrections(found, FindParticles())
    np.testing.assert_array_equal(_ids(found), merged)
    _same_table(found, last.table)


def test_what_a_crash_cut_short_is_not_put_into_particles_found_anew(
    found, electrode, monkeypatch
) -> None:
    corrections = Corrections(found, FindParticles())
    label = _two_in_both(found.table("particles"))[-1]
    point = corrections.anchor(label, 0)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(EditLog, "save", crash)
        with pytest.raises(KeyboardInterrupt):
            corrections.apply(Edit(kind="delete", frame=0, points=(point,)))
    phases, _, _ = open_phases(found.product_path("phases/phases"), writable=True)
    phases[:] = np.where(electrode.ids == label, 1, electrode.phases)
    FindParticles().run(found)
    anew = _ids(found)
    FindParticles().run(found)
    np.testing.assert_array_equal(anew, _ids(found))


def test_a_cut_through_time_leaves_each_side_its_id(found, make_ellipsoid) -> None:
    """Also where now one side is larger and now the other."""
    ids = np.zeros_like(_ids(found))
    middle = (12, 20)
    for frame, radii in zip(ids, ((9, 8.6), (8.6, 9)), strict=True):
        for x, radius in zip((20, 36), radii, strict=True):
            frame[make_ellipsoid(frame.shape, (*middle, x), (radius,) * 3)] = 1
    corrections = _find_again(found, ids, _measure_all(found, ids))
    z, y, x = corrections.anchor(1, 0)
    assert x < 28
    corrections.apply(Edit(kind="cut", frame=0, points=((z, y, x), (z, 0, 28), (z, 50, 28))))
    for frame in _ids(found):
        assert frame[(*middle, 16)] == 1
        assert frame[(*middle, 40)] == 2


def test_a_grown_particle_is_measured_wholly_also_when_done_again(found) -> None:
    """It has no row in the table then, and what is beside it may be smaller."""
    largest = _two_in_both(found.table("particles"))[-1]
    point = Corrections(found, FindParticles()).anchor(largest, 0)
    without = np.where(_ids(found) == largest, 0, _ids(found))
    corrections = _find_again(found, without, _measure_all(found, without))
    corrections.apply(Edit(kind="grow", frame=0, points=(point,)))
    _same_table(found, corrections.table)
    corrections.undo()
    _same_table(found, corrections.table)
    corrections.redo()
    _same_table(found, corrections.table)
    assert corrections.particle_at(point, 0) > 0


def test_the_first_particle_of_a_study_can_be_grown(found, electrode) -> None:
    none = np.zeros_like(_ids(found))
    corrections = _find_again(found, none, found.table("particles").iloc[:0])
    solid, _ = ndimage.label(electrode.phases[0] == 3)
    body = solid == np.bincount(solid.ravel())[1:].argmax() + 1
    z, y, x = np.argwhere(body)[0].tolist()
    corrections.apply(Edit(kind="grow", frame=0, points=((z, y, x),), through_time=False))
    np.testing.assert_array_equal(_ids(found)[0] > 0, ndimage.binary_fill_holes(body))


def _check_tracks(study):
    """Tracks say of every particle of the table that it is there, and of no other."""
    tracks, table = study.table("particles-tracks"), study.table("particles")
    there = tracks[tracks["status"] != "lost"]
    keys = ["frame", "particle"]
    assert set(zip(*(there[k] for k in keys), strict=True)) == set(
        zip(*(table[k] for k in keys), strict=True)
    )
    first = table.groupby("particle")["frame"].min()
    new = there[there["status"] == "new"].set_index("particle")["frame"]
    assert new.sort_index().to_dict() == first.to_dict()


def test_tracks_follow_corrections_and_come_back(found) -> None:
    _, tracks = link(list(_ids(found)))
    ids = found.open_array("particles/particles")
    names = tracks.query("label > 0").set_index(["frame", "label"])["particle"]
    tracks["particle"] = np.where(tracks["label"] > 0, tracks["label"], 0)
    tracks = tracks[tracks["label"] > 0]
    assert len(names) == len(tracks) == len(found.table("particles"))
    tracks["status"] = np.where(tracks.groupby("particle").cumcount() == 0, "new", "linked")
    here = set(np.unique(ids[1]))
    gone = tracks[(tracks["frame"] == 0) & ~tracks["particle"].isin(here)]
    lost = gone.assign(frame=1, label=0, score=np.nan, status="lost")
    tracks = pd.concat([tracks, lost]).sort_values(["frame", "particle"], ignore_index=True)
    tracks["score"] = np.where(tracks["status"] == "linked", 0.5, np.nan)
    found.write_table("particles-tracks", tracks)
    corrections = Corrections(found, FindParticles())
    a, b = _two_in_both(corrections.table)
    corrections.apply(_merge(corrections, a, b, through_time=False))
    _check_tracks(found)
    now = found.table("particles-tracks").set_index(["frame", "particle"])
    assert now.loc[(1, b), "status"] == "new"
    assert np.isnan(now.loc[(1, a), "score"])
    corrections.undo()
    pd.testing.assert_frame_equal(found.table("particles-tracks"), tracks)
    corrections.apply(
        Edit(kind="delete", frame=1, points=(corrections.anchor(a, 1),), through_time=False)
    )
    _check_tracks(found)
    now = found.table("particles-tracks").set_index(["frame", "particle"])
    assert now.loc[(1, a), "status"] == "lost"


def test_the_packing_around_a_deleted_particle_is_that_of_what_is_left(found) -> None:
    step = FindParticles(measure=MeasureSettings(packing_window=1.5))
    table = pd.concat([_packing(found, t, step.measure) for t in range(2)], ignore_index=True)
    whole = found.table("particles")
    whole["packing"] = table
    found.write_table("particles", whole)
    corrections = Corrections(found, step)
    a, _ = _two_in_both(corrections.table)
    before = corrections.table
    corrections.apply(Edit(kind="delete", frame=0, points=(corrections.anchor(a, 0),)))
    expected = pd.concat([_packing(found, t, step.measure) for t in range(2)], ignore_index=True)
    np.testing.assert_allclose(corrections.table["packing"], expected, atol=1e-12)
    kept = before[before["particle"] != a]["packing"].to_numpy()
    assert (corrections.table["packing"].to_numpy() < kept).sum() > 2


def _packing(study, frame, settings):
    ids = _ids(study)[frame]
    return measure(ids, spacing=study.voxel_size, settings=settings)["packing"]


def test_what_sees_a_change_over_a_gap_at_an_angle_is_measured_again(found, make_ellipsoid) -> None:
    """Over the gap between two balls that lie diagonally to each other."""
    ids = np.zeros_like(_ids(found))
    for label, centre in ((1, (9, 20, 20)), (2, (20, 31, 31))):
        ids[:, make_ellipsoid(ids.shape[1:], centre, (7, 7, 7))] = label
    phases, _, _ = open_phases(found.product_path("phases/phases"), writable=True)
    phases[:] = np.where(ids > 0, 3, 1)
    step = FindParticles(measure=MeasureSettings(contact_reach=0.6))
    options = {"phase": 3, "spacing": found.voxel_size, "settings": step.measure}

    def all_rows():
        parts = [
            measure(i, phases=p, frame=t, image=found.series.frame(t), **options)
            for t, (i, p) in enumerate(zip(_ids(found), phases[:], strict=True))
        ]
        return pd.concat(parts, ignore_index=True)

    open_image(found.product_path("particles/particles"), "r+")[:] = ids
    found.write_table("particles", all_rows())
    corrections = Corrections(found, step)
    assert (corrections.table["coordination"] == 1).all()
    corrections.apply(Edit(kind="delete", frame=0, points=((9, 20, 20),)))
    np.testing.assert_array_equal(corrections.table["coordination"], all_rows()["coordination"])


def test_a_damaged_list_is_named(found) -> None:
    (found.path / "edits").mkdir(exist_ok=True)
    (found.path / "edits" / "particles.json").write_text("{")
    with pytest.raises(StudyError, match="damaged"):
        Corrections(found, FindParticles())


def test_a_correction_puts_what_was_made_of_the_particles_out_of_date(found) -> None:
    inputs = ("particles/particles", "tables/particles")
    found.write_table("particles-profiles", found.table("particles"))
    seen = {product: found.fingerprint(product) for product in inputs}
    found.add_entry(Entry(step="damage", inputs=seen, outputs=("tables/particles-profiles",)))
    assert step_status(found, "damage").state == "done"
    corrections = Corrections(found, FindParticles())
    a, b = _two_in_both(corrections.table)
    corrections.apply(Edit(kind="accept", frame=0, points=(corrections.anchor(b, 0),)))
    assert step_status(found, "damage").state == "done"
    corrections.apply(Edit(kind="delete", frame=0, points=(corrections.anchor(a, 0),)))
    assert step_status(found, "damage").state == "out of date"
    corrections.undo()
    assert step_status(found, "damage").state == "done"
