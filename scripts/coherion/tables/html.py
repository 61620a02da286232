"""Tables as small pages of HTML, which the report of a run shows."""

from __future__ import annotations

from html import escape

from coherion.atoms import formulas
from coherion.tables.table import Table, printed

_STYLE = (
    "body{font:14px sans-serif;margin:1em}table{border-collapse:collapse;margin:0 0 1em}"
    "caption{text-align:left;padding:0 0 .6em;max-width:60em}td,th{padding:.15em .7em;text-align:left;"
    "vertical-align:top;white-space:nowrap}td.wide{white-space:normal;min-width:14em}"
    "thead th{border-top:2px solid;border-bottom:1px solid}tbody tr:last-child td{border-bottom:2px solid}"
)


def html(table: Table) -> str:
    """One table as a page that needs no other file."""
    parts = [_element(part) for part in (table.head, table) if part is not None]
    title = f"Table S{table.number}. " if table.number else ""
    caption = f"<p>{_marked(title + table.full_caption)}</p>"
    head = f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(table.name)}</title>'
    return f"{head}<style>{_STYLE}</style></head><body>\n{caption}\n" + "\n".join(parts) + "\n</body></html>\n"


def _marked(text: str, *, is_formula: bool = False) -> str:
    found = formulas.pieces(text, is_formula=is_formula)
    return "".join(f"<sub>{escape(part)}</sub>" if low else escape(part) for part, low in found)


def _element(table: Table) -> str:
    headings = "".join(f"<th>{escape(column.heading)}</th>" for column in table.columns)
    lines = [f"<table><thead><tr>{headings}</tr></thead><tbody>"]
    for row in table.rows:
        cells = []
        for column in table.columns:
            cell = row.get(column.key)
            if isinstance(cell, str):
                text = _marked(cell, is_formula=table.is_formula(row, column))
            else:
                text = escape(printed(cell, column))
                mantissa, _, exponent = text.partition("×10^")
                text = mantissa.replace("-", "\N{MINUS SIGN}")
                text += f"×10<sup>{exponent.replace('-', chr(0x2212))}</sup>" if exponent else ""
            cells.append(f'<td class="wide">{text}</td>' if column.width else f"<td>{text}</td>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return "\n".join([*lines, "</tbody></table>"])
