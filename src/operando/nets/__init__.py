"""Networks, patches to train on, windows to predict by, the training loop and its back ends.

The modules import torch at their top, so they are imported where they are used, never here.
"""
