"""What every source, table and stage shares. Nothing here names a source."""
