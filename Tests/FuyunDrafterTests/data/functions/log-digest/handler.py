"""Counts the addresses of one day's log: which clients came most often."""

import collections
import gzip
import os

import boto3

s3 = boto3.client("s3", endpoint_url=os.environ.get("S3_ENDPOINT"))


def handler(event, context):
    body = s3.get_object(Bucket=event["bucket"], Key=event["key"])["Body"].read()
    text = gzip.decompress(body).decode("utf-8", "replace")
    counts = collections.Counter(line.split(" ", 1)[0] for line in text.splitlines() if line)
    return {"lines": sum(counts.values()), "top": counts.most_common(min(int(event.get("top", 10)), 100))}
