"""Is there a second phase?"""
