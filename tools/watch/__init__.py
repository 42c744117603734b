"""What people look at: tests of the dashboards, the alarms, the runbook and the Prometheus rules."""
