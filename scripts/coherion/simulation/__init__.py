"""An independent forward model of scans and spectra with known truth; imports no analysis code."""
