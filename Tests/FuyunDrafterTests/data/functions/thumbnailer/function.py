"""Makes a thumbnail of at most 200 x 200 of a picture in the bucket. `object` in the event is the bucket's own record:
key, format (jpeg, jpeg-progressive or png), width, height, input_bytes (the size of the stored file)."""

import io

from PIL import Image

import storage


def handler(event):
    record = event["object"]
    data = storage.get(event["bucket"], record["key"])  # the whole file as bytes
    with Image.open(io.BytesIO(data)) as image:
        # Of a JPEG, Pillow's draft mode decodes at a smaller scale where the decoder can.
        image.thumbnail((200, 200))
        out = io.BytesIO()
        image.convert("RGB").save(out, format="JPEG", quality=85)
    name = record["key"].rsplit(".", 1)[0] + "-small.jpg"
    storage.put(event["bucket"], name, out.getvalue())
    return {"key": name, "bytes": out.tell()}
