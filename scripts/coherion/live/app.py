"""The page: controls and plots of a session's panels as a Dash application, served on this machine alone."""

from __future__ import annotations

import contextlib
import json
import secrets
import sys
import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update, set_props

from coherion.errors import CoherionError, InputError
from coherion.inputs.job_settings import JobSettings
from coherion.live import fitting
from coherion.live.controls import OF_PARAMETERS, aria, moved, rows_of, said, shown_values, summary, table_of
from coherion.live.guard import ADDRESS, guard
from coherion.live.panels import PANELS, check, panels_of
from coherion.live.panels.panel import Panel, Shown
from coherion.live.series import Series
from coherion.live.session import Key, Outrun, Session

EMPTY: dict[str, Any] = {"data": [], "layout": {"paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)"}}
#: Bytes of a request; the page's own are a thousandth of it.
MOST_ASKED = 4_000_000
_PLOT: Any = {"displaylogo": False, "displayModeBar": False, "responsive": True}


@dataclass
class Live:
    """The sessions of the samples that were opened, and what the controls of each page that was loaded show."""

    series: Series
    sessions: dict[str, Session] = field(default_factory=dict)
    shown: dict[tuple[str, str, Key], Any] = field(default_factory=dict)
    #: How many moves each page has asked for.
    turns: Counter[str] = field(default_factory=Counter)
    #: Of which settings and which view each page shows a sample.
    seen: dict[tuple[str, str], tuple[JobSettings, dict[str, Any]]] = field(default_factory=dict)
    #: What files that were read again took from a sample's changes, until it is told.
    lost: dict[str, str] = field(default_factory=dict)
    #: Why the files of the series cannot be read again, as long as they cannot.
    broken: str = ""

    def session(self, sample: str) -> Session:
        """The session of a sample of the series.

        Raises
        ------
        InputError
            If the series has no such sample.
        """
        # A table that was read again may have lost the sample: a new session says so.
        if sample not in self.sessions or sample not in self.series.samples:
            self.sessions[sample] = Session(self.series, sample)
        session = self.sessions[sample]
        if session.is_behind:
            with session.lock:
                if refused := session.follow_files():
                    self.lost[sample] = f"what was changed and not kept is dropped: {refused}"
        return session

    def reread(self) -> None:
        """Read what another hand changed; what is refused is told until it is mended."""
        self.broken = ""
        try:
            self.series.reread()
        except (CoherionError, OSError) as problem:
            self.broken = str(problem)

    def news_of_files(self, sample: str) -> str:
        """What the files that were read again, or cannot be, have to say in the page."""
        return self.broken or self.lost.pop(sample, "")

    def values(self, page: str, session: Session, panel: Panel) -> dict[Key, Any]:
        """What the panel's controls show."""
        made = shown_values(session, panel)
        self.shown |= {(page, session.sample, key): value for key, value in made.items()}
        return made

    def is_seen(self, page: str, session: Session) -> bool:
        """Whether the page shows the sample as it is: no other page moved it, and no file was read again, since."""
        jobs, view = self.seen.get((page, session.sample), (session.jobs, session.view))
        return jobs is session.jobs and view == session.view

    def see(self, page: str, session: Session) -> None:
        """The page shows the sample as it is now."""
        self.seen[page, session.sample] = session.jobs, dict(session.view)

    def news(self, page: str, session: Session, panel: Panel) -> list[dict[str, Any]]:
        """What the page's controls are to show now, where they show something else."""
        before = dict(self.shown)
        made = self.values(page, session, panel)
        changed = {key: value for key, value in made.items() if value != before.get((page, session.sample, key))}
        return [{"stage": stage, "key": key, "value": value} for (stage, key), value in changed.items()]

    def move(self, page: str, session: Session, panel: Panel, values: Mapping[Key, Any]) -> None:
        """Take over what the user moved; what is refused keeps nothing else back, and is told until it is mended.

        Raises
        ------
        InputError
            The first refusal, when all else is done.
        """
        refused: InputError | None = None
        for one in panel.controls(session):
            key = (one.stage, one.key)
            if key not in values or values[key] == self.shown.get((page, session.sample, key)):
                continue
            value = values[key]
            try:
                if changes := moved(session, one, value):
                    session.change(changes, lambda: panel.controls(session))
                self.shown[page, session.sample, key] = value
            except InputError as problem:
                refused = refused or problem
        if refused:
            raise refused


def choose(session: Session, everywhere: str | None) -> None:
    """Whether the changes are those of all samples, as the page that asks has it.

    Raises
    ------
    InputError
        If they cannot be.
    """
    if everywhere is not None and session.everywhere != (everywhere == "all"):
        session.hold_everywhere(everywhere == "all")


def panel_of(name: str) -> Panel:
    """A panel by its name."""
    return next(panel for panel in PANELS if panel.name == name)


def make_app(series: Series, sample: str, token: str, port: int) -> Dash:
    """The application.

    Parameters
    ----------
    series, sample
        What is shown, and of which sample first.
    token, port
        What the first request must bring, and the port that hosts and origins must name.
    """
    live = Live(series)
    live.session(sample)
    app = Dash(
        "coherion",
        assets_folder=str(Path(__file__).parent / "assets"),
        serve_locally=True,
        suppress_callback_exceptions=True,
        update_title=None,  # type: ignore[arg-type]
        on_error=_told_of_fault,
        # The library puts the title into the page as it stands.
        title=f"{escape(series.folder.resolve().name)}: live",
    )
    app.server.config["MAX_CONTENT_LENGTH"] = MOST_ASKED
    app.layout = lambda: _layout(live, sample)
    _callbacks(app, live)
    _moves(app, live)
    hashes = " ".join(f"'{one}'" if not one.startswith("'") else one for one in app.csp_hashes())
    policy = (
        f"default-src 'none'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
        "img-src 'self' data: blob:; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    guard(app.server, port, token, policy)
    return app


def _told_of_fault(problem: Exception) -> None:
    """A line in the page for whatever a callback raised."""
    set_props("refused", {"children": _line(problem)})


def _line(problem: Exception) -> str:
    if isinstance(problem, CoherionError | OSError):
        return str(problem)
    traceback.print_exception(problem)
    return f"a fault of the program: {type(problem).__name__}"


def _layout(live: Live, sample: str) -> Any:
    # Who loads the page again wants the files as they are now.
    live.reread()
    if sample not in live.series.samples:
        sample = next(iter(live.series.samples), sample)
    tabs = [
        html.Button(p.title, id={"tab": p.name}, n_clicks=0, className="tab") for p in panels_of(live.session(sample))
    ]
    head = html.Header(
        [
            html.H1("live"),
            html.Label(
                ["sample ", dcc.Dropdown(live.series.samples, sample, id="sample", clearable=False)], className="sample"
            ),
            html.Nav(tabs, id="tabs"),
            html.Button("Undo", id="undo", n_clicks=0, disabled=True),
            dcc.RadioItems(
                [{"label": "this sample", "value": "sample"}, {"label": "all samples", "value": "all"}],
                "sample",
                id="everywhere",
                inline=True,
            ),
            html.Button("Keep …", id="ask", n_clicks=0, disabled=True),
        ]
    )
    stores = [dcc.Store(id=name) for name in ("done", "calm", "tab")]
    stores.append(dcc.Store(id="page", data=secrets.token_hex(8)))
    refused = html.P(live.broken, id="refused", role="alert", className="refused")
    dialog = html.Div(
        [
            html.H2("This is written"),
            html.Pre(id="difference", tabIndex=0),
            html.P(id="kept", role="status"),
            html.Button("Keep", id="keep", n_clicks=0),
            html.Button("Close", id="close", n_clicks=0),
        ],
        id="dialog",
        role="dialog",
        hidden=True,
        **aria("label", "what is written"),
    )
    return html.Div([*stores, head, refused, html.Main(id="panel"), dialog], id="live")


def _body(live: Live, page: str, session: Session, panel: Panel) -> list[Any]:
    values = live.values(page, session, panel)
    rows = rows_of(session, panel, values)
    if panel.name == "refinement":
        rows.insert(0, html.Button("Refine", id={"do": "refine"}, n_clicks=0, className="do"))
    plots = [
        dcc.Graph(
            id={"plot": name, "panel": panel.name},
            figure=EMPTY,
            config=_PLOT,
            className=f"plot {name}",
            responsive=True,
        )
        for name in panel.plots
    ]
    side = html.Div(
        [html.Div(id="alerts", role="status"), *rows, html.Div(id="facts"), *table_of(session, panel, values)],
        className="side",
        role="group",
        **aria("label", "settings"),
    )
    whose: dict[str, Any] = {"data-sample": session.sample, "data-panel": panel.name, "data-page": page}
    return [side, html.Div(plots, className=f"plots {panel.name}", **whose)]


def _callbacks(app: Dash, live: Live) -> None:
    # Own JavaScript holds one wish until the last one is answered; the last wish is never lost (assets/live.js).
    app.clientside_callback(
        "function() { window.live.moved(arguments); }",
        Input({"stage": ALL, "key": ALL}, "value"),
        Input("everywhere", "value"),
        State({"stage": ALL, "key": ALL}, "id"),
        State("sample", "value"),
        State("tab", "data"),
        State("page", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        "function(done) { return window.live.answered(done); }",
        Output("calm", "data"),
        Input("done", "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("panel", "children"),
        Output("tab", "data"),
        Output("tabs", "children"),
        Output("done", "data", allow_duplicate=True),
        Input("sample", "value"),
        Input({"tab": ALL}, "n_clicks"),
        State("tab", "data"),
        State("page", "data"),
        State("everywhere", "value"),
        prevent_initial_call="initial_duplicate",
    )
    def open_panel(sample: str, _: Any, tab: str | None, page: str, everywhere: str) -> Any:
        session = live.session(sample)
        possible = list(panels_of(session))
        if isinstance(ctx.triggered_id, dict):
            tab = ctx.triggered_id["tab"]
            if not ctx.triggered[0]["value"]:
                return no_update
        panel = next((p for p in possible if p.name == tab), possible[0])
        tabs = [
            html.Button(
                p.title,
                id={"tab": p.name},
                n_clicks=0,
                className="tab",
                **aria("current", "true" if p is panel else "false"),
            )
            for p in possible
        ]
        with session.lock:
            message = live.news_of_files(sample)
            try:
                choose(session, everywhere)
            except InputError as problem:
                message = message or str(problem)
            if message:
                set_props("refused", {"children": message})
            try:
                body = _body(live, page, session, panel)
                live.see(page, session)
            except CoherionError as problem:
                return [html.P(str(problem), role="alert", className="refused")], panel.name, tabs, no_update
            return body, panel.name, tabs, _told(session, panel.name, True) | {"refused": bool(message)}

    @app.callback(
        Output({"plot": ALL, "panel": ALL}, "figure", allow_duplicate=True),
        Output("alerts", "children"),
        Output("facts", "children"),
        Output({"set": ALL, "of": ALL, "to": "configured"}, "children"),
        Output({"result": ALL}, "children"),
        Output("undo", "disabled"),
        Output("ask", "disabled"),
        Output("refused", "children", allow_duplicate=True),
        Input("calm", "data"),
        State({"plot": ALL, "panel": ALL}, "id"),
        State("sample", "value"),
        State("tab", "data"),
        State("page", "data"),
        State("everywhere", "value"),
        prevent_initial_call=True,
    )
    def rest(
        wish: Mapping[str, Any],
        plots: Sequence[Mapping[str, str]],
        sample: str,
        tab: str,
        page: str,
        everywhere: str,
    ) -> Any:
        session, panel = live.session(wish["sample"]), panel_of(wish["panel"])
        # The answer to a move that came when another sample or panel was opened already is nobody's.
        if (sample, tab) != (wish["sample"], wish["panel"]) or (wish.get("held") and panel.patient):
            return no_update
        message: Any = "" if wish["all"] and not wish.get("refused") else no_update
        with session.lock:
            # Another page of this sample may have chosen otherwise meanwhile; what is refused was told.
            with contextlib.suppress(InputError):
                choose(session, everywhere)
            turn = live.turns[page]
            seen = session.snapshot(lambda: live.turns[page] != turn)
        # What takes long is made of the settings as they are now, while the next move is answered already.
        with contextlib.nullcontext() if panel.patient else session.lock:
            try:
                before = panel.first(seen).figures if wish["all"] else {}
                made = panel.rest(seen, bool(wish.get("held")))
                made = replace(made, figures={**before, **made.figures})
            except CoherionError as problem:
                message, made = str(problem), Shown({})
            except Outrun:
                # The next move has an answer of its own.
                return no_update
        with session.lock:
            known = {(one.stage, one.key): one for one in panel.controls(session) if one.kind not in OF_PARAMETERS}
            ids = [one["id"] for one in ctx.outputs_list[3]]
            set_props("facts", aria("busy", "false"))
            notes = [
                said(session, known[i["set"], i["of"]]) if (i["set"], i["of"]) in known else no_update for i in ids
            ]
            return (
                _figures(made, plots),
                [_alert(one) for one in made.alerts] or [html.P("no alerts", className="fine")],
                summary(made.facts),
                notes,
                [made.results.get(one["id"]["result"], "") for one in ctx.outputs_list[4]],
                not session.can_undo,
                not session.changes,
                message,
            )

    @app.callback(
        Output({"stage": ALL, "key": ALL}, "value"),
        Output("done", "data", allow_duplicate=True),
        Output("refused", "children", allow_duplicate=True),
        Input("undo", "n_clicks"),
        Input({"set": ALL, "of": ALL, "to": ALL}, "n_clicks"),
        Input({"do": ALL}, "n_clicks"),
        Input("everywhere", "value"),
        State("sample", "value"),
        State("tab", "data"),
        State("page", "data"),
        prevent_initial_call=True,
    )
    def put(_: Any, __: Any, ___: Any, everywhere: str, sample: str, tab: str, page: str) -> Any:
        session, panel = live.session(sample), panel_of(tab)
        if not ctx.triggered[0]["value"]:
            return no_update
        with session.lock:
            message = live.news_of_files(sample)
            try:
                # A setting of all samples changes the standard too, and with it what is shown of this one.
                choose(session, everywhere)
                if ctx.triggered_id == "everywhere":
                    pass
                elif ctx.triggered_id == "undo":
                    session.undo()
                elif ctx.triggered_id.get("do"):
                    fitting.refine(session)
                else:
                    key = ctx.triggered_id["set"], ctx.triggered_id["of"]
                    if key not in {(one.stage, one.key) for one in panel.controls(session)}:
                        raise InputError("no such control", found=".".join(key))
                    word = ctx.triggered_id["to"]
                    value = session.configured(*key) if word == "configured" else None if word == "null" else word
                    session.change({key: value}, lambda: panel.controls(session))
            except CoherionError as problem:
                message = str(problem)
            values = live.values(page, session, panel)
            live.see(page, session)
            ids = [one["id"] for one in ctx.outputs_list[0]]
            shown = [values.get((one["stage"], one["key"]), no_update) for one in ids]
            return shown, _told(session, tab, True) | {"refused": bool(message)}, message

    @app.callback(
        Output("dialog", "hidden"),
        Output("difference", "children"),
        Output("kept", "children"),
        Output("keep", "hidden"),
        Output("done", "data", allow_duplicate=True),
        Input("ask", "n_clicks"),
        Input("keep", "n_clicks"),
        Input("close", "n_clicks"),
        State("sample", "value"),
        State("tab", "data"),
        State("page", "data"),
        State("everywhere", "value"),
        State("difference", "children"),
        prevent_initial_call=True,
    )
    def keep(_: Any, __: Any, ___: Any, sample: str, tab: str, page: str, everywhere: str, seen: str) -> Any:
        session = live.session(sample)
        if ctx.triggered_id == "close":
            return True, "", "", False, no_update
        with session.lock:
            try:
                if lost := live.news_of_files(sample):
                    raise InputError(lost)
                # Another page of this sample may have moved or chosen otherwise meanwhile, or files were read again.
                choose(session, everywhere)
                is_moved = not live.is_seen(page, session)
                for one in live.news(page, session, panel_of(tab)) if is_moved else ():
                    set_props({"stage": one["stage"], "key": one["key"]}, {"value": one["value"]})
                live.see(page, session)
                told = _told(session, tab, True) if is_moved else no_update
                # What cannot be shown has not been seen, and the job would refuse it.
                panel_of(tab).first(session)
                check(session)
                difference = session.difference()
                if ctx.triggered_id == "ask":
                    return False, difference, _unseen(session, tab, is_moved), False, told
                if seen != difference:
                    # Another page of the series moved on, or the choice of samples did.
                    return False, difference, "the difference is another now: look again", False, told
                files = session.keep()
                live.see(page, session)
                written = f"written: {', '.join(files)}; make run makes the results anew"
                return False, no_update, written, True, _told(session, tab)
            except (CoherionError, OSError) as problem:
                return False, no_update, str(problem), True, no_update


def _unseen(session: Session, panel: str, is_moved: bool) -> str:
    """What the run will make of the settings and the panel does not show."""
    if is_moved:
        return "another page or file moved what is shown: look at the plots again"
    found = fitting.current(session) if panel == "refinement" else None
    if found is None or found[1]:
        return ""
    return "the fit that is shown is of other settings; Refine shows the one that the run will make"


def _moves(app: Dash, live: Live) -> None:
    """What follows a control while it moves: asked for and painted past the framework, whose way takes longer."""
    from flask import Response, abort, request
    from werkzeug.exceptions import HTTPException

    @app.server.errorhandler(Exception)
    def refuse(problem: Exception) -> Response:
        # What goes wrong in a callback is told by the page: all else is a request that is not the page's. Where it is a
        # fault of the program after all, this line leads to it.
        if isinstance(problem, HTTPException):
            return Response("refused\n", problem.code, mimetype="text/plain")
        place = traceback.extract_tb(problem.__traceback__)[-1]
        print(f"refused: {problem!r:.200} at {Path(place.filename).name}:{place.lineno}", file=sys.stderr)
        return Response("refused\n", 400, mimetype="text/plain")

    @app.server.post("/move")
    def move() -> Response:
        try:
            wish = request.get_json()
            values = {(one["stage"], one["key"]): one["value"] for one in wish["values"]}
            session, panel, page = live.session(wish["sample"]), panel_of(wish["panel"]), str(wish["page"])
            if not panel.possible(session):
                abort(400)
        except (CoherionError, KeyError, TypeError, StopIteration, RecursionError):
            abort(400)
        made = Shown({})
        news: list[dict[str, Any]] = []
        live.turns[page] += 1
        with session.lock:
            message = live.news_of_files(session.sample)
            everywhere = wish.get("everywhere")
            with contextlib.suppress(InputError):
                choose(session, everywhere)
            is_seen = live.is_seen(page, session)
            # What is refused for all samples is told until a move mends it.
            for step in (partial(live.move, page, session, panel, values), partial(choose, session, everywhere)):
                try:
                    step()
                except Exception as problem:
                    message = message or _line(problem)
            try:
                made = panel.first(session)
                news = [] if is_seen else live.news(page, session, panel)
            except Exception as problem:
                message = message or _line(problem)
            live.see(page, session)
        told = {"figures": dict(made.figures), "refused": message, "news": news, "done": _told(session, panel.name)}
        told["able"] = {"undo": session.can_undo, "ask": bool(session.changes)}
        return Response(json.dumps(told, separators=(",", ":")), mimetype="application/json")


def _told(session: Session, panel: str, whole: bool = False) -> dict[str, Any]:
    """What the browser is told when something is done: whose the plots are, and whether the first is still blank."""
    return {"sample": session.sample, "panel": panel, "all": whole}


def _figures(made: Shown, plots: Sequence[Mapping[str, str]]) -> list[Any]:
    return [made.figures.get(one["plot"], no_update) for one in plots]


def _alert(one: Any) -> Any:
    return html.P([html.B(one.grade), f" {one.text}; {one.advice}"], className=f"alert {one.grade}")


def serve(app: Dash, port: int) -> Any:
    """A server of the application on this machine's own address, not yet running; port 0 takes a free one."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        """An answer in one write and at once, and no line for each request."""

        protocol_version = "HTTP/1.1"
        # Head and body by themselves wait for each other: Nagle's algorithm against the delayed acknowledgement.
        wbufsize = -1
        disable_nagle_algorithm = True

        def log_request(self, *_: Any) -> None:
            """Nothing."""

    return make_server(ADDRESS, port, app.server, threaded=True, request_handler=Quiet)
