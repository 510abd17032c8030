"""A reader's own table: `own_file` reads it, `analysis` analyses it; the rest works for the two."""
