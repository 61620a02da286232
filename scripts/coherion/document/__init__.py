"""The supporting information as one document."""
