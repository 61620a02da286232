"""From counts to G(r): form factors, corrections, reduction and its uncertainty."""
