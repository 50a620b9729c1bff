"""Reads every frame of a video as raw pixels and keeps them all, as programs for scene detection like to.

Event: {"object": {"width": px, "height": px, "fps": 1/s, "duration": s}}. Memory: width * height * 3 bytes for each of
fps * duration frames, on top of what Python and ffmpeg need.
"""

import subprocess

from actionserver import serve
from ffmpeg import Clip, finish, start


def main(event):
    clip = Clip(event)
    # The frames leave as they were drawn, so ffmpeg itself holds a few only.
    process = start(
        ["-f", "lavfi", "-i", clip.source(), "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"], stdout=subprocess.PIPE)
    frames = []
    with process.stdout as pipe:
        while True:
            frame = pipe.read(clip.frame_bytes)
            if len(frame) < clip.frame_bytes:
                break
            frames.append(frame)
    finish(process)
    return {"frames": len(frames), "changes": sum(differs(a, b) for a, b in zip(frames, frames[1:]))}


def differs(a, b):
    """Whether two frames differ by more than a twelfth in a sample of their pixels."""
    step = max(3, len(a) // 300 // 3 * 3)
    return sum(abs(x - y) for x, y in zip(a[::step], b[::step])) * 12 > 255 * len(a[::step])


if __name__ == "__main__":
    serve(main)
