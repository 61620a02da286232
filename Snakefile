"""coherion: from raw scans and impedance spectra to figures, tables and a verdict, in one run."""


include: "workflow/Snakefile"


# A target that an included file sets is not taken: the one of a checkout must stand here.
rule run:
    default_target: True
    input:
        rules.all.input,
