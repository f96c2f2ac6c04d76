"""`./dev demo`: what the product does, seen in a minute, with real storage, real HTTP and real push."""
