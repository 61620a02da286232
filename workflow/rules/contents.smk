"""Content decides, not the clock: what a rule reads of the user's files is a parameter of it."""

import atexit

from coherion.provenance.contents import Contents

CONTENTS = Contents(result("settings/contents.json"))
atexit.register(CONTENTS.keep)


def content(files):
    """A digest of what these files hold; none of those that a job of this run makes."""
    made_here = result("")
    return CONTENTS.of(
        file for file in map(str, files) if not file.startswith(made_here)
    )
