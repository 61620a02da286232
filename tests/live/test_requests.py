"""What the page's server is asked, by its own page and by whoever makes up a request: one line, never a stack."""

from __future__ import annotations

import json

import pytest
from made_live import copied, opened

pytest.importorskip("dash")

from coherion.live.app import MOST_ASKED, make_app

AT = {"Host": "127.0.0.1:5", "Origin": "http://127.0.0.1:5"}
NONSENSE = ("", "text", [], {}, [1], "1e999", float("inf"), float("nan"), 10**400)
CONTROLS = (
    ("reduction", "reduction", "qmax"),
    ("reduction", "reduction", "density"),
    ("refinement", "refinement", "fit_ranges"),
    ("refinement", "refinement", "constraints"),
    ("refinement", "start", "a"),
    ("spectrum", "validation", "frequency_min"),
    ("spectrum", "circuits", "circuit"),
    ("spectrum", "view", "spectrum"),
)
NO_WISHES = (
    *(b"", b"{", b"null", b"5", b"[]", b"\xff", b"[" * 100000, b"{}"),
    *(
        json.dumps({"values": [], "sample": "x50", "panel": "reduction", "page": "a"} | wrong).encode()
        for wrong in (
            *({"sample": name} for name in ("../x50", "x60", ["x50"], None)),
            *({"panel": name} for name in ("nothing", {}, None)),
            *({"values": value} for value in (5, None, [[]], [{"stage": [], "key": 1, "value": 1}])),
            {"sample": "LaB6", "panel": "spectrum"},
        )
    ),
)


@pytest.fixture
def asked(folder):
    client = make_app(opened(folder), "x50", "token", 5).server.test_client()
    client.set_cookie("coherion_5", "token", domain="127.0.0.1")

    def ask(path, body):
        return client.post(path, data=body, headers=AT, content_type="application/json")

    return ask


@pytest.fixture
def move(asked):
    def moved(panel, stage, key, value, page="a"):
        values = [{"stage": stage, "key": key, "value": value}]
        answer = asked("/move", json.dumps({"values": values, "sample": "x50", "panel": panel, "page": page}))
        assert answer.status_code == 200
        return answer.get_json()["refused"]

    return moved


@pytest.mark.parametrize("path", ["/move", "/_dash-update-component"])
def test_what_is_no_wish_is_refused_in_a_word(asked, path, capfd):
    for body in NO_WISHES:
        answer = asked(path, body)
        assert (answer.status_code, answer.data) in ((400, b"refused\n"), (415, b"refused\n")), body[:80]
    assert asked(path, b'"' + b"a" * MOST_ASKED + b'"').status_code == 413
    assert "Traceback" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(("panel", "stage", "key"), CONTROLS[:2])
def test_nonsense_is_one_line_and_changes_nothing(move, panel, stage, key, capfd):
    for value in NONSENSE:
        told = move(panel, stage, key, value)
        assert told and "\n" not in told and "fault of the program" not in told, value
    assert "Traceback" not in "".join(capfd.readouterr())


def test_what_is_refused_is_told_until_it_is_mended(move):
    told = move("reduction", "reduction", "qmaxinst", 12.5)
    assert "not below qmax" in told
    assert move("reduction", "reduction", "qmaxinst", 12.5) == told
    assert move("reduction", "reduction", "qmax", 12.0) == ""
    assert move("reduction", "reduction", "qmaxinst", 12.5) == ""


@pytest.mark.slow
@pytest.mark.parametrize(("panel", "stage", "key"), CONTROLS[2:])
def test_nonsense_in_a_panel_of_fits_is_one_line(move, panel, stage, key, capfd):
    for value in NONSENSE:
        told = move(panel, stage, key, value)
        assert "\n" not in told and "fault of the program" not in told, value
    assert "Traceback" not in "".join(capfd.readouterr())


@pytest.mark.slow
def test_a_constraint_that_cannot_be_read_keeps_nothing_else_back(move):
    assert "constraints[0]" in move("refinement", "refinement", "constraints", "nonsense")
    assert move("reduction", "reduction", "rpoly", 1.1) == ""
    assert "constraints[0]" not in move("refinement", "start", "a", 7.9)


def test_two_pages_of_one_sample_do_not_undo_each_other(folder):
    from coherion.live.app import Live, panel_of

    live = Live(opened(folder))
    session, panel = live.session("x50"), panel_of("reduction")
    shown = {page: live.values(page, session, panel) for page in "ab"}
    qmax, rpoly = ("reduction", "qmax"), ("reduction", "rpoly")
    live.move("a", session, panel, shown["a"] | {qmax: 12.0})
    live.move("b", session, panel, shown["b"] | {rpoly: 1.1})
    assert session.value(*qmax) == 12.0 and session.value(*rpoly) == 1.1


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("config.yaml", b"\xff\xfe", "UTF-8"),
        ("samples.tsv", b"broken\n", "a column is missing"),
    ],
)
def test_a_page_loaded_again_tells_what_another_hand_broke(folder, file, text, said):
    client = make_app(opened(folder), "x50", "token", 5).server.test_client()
    client.set_cookie("coherion_5", "token", domain="127.0.0.1")
    (folder / "config" / file).write_bytes(text)
    answer = client.get("/_dash-layout", headers=AT)
    assert answer.status_code == 200 and said in answer.get_data(as_text=True)


def test_a_sample_that_another_hand_renamed_gives_way_to_the_first(folder):
    client = make_app(opened(folder), "x50", "token", 5).server.test_client()
    client.set_cookie("coherion_5", "token", domain="127.0.0.1")
    for table in ("samples", "spectra"):
        path = folder / "config" / f"{table}.tsv"
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(f"y50{line[3:]}" if line.startswith("x50\t") else line for line in lines))
    answer = client.get("/_dash-layout", headers=AT)
    head = json.dumps(next(one for one in answer.get_json()["props"]["children"] if one["type"] == "Header"))
    assert '"value": "y50"' in head and "x50" not in head


def test_the_name_of_the_folder_is_text(made, tmp_path):
    folder = copied(made, tmp_path / "a<img src=x onerror=alert(1)>")
    client = make_app(opened(folder), "x50", "token", 5).server.test_client()
    client.set_cookie("coherion_5", "token", domain="127.0.0.1")
    page = client.get("/", headers=AT).get_data(as_text=True)
    assert "<img" not in page and "&lt;img" in page
