"""What may leave: cells of few persons or isolates, and those that would give them away."""
