"""The same AWS call in Python: what a Lambda in boto3 does at its start.

A loop over the Runtime API in place of Lambda's own runtime interface client, with less in it. The
client is built once, outside the handler, as AWS recommends.
"""

import json
import os
from http.client import HTTPConnection

import boto3

TABLE = os.environ["TIDEGATE_CONTROL_TABLE"]
client = boto3.client("dynamodb")


def handler(event, context):
    answer = client.query(
        TableName=TABLE,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "policy"}},
        ConsistentRead=True,
        ScanIndexForward=False,
        Limit=5,
    )
    return {"policies": answer["Count"]}


def main():
    api = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        api.request("GET", "/2018-06-01/runtime/invocation/next")
        response = api.getresponse()
        request = response.headers["Lambda-Runtime-Aws-Request-Id"]
        event = json.loads(response.read())
        body = json.dumps(handler(event, None))
        api.request("POST", f"/2018-06-01/runtime/invocation/{request}/response", body)
        api.getresponse().read()


main()
