"""Acts of authorities: what was discussed, recommended, decided and published, since when it could be known."""
