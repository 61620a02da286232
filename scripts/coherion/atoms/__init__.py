"""What each element is and how it scatters: symbols, masses, form factors, attenuation."""
