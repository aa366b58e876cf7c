"""Small files that ask for a lot."""
