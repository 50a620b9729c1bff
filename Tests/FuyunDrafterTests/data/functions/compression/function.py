"""Packs a folder of the bucket into one archive. `folder` is the listing's summary: prefix, n_files, total_bytes."""

import os
import shutil
import tempfile

import storage


def handler(event):
    prefix = event["folder"]["prefix"]
    kind = event.get("format", "zip")  # zip or gztar
    with tempfile.TemporaryDirectory(dir="/var/tmp") as scratch:  # a disk, not tmpfs
        folder = os.path.join(scratch, "in")
        os.mkdir(folder)
        for key in storage.list(prefix):
            storage.download(key, os.path.join(folder, os.path.basename(key)))  # pieces of 1 MiB
        archive = shutil.make_archive(os.path.join(scratch, "out"), kind, folder)
        storage.upload(archive, prefix.rstrip("/") + os.path.splitext(archive)[1])
        return {"bytes": os.path.getsize(archive)}
