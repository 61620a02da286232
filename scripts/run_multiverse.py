"""Run some of the whole analyses of a series under other defensible choices: one batch of a multiverse.

The settings name the configuration of the run, and the structures of each sample:
{"configuration": {...}, "structures": {"x50": ["config/structures/cryolite.cif"]}}
"""

from pathlib import Path

from coherion import command
from coherion.errors import InputError


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("series", help="tab-separated table of the configured run, one row per sample")
    arguments.add_argument("--paper", required=True, help="what the paper says (.yaml), with the choices")
    arguments.add_argument("--samples", required=True, help="table of the samples")
    arguments.add_argument("--scans", help="table of the scans")
    arguments.add_argument("--spectra", help="table of the spectra")
    arguments.add_argument("--schemas", required=True, help="folder of the schemas of the tables")
    arguments.add_argument("--results", required=True, help="folder of the results of the configured run")
    arguments.add_argument("--range", required=True, help="fit range, such as 2-60")
    arguments.add_argument("--batch", type=int, required=True, help="number of the batch, from 0")
    arguments.add_argument("--output", required=True, help="what the batch's analyses came to, to write (.json)")
    given = arguments.parse_args(argv)

    import json
    import resource
    from dataclasses import asdict

    from coherion.data.netcdf import write_text
    from coherion.data.series_tables import read_tables
    from coherion.inputs.job_settings import JobSettings
    from coherion.multiverse.checkpoint import Checkpoint
    from coherion.multiverse.choices import refuse_useless
    from coherion.multiverse.pipeline import run
    from coherion.multiverse.plan import batches
    from coherion.multiverse.workshop import Workshop
    from coherion.paper.reading import read_paper
    from coherion.provenance.code import digest_of
    from coherion.settings.run import configuration_from
    from coherion.statistics.series import read_series

    command.refuse_others(given.settings, "configuration", "structures")
    configuration = configuration_from(given.settings.get("configuration", {}))
    tables = read_tables({"samples": given.samples, "scans": given.scans, "spectra": given.spectra}, given.schemas)
    paper = read_paper(given.paper)
    planned = batches(paper.multiverse)
    if not 0 <= given.batch < len(planned):
        raise InputError("no such batch", place="--batch", found=given.batch, expected=f"0 to {len(planned) - 1}")
    jobs = JobSettings(configuration, tables, paper)
    workshop = Workshop(
        jobs,
        Path(given.results),
        given.settings.get("structures", {}),
        given.range,
    )
    series = read_series(given.series, paper.known)
    refuse_useless(jobs)
    told = (
        json.dumps(given.settings, sort_keys=True),
        given.range,
        digest_of([Path(__file__).stem], Path(__file__).parent),
    )
    read = [given.series, given.paper, given.samples, *filter(None, (given.scans, given.spectra))]
    checkpoint = Checkpoint(given.output, told, read)
    kept = checkpoint.outcomes()
    found = []
    for pipeline in planned[given.batch]:
        if pipeline.number in kept:
            found.append(kept[pipeline.number])
            continue
        found.append(run(pipeline, workshop, series))
        checkpoint.keep(found[-1])
        print(f"analysis {pipeline.number}: {found[-1].seconds:.1f} s", flush=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    content = {"of": checkpoint.of, "memory_mb": round(memory, 1), "analyses": [asdict(one) for one in found]}
    write_text(given.output, json.dumps(content, indent=1) + "\n")
    checkpoint.done()


if __name__ == "__main__":
    command.run(main)
