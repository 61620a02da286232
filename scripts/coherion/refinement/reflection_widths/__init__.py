"""Size and strain a second time, from the widths of the reflections of the same scan."""
