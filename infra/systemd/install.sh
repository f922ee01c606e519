#!/usr/bin/env bash
# As root, in a checkout at /opt/gerland where `make setup` went through: the user, the units, a settings file to fill in.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
id gerland >/dev/null 2>&1 || useradd --system --home-dir /var/lib/gerland --shell /usr/sbin/nologin gerland
install --directory --mode 0755 /etc/gerland
"$here/../make_secrets.sh" /etc/gerland/secrets
chown -R root:root /etc/gerland/secrets
sed -i 's#@postgres/#@localhost/#' /etc/gerland/secrets/GERLAND_{DAGSTER,TRACKING,WORKBENCH}
[ -e /etc/gerland/gerland.toml ] || cat > /etc/gerland/gerland.toml <<'TOML'
landing = "/var/lib/gerland/landing"
lake = "/var/lib/gerland/lake"
reports = "/var/lib/gerland/reports"
artifacts = "/var/lib/gerland/mlflow"
jars = "/opt/gerland/data/jars"
TOML
cp --recursive "$here"/gerland@.service "$here"/gerland.target "$here"/gerland@*.service.d /etc/systemd/system/
cp "$here/journald@gerland.conf" /etc/systemd/
systemctl daemon-reload
systemctl enable gerland.target gerland@{code,dagster,daemon,mlflow,workbench}.service
echo "next: the databases (infra/docs/operations.md), then systemctl start gerland.target"
