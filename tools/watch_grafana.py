"""Writes the Grafana dashboard that is made from infra/dashboard.yaml."""

from watch.grafana import FILE, document
from watch.world import read

if __name__ == "__main__":
    FILE.write_text(document(read()))
    print(f"wrote {FILE}")
