"""What the whole book shares, each chosen once: colours, the interval's width, the draws."""

# Okabe and Ito's palette: told apart by colour-blind readers, and in dark mode.
RAW = "#D55E00"
POOLED = "#0072B2"
COMPLETE = "#009E73"
MUTED = "#636363"
INK = "#111111"  # and the truth

PROB = 0.94  # that an interval holds

DRAWS = 4000  # of each of the sampler's four chains
TUNE = 1000
