"""The supporting information of a finished run as one PDF, set by Typst from the run's own tables and figures."""
