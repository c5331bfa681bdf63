"""Learning of migration: from worlds in which users move, and from what moves turned out to be worth in them."""
