"""Puts a mark into a video with ffmpeg and encodes it anew with x264.

Event: {"object": {"width": px, "height": px, "fps": 1/s, "duration": s}}. Memory: x264 keeps whole frames for its
look-ahead and as references, so it grows with the frame's size, and with the number of frames until that queue is full.
"""

import os
import tempfile

from actionserver import serve
from ffmpeg import Clip, finish, start


def main(event):
    clip = Clip(event)
    mark = f"color=c=white@0.5:size={max(16, clip.width // 5)}x{max(16, clip.height // 8)}:rate={clip.fps}"
    graph = f"{clip.source()}[clip];{mark}[mark];[clip][mark]overlay=main_w/2-overlay_w/2:main_h/2-overlay_h/2:shortest=1"
    handle, path = tempfile.mkstemp(suffix=".mp4", dir="/var/tmp")
    os.close(handle)
    try:
        finish(start(["-filter_complex", graph, "-c:v", "libx264", "-threads", "2", "-pix_fmt", "yuv420p", path]))
        return {"width": clip.width, "height": clip.height, "bytes": os.path.getsize(path)}
    finally:
        os.unlink(path)


if __name__ == "__main__":
    serve(main)
