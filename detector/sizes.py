"""How large photos are as the detector sees them; free of what computes, so that commands start at once."""

MULTIPLE = 32  # px; sides of what the detector takes
LONGEST = 1280  # px. Source: the authors' test.py, canvas_size
ENLARGED = 1.5  # Source: the same, mag_ratio
