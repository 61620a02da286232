"""Settings as controls of the page: a slider with its number, words to choose from, and the configured value beside."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from coherion.data.contract.units import unit_in_print
from coherion.errors import InputError
from coherion.live import fitting
from coherion.live.declared import Control, Way, way
from coherion.live.panels.panel import Panel
from coherion.live.session import Key, Session
from coherion.page.blocks import number

#: Controls of one parameter, which stand in a table of all.
OF_PARAMETERS = ("free", "start")


def aria(name: str, value: str) -> dict[str, Any]:
    """An attribute for those who hear the page."""
    return {f"aria-{name}": value}


def shown_values(session: Session, panel: Panel) -> dict[Key, Any]:
    """What each control of a panel shows: the setting, or the number that it comes to."""
    found: dict[Key, Any] = {}
    parameters = {p.name: p for p in fitting.parameters(session)} if panel.name == "refinement" else {}
    for one in panel.controls(session):
        key = (one.stage, one.key)
        if one.kind == "free":
            found[key] = ["on"] if parameters[one.key].state != "fixed" else []
        elif one.kind == "start":
            found[key] = float(f"{parameters[one.key].value:.8g}")
        elif one.stage == "view":
            kept = session.view.get(one.key)
            found[key] = (["on"] if kept else []) if one.kind == "flag" else kept or one.words[panel.place(session)]
        else:
            found[key] = _shown(session, panel, one)
    return found


def _shown(session: Session, panel: Panel, one: Control) -> Any:
    value = session.value(one.stage, one.key)
    match one.kind:
        case "number" | "decades":
            found = value if _is_number(value) else panel.effective(session, (one.stage, one.key))
            if found is None or one.kind == "number":
                return found if found is None or _is_number(value) else float(f"{found:.5g}")
            return round(math.log10(found), 3)
        case "flag":
            return ["on"] if value else []
        case "range":
            return list(value[0])
        case "lines":
            return "; ".join(value)
        case "several":
            given = value.replace(",", " ").split() if isinstance(value, str) else list(value)
            return list(one.words) if given == ["all"] else [word for word in one.words if word in given]
    return "null" if value is None else value


def moved(session: Session, one: Control, shown: Any) -> dict[Key, Any]:
    """The changes of settings that a moved control means; none where it is what is looked at.

    Raises
    ------
    InputError
        If it cannot be done to the setting by itself.
    """
    key = (one.stage, one.key)
    match one.kind:
        case "free":
            return fitting.hold(session, one.key, bool(shown))
        case "start":
            return {("refinement", "start"): {**session.value("refinement", "start"), one.key: _number(one, shown)}}
        case "number":
            return {key: int(_number(one, shown)) if one.whole else _number(one, shown)}
        case "decades":
            return {key: float(f"{_number(one, _number(one, shown), 10.0):.4g}")}
        case "range":
            return {key: [[_number(one, end) for end in _list(one, shown)], *session.value(*key)[1:]]}
        case "lines":
            return {key: [line.strip() for line in str(shown).split(";") if line.strip()]}
        case "several":
            return {key: [word for word in one.words if word in _list(one, shown)]}
    if one.stage == "view":
        session.view[one.key] = bool(shown) if one.kind == "flag" else _one_of(one, shown)
        return {}
    return {key: bool(shown) if one.kind == "flag" else None if shown == "null" else shown}


def _number(one: Control, shown: Any, base: float | None = None) -> float:
    """The finite number, or ``base`` to its power, that is shown."""
    try:
        found = float(shown) if base is None else base**shown
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise InputError("is no number", place=one.label, found=shown, expected="a finite number")
    return found


def _list(one: Control, shown: Any) -> list[Any]:
    if not isinstance(shown, list):
        raise InputError("is no list", place=one.label, found=shown, expected="a list of values")
    return shown


def _one_of(one: Control, shown: Any) -> str:
    if shown not in one.words:
        raise InputError("no such choice", place=one.label, found=shown, expected=", ".join(one.words))
    return shown


def rows_of(session: Session, panel: Panel, values: dict[Key, Any]) -> list[Any]:
    """The controls of a panel, one below the other, without those of parameters."""
    own = [one for one in panel.controls(session) if one.kind not in OF_PARAMETERS]
    return [_row(session, panel, one, values[one.stage, one.key]) for one in own]


def _row(session: Session, panel: Panel, one: Control, value: Any) -> Any:
    label = f"{one.label} / {one.unit}" if one.unit else one.label
    head: list[Any] = [html.Span(label, className="label", title=one.meaning)]
    if one.stage != "view":
        # Without a number a setting is found from the data, or there is none.
        nothing = "auto" if panel.effective(session, (one.stage, one.key)) is not None else "none"
        words = [(word, nothing if word == "null" else word) for word in one.words if one.kind in ("number", "decades")]
        head += [_button(one, to, word, f"{one.label}: {word}") for to, word in words]
        head.append(_button(one, "configured", said(session, one), f"{one.label}: back to what is configured"))
    made = _control(session, panel, one, value)
    return html.Div(
        [html.Div(head, className="head"), made],
        className=f"control {one.kind}",
        role="group",
        **aria("label", one.label),
    )


def _button(one: Control, to: str, word: str, meaning: str) -> Any:
    own = {"set": one.stage, "of": one.key, "to": to}
    return html.Button(
        word, id=own, n_clicks=0, title=meaning, className="configured" if to == "configured" else "word"
    )


def _control(session: Session, panel: Panel, one: Control, value: Any) -> Any:
    key = {"stage": one.stage, "key": one.key}
    configured = None if one.stage == "view" else session.configured(one.stage, one.key)
    end = panel.end(session, (one.stage, one.key))
    match one.kind:
        case "number":
            near = next((float(x) for x in (value, configured) if isinstance(x, int | float)), 10.0)
            own = way(one, near, end)
            return _slider(own, value, key)
        case "decades":
            ends = [panel.effective(session, (one.stage, name)) for name in ("frequency_min", "frequency_max")]
            low, high = (math.log10(x) if x else 0.0 for x in ends)
            own = Way(round(low, 2) - 0.01, round(high, 2) + 0.01, 0.01)
            tip = {"template": "10^{value} Hz", "placement": "top"}
            return _slider(own, value, key, allow_direct_input=False, tooltip=tip)
        case "range":
            return dcc.RangeSlider(0, end, 0.5, value=value, marks=None, id=key, updatemode="drag", allowCross=False)
        case "flag":
            return dcc.Checklist([{"label": "on", "value": "on"}], value, id=key, inline=True)
        case "several":
            return dcc.Checklist(list(one.words), value, id=key, inline=True)
        case "pick":
            return dcc.Dropdown(list(one.words), value, id=key, clearable=False, searchable=False)
        case "text" | "lines":
            return dcc.Input(id=key, type="text", value=value, debounce=True)
    return dcc.RadioItems([{"label": word, "value": word} for word in one.words], value, id=key, inline=True)


def _slider(own: Way, value: Any, key: dict[str, str], **more: Any) -> Any:
    return dcc.Slider(
        own.low, own.high, own.step, value=value, marks=None, id=key, updatemode="drag", included=False, **more
    )


def table_of(session: Session, panel: Panel, values: dict[Key, Any]) -> list[Any]:
    """The table of the parameters, where the panel has any."""
    names = [one for one in panel.controls(session) if one.kind == "start"]
    return [_table(names, values)] if names else []


def _table(names: Sequence[Control], values: dict[Key, Any]) -> Any:
    heads = [html.Th(word) for word in ("parameter", "free", "start", "refined")]
    rows = []
    for one in names:
        free = dcc.Checklist(
            [{"label": "", "value": "on"}], values["free", one.key], id={"stage": "free", "key": one.key}
        )
        start = dcc.Input(
            id={"stage": "start", "key": one.key},
            type="number",
            step="any",
            value=values["start", one.key],
            debounce=True,
        )
        unit = unit_in_print(one.unit)
        label = _breakable(f"{one.key} / {unit}" if unit else one.key)
        cells = [html.Th(label, scope="row"), html.Td(free), html.Td(start), html.Td(id={"result": one.key})]
        named: dict[str, Any] = {"data-name": one.key}
        rows.append(html.Tr(cells, **named))
    return html.Table([html.Thead(html.Tr(heads)), html.Tbody(rows)], className="parameters")


def _breakable(label: str) -> list[Any]:
    """A long name goes on in the next line after an underscore, not within a word."""
    first, *others = label.split("_")
    return [first, *(part for other in others for part in ("_", html.Wbr(), other))]


def said(session: Session, one: Control) -> str:
    """What is configured, in words."""
    configured = session.configured(one.stage, one.key)
    if one.kind == "range":
        return " to ".join(f"{end:g}" for end in configured[0])
    return number(configured, None, 6) if _is_number(configured) else _words(configured)


def _words(value: Any) -> str:
    if value is None:
        return "not set"
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
