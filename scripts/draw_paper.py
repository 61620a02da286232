"""Draw figures of several samples: patterns, G(r), fits, structure, spectra, Arrhenius lines, the side phase.

FIGURES is a JSON object, or a .json file with one, of each figure by name: its kind, the netCDF file of each sample
(for the structure a refinement and its CIF), and what each sample is called:
{"figure_1a": {"kind": "patterns", "files": ["x10.nc", "x90.nc"], "titles": ["x = 0.1", "x = 0.9"]}}
Patterns may name the CIF of a ``reference`` whose reflections are marked, and a ``mark`` (1/angstrom); a structure has
``views`` (title and labels of centres), ``ligands`` and ``colours``.
"""

from pathlib import Path

from coherion import command
from coherion.errors import InputError

# Where each kind of figure is drawn, and the command that writes the files it is drawn from.
KINDS = {
    "patterns": ("overview", "reduce_scan"),
    "pair_distributions": ("overview", "reduce_scan"),
    "fits": ("overview", "refine_structure"),
    "fit_ranges": ("overview", "refine_structure"),
    "nyquist": ("impedance", "fit_circuits"),
    "arrhenius": ("impedance", "fit_arrhenius"),
    "side_phase": ("side_phase", "detect_side_phase"),
    "structure": ("structure", "refine_structure"),
}

MORE = {"reference", "mark", "views", "ligands", "colours"}


def main(argv=None):
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument(
        "figures", type=command.read_settings, metavar="FIGURES", help="kind, files and titles of each"
    )
    arguments.add_argument(
        "--output",
        required=True,
        type=Path,
        help="folder; NAME.pdf, .svg, .png and .tsv of each figure are written to it",
    )
    given = arguments.parse_args(argv)
    for name, figure in given.figures.items():
        place = f"figure {name}"
        if not isinstance(figure, dict) or set(figure) - MORE != {"kind", "files", "titles"}:
            raise InputError("not a figure", place=place, found=figure, expected="kind, files and titles")
        if figure["kind"] not in KINDS:
            raise InputError("unknown kind of figure", place=place, found=figure["kind"], expected=", ".join(KINDS))
        sources = [*figure["files"], *([figure["reference"]] if "reference" in figure else [])]
        draw(**figure).save(given.output / f"{name}.pdf", sources)


def draw(kind, files, titles, reference=None, mark=None, **structure):
    from importlib import import_module

    from coherion.crystal.structure_files import read_structure
    from coherion.data.netcdf import read_dataset
    from coherion.figures.plate import evenly

    room, source = KINDS[kind]
    drawing = import_module(f"coherion.figures.{room}")
    if kind == "structure":
        if len(files) != 2:
            raise InputError("a structure is drawn from two files", found=files, expected="a refinement, its CIF")
        fit, cif = files
        return drawing.draw_structure(
            read_structure(cif), origin=read_dataset(fit, source).attrs["origin"], title=titles[0], **structure
        )
    if len(files) != len(titles):
        raise InputError("files and titles differ in number", found=len(titles), expected=len(files))
    more = {"reference": read_structure(reference)} if reference else {}
    if kind == "patterns":
        more["mark"] = mark
    # Which of the samples are suspect only their files say.
    shown = range(len(files)) if kind == "side_phase" else evenly(len(files))
    found = [read_dataset(files[i], source) for i in shown]
    plate = getattr(drawing, f"draw_{kind}")(found, [titles[i] for i in shown], **more)
    if len(shown) < len(files):
        plate.say_how_many(len(files))
    return plate


if __name__ == "__main__":
    command.run(main)
