"""The kinds of test that a statement can name; they know no paper."""
