#!/bin/sh
# Installs this clone's newest commit as /opt/kpi, or upgrades to it: the user, the packages of the lock, the
# store's folder, a first key, the units and their timers, that of the digest too. Run as root, in the clone: sh deploy/install.sh
# What exists already (the user, the store, /etc/kpi.env) is left as it is; earlier versions stay beside the
# new one. ROOT names a folder in place of / for a trial, PYTHON another Python than python3.
set -eu
umask 022
root=${ROOT:-}
version=$(git rev-parse --short=12 HEAD)
program=$root/opt/kpi-$version

id kpi >/dev/null 2>&1 ||
  useradd --system --home-dir /srv/kpi --no-create-home --shell /usr/sbin/nologin kpi

mkdir -p "$program" "$root/srv" "$root/etc/systemd/system"
git archive HEAD | tar -x -C "$program"
"${PYTHON:-python3}" -m venv "$program/.venv"
"$program/.venv/bin/pip" install --quiet --require-hashes -r "$program/requirements.lock"

mkdir -p -m 700 "$root/srv/kpi"
mkdir -p -m 750 "$root/srv/kpi-files"
chown kpi: "$root/srv/kpi" "$root/srv/kpi-files"

if [ ! -e "$root/etc/kpi.env" ]; then
  key=$("$program/.venv/bin/python" -c 'import secrets; print(secrets.token_hex(32))')
  (umask 077 && printf 'KPI_HOME=%s/srv/kpi\nKPI_HMAC_KEY=%s\n' "$root" "$key" >"$root/etc/kpi.env")
  chown kpi: "$root/etc/kpi.env"
fi
if [ -e "$root/opt/kpi/.streamlit/secrets.toml" ]; then
  cp -p "$root/opt/kpi/.streamlit/secrets.toml" "$program/.streamlit/"
fi

ln -sfn "kpi-$version" "$root/opt/kpi"
cp "$program"/deploy/*.service "$program"/deploy/*.timer "$root/etc/systemd/system/"
systemctl daemon-reload
systemctl enable --now kpi-summarise.timer kpi-expire.timer kpi-digest.timer kpi.service
systemctl reload-or-restart kpi.service # several processes drain, one is started again

if ! grep -qsE '^ *KPI_(ALERT_)?(MAIL_TO|WEBHOOKS) *=' \
  "$root/etc/kpi.env" "$program/.streamlit/secrets.toml"; then
  echo "Next: say in /etc/kpi.env who gets digests and alerts (docs/operations.md, Digests and alerts)"
fi
