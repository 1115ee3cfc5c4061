"""Labels: their names, and what files say of them."""
