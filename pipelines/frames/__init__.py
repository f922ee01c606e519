"""What every step shares: the engine, and rules on columns and frames (numbers, names, versions, histories, unions)."""
