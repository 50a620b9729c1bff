"""Copies a file of the web into the bucket. `object_bytes` is the Content-Length that the queue saw in a HEAD request."""

import os
import tempfile
from urllib.request import Request, urlopen

import storage


def handler(event):
    request = Request(event["url"], headers={"User-Agent": "uploader"})
    path = os.path.join(tempfile.gettempdir(), os.path.basename(event["url"]))  # /tmp is a disk here
    with open(path, "wb") as file:
        file.write(urlopen(request).read())
    key = storage.upload(path, "inbox/" + os.path.basename(path))
    size = os.path.getsize(path)
    os.remove(path)
    return {"key": key, "bytes": size}
