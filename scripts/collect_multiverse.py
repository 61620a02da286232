"""Collect the batches of a multiverse: spreads beside stated errors, shares of verdicts, which choice moves what."""

from pathlib import Path

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument("batches", nargs="+", help="files that run_multiverse wrote")
    arguments.add_argument("--paper", required=True, help="what the paper says (.yaml), with the choices")
    arguments.add_argument(
        "--claims", help="table of the verdicts of the configured run; it comes with a sentence more"
    )
    arguments.add_argument("--output", required=True, help="folder to write the tables to")
    given = arguments.parse_args(argv)

    from coherion.data.contract.tables import MULTIVERSE
    from coherion.data.netcdf import write_text
    from coherion.data.tables import read_rows, write_table
    from coherion.multiverse import results
    from coherion.paper.reading import read_paper

    paper, outcomes = read_paper(given.paper), results.read_outcomes(given.batches)
    results.refuse_others(paper, outcomes)
    statements = list(results.statement_rows(paper, outcomes))
    rows = {
        "statements": statements,
        "quantities": results.quantity_rows(paper, outcomes),
        "choices": results.choice_rows(paper, outcomes),
        "analyses": results.analysis_rows(paper, outcomes),
        "cold": results.cold_rows(outcomes),
    }
    folder = Path(given.output)
    for name, found in rows.items():
        write_text(folder / f"{name}.tsv", write_table(found, MULTIVERSE[name].names if name in MULTIVERSE else None))
    if given.claims:
        said = {row["statement"]: row["sentence"] for row in statements}
        claims = read_rows(given.claims, "id", "note")
        for claim in claims:
            if claim["id"] in said:
                claim["note"] = f"{said[claim['id']]}; {claim['note']}"
        write_text(folder / "claims.tsv", write_table(claims))
    for row in statements:
        print(f"{row['statement']}: {row['sentence']}")


if __name__ == "__main__":
    command.run(main)
