"""HDF5 and NeXus files: which array holds the images, and how it lies."""
