"""Self-controlled case series: each case is its own control."""
