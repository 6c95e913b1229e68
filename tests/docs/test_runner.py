# SPDX-License-Identifier: Apache-2.0
"""The runner of pages itself: it sees what is wrong with a page, and where."""
import pytest

from page import Page
from room import Failure, Room, matches

def scratch(tmp_path, text):
    """A page that is not part of the documentation."""
    tmp_path.mkdir(exist_ok=True)
    path = tmp_path / "page.md"
    path.write_text(text)
    made = Page.__new__(Page)
    made.path, made.name, made.text = path, "page.md", text
    made.blocks = list(made._blocks())
    return made


def run_scratch(tmp_path, text):
    room = Room(scratch(tmp_path, text), tmp_path / "room").open()
    try:
        room.run()
    finally:
        room.close()
    return room


def test_a_failing_line_is_named(tmp_path):
    with pytest.raises(Failure, match=r"page\.md:2: page\.md:3: ended with 1"):
        run_scratch(tmp_path, "```sh\ntrue\nfalse\ntrue\n```\n")


def test_state_carries_on_and_output_is_kept(tmp_path):
    room = run_scratch(tmp_path, "```sh\nA=7; cd build\n```\n\n```sh\necho $A; basename $PWD\n```\n")
    assert room.printed(room.page.blocks[1]) == "7\nbuild\n"


def test_a_status_that_is_promised_is_asked_for(tmp_path):
    run_scratch(tmp_path / "a", "```sh exit=3\n(exit 3)\n```\n")
    with pytest.raises(Failure, match="not with 3"):
        run_scratch(tmp_path / "b", "```sh exit=3\ntrue\n```\n")
    with pytest.raises(Failure, match="2 failures"):
        run_scratch(tmp_path / "c", "```sh exit=3\nfalse\n(exit 3)\n```\n")


def test_what_was_shown_fills_in_what_is_left_open(tmp_path):
    room = run_scratch(tmp_path, "```sh\necho '\"key\":\"sdk_prod_abc123\"'\nKEY=sdk_prod_…\n"
                                 "echo $KEY\n```\n```json file=a.json\n{\"k\": \"sdk_prod_…\"}\n```\n"
                                 "```sh\ncat a.json\n```\n")
    assert room.printed(room.page.blocks[0]).endswith("\nsdk_prod_abc123\n")
    assert room.printed(room.page.blocks[2]) == '{"k": "sdk_prod_abc123"}\n'
    with pytest.raises(Failure, match="nothing that begins with ampex_"):
        run_scratch(tmp_path / "none", "```sh\nA=ampex_…\n```\n")


def test_the_address_of_the_page_is_the_server_s(tmp_path):
    room = run_scratch(tmp_path, "```sh\ncurl -s http://127.0.0.1:8081/livez\n"
                                 "echo http://127.0.0.1:8080\n```\n")
    assert room.printed(room.page.blocks[0]).endswith("http://127.0.0.1:8080\n")


def test_packages_that_no_suite_installs_are_refused(tmp_path):
    with pytest.raises(Failure, match="left-pad"):
        run_scratch(tmp_path, "```sh\nnpm install left-pad\n```\n")


@pytest.mark.parametrize("expected,printed,same", [
    ("a  b", "a b\n", True), ("a …", "a xyz\n", True), ("a\n…\nz", "a\nb\nc\nz\n", True),
    ("a\n…\nz", "a\nz\n", True), ("a", "a\nb\n", False), ("a …\n", "a\nb", False),
    ("…", "", True), ("…z", "a\nz\n", True), ("a…b", "a\nb\n", False),
    ("a\n…b…", "a\nc\nb\nd\n", True), ("a", "b", False), ("x…z", "xyz", True)])
def test_texts_are_compared_with_care(expected, printed, same):
    assert matches(expected, printed) is same
