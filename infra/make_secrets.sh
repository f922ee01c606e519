#!/usr/bin/env bash
# Makes the secrets of infra/compose.yaml that are not there yet, one a file, each its owner's alone.
# A client secret of your identity provider can't be made: its file is left empty for you to fill.
set -euo pipefail
umask 077
folder="${1:-$(dirname "$0")/secrets}"
mkdir -p "$folder"
cd "$folder"
new() { [ -s "$1" ] || openssl rand -hex "$2" > "$1"; }

new postgres_password 24
new GERLAND_PSEUDONYM_KEY 32
new AWS_ACCESS_KEY_ID 10
new AWS_SECRET_ACCESS_KEY 20
[ -s oauth2_cookie_secret ] || openssl rand -base64 32 | tr -- '+/' '-_' | tr -d '\n' > oauth2_cookie_secret
[ -e oauth2_client_secret ] || : > oauth2_client_secret
for database in dagster tracking workbench; do
    file="GERLAND_$(echo "$database" | tr '[:lower:]' '[:upper:]')"
    [ -s "$file" ] || echo "postgresql://gerland:$(cat postgres_password)@postgres/$database" > "$file"
done
if [ "$(id -u)" = 0 ]; then chown -R 10001:10001 .; fi # whom the containers run as
echo "secrets in $folder: $(ls | tr '\n' ' ')"
