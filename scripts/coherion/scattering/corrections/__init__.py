"""What a laboratory pattern needs before it is normalised."""
