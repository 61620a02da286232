"""The steps of a recipe: the problem it poses, where it starts, its stages, and other readings of its end."""
