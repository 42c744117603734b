#!/bin/bash
# An instance's first boot, after infra/web.yaml's own part (/etc/tidegate.env, CodeDeploy's agent) and
# before CodeDeploy brings the service. Nothing is downloaded here: what costs boot time is the agent.
# Pass it as the parameter UserData: base64 -w0 workload/user-data.sh
set -euo pipefail

# Fill in the key's secret and, for a real model, OPENAI_BASE_URL, OPENAI_MODEL and
# OPENAI_API_KEY_SECRET_ARN. Tables and cache come from the stack (/etc/tidegate.env).
settings='
AIRA_KEY_SECRET_ARN=
AIRA_LISTEN=0.0.0.0:8080
AIRA_NOTICE_SECONDS=5
'

id aira >/dev/null 2>&1 || useradd --system --no-create-home --shell /sbin/nologin aira
install -d -m 0755 /opt/aira
printf '%s\n' "$settings" | install -m 0640 -o root -g aira /dev/stdin /etc/aira.env
