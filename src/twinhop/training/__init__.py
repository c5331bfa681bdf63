"""Learned weights: training, transfer, evaluation."""
