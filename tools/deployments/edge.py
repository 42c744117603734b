"""The edge, in us-east-1: what stands in it, how its records choose a region, and that it goes."""

from __future__ import annotations

import json

from .stage import EDGE_REGION, Stage

STACK = "edge-test"
NAME = "chat.example.com"
SECOND = {
    "RoutingPolicy": "failover",
    "SecondRegion": "us-west-2",
    "SecondLoadBalancerDnsName": "second.us-west-2.elb.amazonaws.com",
    "SecondLoadBalancerZoneId": "Z1H1FL5HABSF5",
}


def run(stage: Stage) -> None:
    report = stage.report
    route = stage.client("route53", EDGE_REGION)
    made = route.create_hosted_zone(Name=NAME, CallerReference="deployments")["HostedZone"]["Id"].split("/")[-1]
    zone = {"HostedZoneId": made}
    outputs = stage.deploy_edge(STACK, zone)
    distributions(stage, outputs)
    origin = records(stage, made)
    report.holds("one region: one record, by latency", [r.get("Region") for r in origin] == ["ap-northeast-2"], origin)
    changed = stage.deploy_edge(STACK, {**zone, **SECOND})
    origin = records(stage, made)
    report.holds("failover: a primary and a secondary record", sorted(r.get("Failover", "") for r in origin) == ["PRIMARY", "SECONDARY"], origin)
    report.holds("a change keeps the distribution", changed["DistributionId"] == outputs["DistributionId"], changed)
    continents = {**zone, **SECOND, "RoutingPolicy": "geolocation"}
    stage.deploy_edge(STACK, continents)
    places = [r.get("GeoLocation", {}) for r in records(stage, made)]
    report.holds("geolocation: a continent, and everybody else", {"ContinentCode": "NA"} in places and {"CountryCode": "*"} in places, places)
    stage.delete(STACK, EDGE_REGION)
    report.holds("deleted, no record is left", not records(stage, made), records(stage, made))


def distributions(stage: Stage, outputs: dict[str, str]) -> None:
    report = stage.report
    front = stage.client("cloudfront", EDGE_REGION)
    config = front.get_distribution(Id=outputs["DistributionId"])["Distribution"]["DistributionConfig"]
    report.holds("viewers are sent to HTTPS", config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https")
    static = config["CacheBehaviors"]["Items"][0]
    report.holds("static files come from the bucket", (static["PathPattern"], static["TargetOriginId"]) == ("/static/*", "files"), static)
    origins = {o["Id"]: o for o in config["Origins"]["Items"]}
    report.holds("regions are asked over HTTPS", origins["regions"]["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only", origins)
    report.holds("the bucket is asked with a signature", bool(origins["files"].get("OriginAccessControlId")), origins)
    report.holds("a firewall stands before it", config.get("WebACLId") == outputs["AclArn"], config.get("WebACLId"))
    policy = json.loads(stage.client("s3", EDGE_REGION).get_bucket_policy(Bucket=outputs["FilesName"])["Policy"])
    source = policy["Statement"][0]["Condition"]["StringEquals"]["aws:SourceArn"]
    report.holds("the bucket hears this distribution alone", source.endswith(f"distribution/{outputs['DistributionId']}"), source)


def records(stage: Stage, zone: str) -> list[dict]:
    """The records by which CloudFront finds a region."""
    found = stage.client("route53", EDGE_REGION).list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return [r for r in found if r["Name"].rstrip(".") == f"origin.{NAME}"]
