"""TIFF files: pages of single slices, stacks and time series, ImageJ and OME metadata."""
