"""Reproductions: the paper's figures, transfer of policies and of twins."""
