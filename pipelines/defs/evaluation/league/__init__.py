"""What each method would have raised, and how that was judged."""
