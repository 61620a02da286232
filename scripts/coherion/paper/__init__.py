"""The statements of the paper, judged."""
