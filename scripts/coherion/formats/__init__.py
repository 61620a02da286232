"""Files: reading and writing what instruments, peers and this project store."""
