"""All things that registers tell of, and what links them."""
