"""Learned migration: forecasts of where users go, and what a move is worth; on NumPy alone."""
