"""`extract serve`: a small web page and an HTTP API for photos; it keeps none of them."""
