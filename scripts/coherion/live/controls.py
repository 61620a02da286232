"""Settings as controls of the page: a slider with its number, words to choose from, and the configured value beside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from coherion.live.declared import Control, way
from coherion.live.panels import Panel
from coherion.live.session import Session
from coherion.page.blocks import number


def aria(name: str, value: str) -> dict[str, Any]:
    """An attribute for those who hear the page."""
    return {f"aria-{name}": value}


def effective_value(session: Session, panel: Panel, one: Control) -> Any:
    """What a control shows: the setting, or the number that it comes to."""
    value = session.value(one.stage, one.key)
    match one.kind:
        case "number":
            if _is_number(value):
                return value
            found = panel.effective(session, (one.stage, one.key))
            return None if found is None else float(f"{found:.5g}")
        case "flag":
            return ["on"] if value else []
        case "several":
            given = value.replace(",", " ").split() if isinstance(value, str) else list(value)
            return list(one.words) if given == ["all"] else [word for word in one.words if word in given]
    return "null" if value is None else value


def plain_value(one: Control, shown: Any) -> Any:
    """The setting that a control means."""
    match one.kind:
        case "number":
            return int(shown) if one.whole else float(shown)
        case "flag":
            return bool(shown)
        case "several":
            return [word for word in one.words if word in shown]
    return None if shown == "null" else shown


def row_of(session: Session, panel: Panel, one: Control, value: Any) -> Any:
    """Label, control, and what is configured, of a setting."""
    key = {"stage": one.stage, "key": one.key}
    configured = session.configured(one.stage, one.key)
    label = f"{one.label} / {one.unit}" if one.unit else one.label
    # Without a number a setting is found from the data, or there is none.
    nothing = "auto" if panel.effective(session, (one.stage, one.key)) is not None else "none"
    words = [(word, nothing if word == "null" else word) for word in one.words if one.kind == "number"]
    buttons = [
        html.Button(word, id={"set": one.stage, "of": one.key, "to": to}, n_clicks=0, title=f"{one.label}: {word}")
        for to, word in words
    ]
    back = html.Button(
        said(session, one),
        id={"set": one.stage, "of": one.key, "to": "configured"},
        n_clicks=0,
        className="configured",
        title=f"{one.label}: back to what is configured",
    )
    made: Any
    match one.kind:
        case "number":
            numbers = [x for x in (value, configured) if _is_number(x)]
            own = way(one, float(numbers[0] if numbers else 1.0), panel.end(session, (one.stage, one.key)))
            made = dcc.Slider(
                own.low, own.high, own.step, value=value, marks=None, id=key, updatemode="drag", included=False
            )
        case "flag":
            made = dcc.Checklist([{"label": "on", "value": "on"}], value, id=key, inline=True)
        case "several":
            made = dcc.Checklist(list(one.words), value, id=key, inline=True)
        case _:
            made = dcc.RadioItems([{"label": w, "value": w} for w in one.words], value, id=key, inline=True)
    head = html.Div([html.Span(label, className="label", title=one.meaning), *buttons, back], className="head")
    return html.Div([head, made], className=f"control {one.kind}", role="group", **aria("label", one.label))


def said(session: Session, one: Control) -> str:
    """What is configured, in words."""
    configured = session.configured(one.stage, one.key)
    return number(configured, None, 6) if _is_number(configured) else _words(configured)


def _words(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return value if isinstance(value, str) else json.dumps(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def summary(facts: Sequence[tuple[str, str]]) -> Any:
    """Names and what they are."""
    return html.Dl([part for name, what in facts for part in (html.Dt(name), html.Dd(what))])
