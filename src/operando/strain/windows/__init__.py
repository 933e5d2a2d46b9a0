"""Matching one window: Gauss-Newton on its grey values, compiled or in torch."""
