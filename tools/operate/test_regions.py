"""What a further region is deployed with, and why not; whether a stack's functions still run."""

from __future__ import annotations

import contextlib
import io
import unittest
from typing import Any
from unittest import mock

from botocore.exceptions import ClientError

import deploy_region
import stack_state
from deploy_region import First, Wrong, answers, first_stack, stream_of

STREAM = "arn:aws:dynamodb:eu-central-1:123456789012:table/tidegate-sessions/stream/2026-01-01T00:00:00.000"
STACK = "arn:aws:cloudformation:ap-northeast-2:123456789012:stack/tidegate/1"


def refusal(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Call")


def first(**parameters: str) -> First:
    outputs = {"SessionTableName": "tidegate-sessions"}
    return First("tidegate", "ap-northeast-2", STACK, {"DayFloor": "6", **parameters}, outputs)


def asked(first: First, given: dict[str, str]) -> dict[str, str]:
    with contextlib.redirect_stdout(io.StringIO()):
        return answers(first, "eu-central-1", given)


class Clients:
    """Clients by service and region, each a mock."""

    def __init__(self, **clients: Any) -> None:
        self.clients = clients

    def __call__(self, service: str, region_name: str) -> Any:
        return self.clients[f"{service}_{region_name.replace('-', '_')}"]


def tables(**answer: Any) -> Any:
    client = mock.Mock()
    client.describe_table.side_effect = [answer["found"]]
    return client


class Answers(unittest.TestCase):
    def test_the_first_regions_answers_are_taken_and_say_whose_the_table_is(self) -> None:
        values = asked(first(SessionRegions="eu-central-1,us-west-2", SessionStreamArn=STREAM), {})
        self.assertEqual(
            values,
            {"DayFloor": "6", "PrimaryRegion": "ap-northeast-2", "SessionRegions": "ap-northeast-2,us-west-2"},
        )

    def test_what_a_region_has_of_its_own_is_asked_for(self) -> None:
        for name, value in [
            ("ExistingGroupName", "web"),
            ("CacheUrl", "redis://127.0.0.1:6379"),
            ("SubnetIds", "subnet-0123456789abcdef0"),
            ("MoreTopics", "data=arn:aws:sns:ap-northeast-2:123456789012:data"),
            ("SomethingNew", "arn:aws:acm:ap-northeast-2:123456789012:certificate/1"),
            ("SomethingNewer", "vpc-0123456789abcdef0"),
        ]:
            with self.subTest(name), self.assertRaisesRegex(Wrong, f"SET='{name}=...'"):
                asked(first(**{name: value}), {})
            self.assertEqual(asked(first(**{name: value}), {name: ""})[name], "")
            self.assertEqual(asked(first(**{name: ""}), {})[name], "", "nothing is asked where the first has none")

    def test_what_is_not_shown_is_not_copied(self) -> None:
        values = asked(first(NoticeHttpsUrl="****", ImageId="ami-0123456789abcdef0"), {"NoticeHttpsUrl": "https://x"})
        self.assertEqual(values["NoticeHttpsUrl"], "https://x")
        self.assertNotIn("ImageId", values)

    def test_an_account_has_one_provider_for_github(self) -> None:
        made = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
        self.assertEqual(asked(first(GitHubRepository="a/b"), {})["GitHubProviderArn"], made)
        self.assertEqual(asked(first(GitHubRepository="a/b", GitHubProviderArn=made), {})["GitHubProviderArn"], made)
        self.assertNotIn("GitHubProviderArn", asked(first(), {}))


class Found(unittest.TestCase):
    def test_the_first_region_must_be_there_and_keep_sessions(self) -> None:
        missing, silent = mock.Mock(), mock.Mock()
        missing.describe_stacks.side_effect = refusal("ValidationError", "Stack with id x does not exist")
        silent.describe_stacks.return_value = {"Stacks": [{"StackId": STACK, "Parameters": [], "Outputs": []}]}
        for client, why in [(missing, "there is no stack tidegate"), (silent, "keeps no sessions")]:
            clients = Clients(cloudformation_ap_northeast_2=client)
            with mock.patch.object(deploy_region.boto3, "client", clients), self.assertRaisesRegex(Wrong, why):
                first_stack("tidegate", "ap-northeast-2", "eu-central-1")
        with self.assertRaisesRegex(Wrong, "the first region itself"):
            first_stack("tidegate", "eu-central-1", "eu-central-1")

    def stream(self, there: Any, here: Any = None) -> str:
        clients = Clients(dynamodb_eu_central_1=tables(found=there), dynamodb_ap_northeast_2=tables(found=here))
        with mock.patch.object(deploy_region.boto3, "client", clients):
            return stream_of(first(SessionRegions="us-west-2"), "eu-central-1")

    def test_the_replicas_stream_is_found(self) -> None:
        self.assertEqual(self.stream({"Table": {"TableStatus": "ACTIVE", "LatestStreamArn": STREAM}}), STREAM)

    def test_why_there_is_no_stream_is_said(self) -> None:
        gone = refusal("ResourceNotFoundException", "no")
        other = {"Table": {"Replicas": [{"RegionName": "us-west-2"}]}}
        coming = {"Table": {"Replicas": [{"RegionName": "eu-central-1", "ReplicaStatus": "CREATING"}]}}
        for there, here, why in [
            (gone, other, "SessionRegions=us-west-2,eu-central-1 first"),
            (gone, coming, "is CREATING: try again"),
            (gone, gone, "neither in eu-central-1 nor in ap-northeast-2"),
            ({"Table": {"TableStatus": "CREATING"}}, None, "is CREATING: try again"),
            ({"Table": {"TableStatus": "ACTIVE"}}, None, "has no stream"),
            (refusal("AccessDeniedException", "no"), None, "DescribeTable in eu-central-1"),
        ]:
            with self.subTest(why), self.assertRaisesRegex(Wrong, why):
                self.stream(there, here)


class State(unittest.TestCase):
    def state(self, stacks: Any, schedules: dict[str, str]) -> str:
        cloudformation, scheduler = mock.Mock(), mock.Mock()
        cloudformation.describe_stacks.side_effect = [stacks]
        pages = [{"Schedules": [{"Name": name, "State": state} for name, state in schedules.items()]}]
        scheduler.get_paginator.return_value.paginate.return_value = pages
        with contextlib.redirect_stderr(io.StringIO()):
            return stack_state.state("t", cloudformation, scheduler)

    def test_a_stack_runs_until_all_its_schedules_are_disabled(self) -> None:
        there = {"Stacks": [{"StackStatus": "UPDATE_COMPLETE"}]}
        off = {"t-night": "DISABLED", "t-day": "DISABLED", "t-tick": "DISABLED", "t-alarms-tick": "ENABLED"}
        for stacks, schedules, word in [
            (there, off, "stopped"),
            (there, {**off, "t-tick": "ENABLED"}, "running"),
            (there, {"t-night": "DISABLED"}, "unknown"),
            ({"Stacks": [{"StackStatus": "DELETE_COMPLETE"}]}, {}, "gone"),
            (refusal("ValidationError", "Stack with id t does not exist"), {}, "gone"),
        ]:
            with self.subTest(word):
                self.assertEqual(self.state(stacks, schedules), word)
        with self.assertRaises(ClientError):
            self.state(refusal("AccessDenied", "no"), {})


if __name__ == "__main__":
    unittest.main()
