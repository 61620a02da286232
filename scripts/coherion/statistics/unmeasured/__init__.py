"""How strong something that nobody measured would have to be to undo a statement."""
