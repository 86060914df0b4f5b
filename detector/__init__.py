"""CRAFT: where the words are on a photo."""
