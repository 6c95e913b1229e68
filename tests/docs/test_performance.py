# SPDX-License-Identifier: Apache-2.0
"""The figures of speed: pages are what the results make of them, and the gates can close."""
import pathlib
import sys
import xml.etree.ElementTree

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
import instructions  # noqa: E402
import pages  # noqa: E402
import plot  # noqa: E402
import results  # noqa: E402

CURVE = {"what": "Cost & <effect>", "x": "flags", "unit": "ns", "points": [[10, 0.5], [10000, 250]]}


def test_pages_are_what_the_results_make_of_them():
    if not pathlib.Path(results.KEPT).exists():
        pytest.skip("no results are kept yet: make bench")
    assert not pages.stale(results.load(results.KEPT))


@pytest.mark.parametrize("target,median,meets", [
    ("<= 60", 60, True), ("<= 60", 60.1, False), (">= 2000", 2000, True), (">= 2000", 1999, False),
    ("< 20", 20, False), ("ratio <= 1.2", 500, True), ("about 30000", 1, None)])
def test_a_target_is_met_or_not(target, median, meets):
    assert results.judged(target, {"median": median, "ratio": {"median": 1.2}}) is meets


def test_a_target_nobody_understands_is_an_error():
    with pytest.raises(ValueError):
        results.judged("roughly 7", {"median": 7})


def test_a_run_replaces_its_rows_and_leaves_the_others(tmp_path):
    path = str(tmp_path / "results.json")
    first, second = results.Results(), results.Results()
    first.add("a", "one", "ns", [3, 1, 2], 1, [6, 2, 4], target="ratio <= 0.5")
    first.add("b", "two", "ns", [5], 1)
    first.save(path, "first")
    second.add("b", "two", "ns", [7], 1, target="<= 6")
    second.absent("c", "a peer", "it is\nnot here")
    second.save(path, "second")
    kept = {row["id"]: row for row in results.load(path)["rows"]}
    assert kept["a"]["median"] == 2 and kept["a"]["ratio"]["most"] == 0.5 and kept["a"]["meets"]
    assert kept["b"]["median"] == 7 and kept["b"]["meets"] is False
    text = pages.first_page(results.load(path))
    assert "**missed**" in text and "it is not here" in text and "second" in text


@pytest.mark.parametrize("now,failures", [(100, 0), (103, 0), (104, 1), (90, 0)])
def test_instructions_fail_above_the_tolerance(now, failures):
    kept = {"tolerance": 0.03, "journeys": {"one": 100}}
    assert instructions.judge(kept, {"one": now})[1] == failures


def test_a_journey_nobody_kept_fails():
    assert instructions.judge({"tolerance": 0.03, "journeys": {}}, {"one": 1})[1] == 1


def test_a_plot_is_a_picture_with_every_point():
    tree = xml.etree.ElementTree.fromstring(plot.svg(CURVE))
    circles = tree.findall("{http://www.w3.org/2000/svg}circle")
    assert len(circles) == len(CURVE["points"])
    assert all(0 < float(circle.get("cy")) < plot.HEIGHT for circle in circles)
