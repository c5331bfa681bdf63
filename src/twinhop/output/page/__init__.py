"""The page: a result as one structure of numbers and texts, and the file of HTML that shows it anywhere."""
