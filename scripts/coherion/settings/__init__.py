"""What a user may set: read, completed and checked."""
