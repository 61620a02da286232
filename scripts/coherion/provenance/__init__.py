"""What was made from what: records of jobs, the chain from a figure to raw files, the summary and crate of a run."""
