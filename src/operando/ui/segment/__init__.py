"""What the panel Segment is made of."""
