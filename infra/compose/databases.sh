#!/bin/sh
# Run once by PostgreSQL's image on an empty volume: a database each, so that each can be put back alone.
set -eu
for database in dagster tracking workbench; do
    createdb --username "$POSTGRES_USER" "$database"
done
