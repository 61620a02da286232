"""Describe a finished run as a Workflow Run RO-Crate in its results folder, every file with its hash."""

from pathlib import Path

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("--directory", type=Path, default=Path(), help="where the workflow ran (default: here)")
    arguments.add_argument("--workflow", type=Path, required=True, help="folder of the Snakefile")
    arguments.add_argument("--configuration", type=Path, nargs="*", default=[], help="files of the configuration")
    arguments.add_argument("--output", required=True, help="ro-crate-metadata.json in the results folder")
    given = arguments.parse_args(argv)

    from coherion.errors import InputError
    from coherion.provenance.crate import COPIES, Crate
    from coherion.provenance.jobs import behind, read_jobs
    from coherion.settings.configuration import read_yaml

    if missing := {"results", "data_folder"} - set(given.settings):
        raise InputError("settings name no folder", place=f"key {min(missing)}", expected="those of the whole workflow")
    for path in given.configuration:
        if not isinstance(read_yaml(path), dict):
            raise InputError("not a configuration", file=path, expected="keys with values")
    folder = given.directory.resolve()
    if not (folder / ".snakemake" / "metadata").is_dir():
        raise InputError("no records of Snakemake", file=folder, advice="is --directory where the workflow ran?")
    results = folder / given.settings["results"]
    jobs = read_jobs(folder)
    # The summary reads everything that a run makes but the document and the page that are made of it; what another
    # configuration left in the same place is no part.
    last = {"summarise_run": results / "summary", "write_supporting_information": results, "build_page": results}
    own = [
        path
        for job in jobs
        if job.rule in last
        for path in job.outputs
        if (folder / path).resolve().parent == last[job.rule].resolve()
    ]
    crate = Crate(
        root=results,
        folder=folder,
        workflow=given.workflow.resolve(),
        data=folder / given.settings["data_folder"],
        jobs=behind(own, jobs),
        configuration=given.configuration,
        settings=given.settings,
    )
    crate.write(given.output)
    print(f"{len(crate.jobs)} jobs; the workflow and its settings are copied to {results / COPIES}")


if __name__ == "__main__":
    command.run(main)
