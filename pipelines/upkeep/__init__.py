"""What keeps a lake: verify and repair, backup and restore, withdrawal, erasure, rotation of keys."""
