"""What an editor would send back, mended for any figure: legends over curves, powers set apart, polygons for curves."""
