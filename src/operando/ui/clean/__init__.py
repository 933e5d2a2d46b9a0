"""Widgets of the Clean panel."""
