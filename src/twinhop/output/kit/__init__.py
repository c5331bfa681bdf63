"""What all reports and figures share: numbers and tables, colours and frames, maps and films."""
