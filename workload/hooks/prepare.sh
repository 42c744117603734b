#!/bin/bash
# What the program runs as, and its settings; also on an instance whose user data did not do it.
set -euo pipefail

id aira >/dev/null 2>&1 || useradd --system --no-create-home --shell /sbin/nologin aira
install -d -m 0755 /opt/aira
[ -e /etc/aira.env ] || install -m 0640 -o root -g aira /dev/null /etc/aira.env
