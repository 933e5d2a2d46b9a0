"""What is measured of particles: size, shape, place, cracks, contact, paths, grey values."""
