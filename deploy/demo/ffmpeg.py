"""What the video functions share: reading a clip's description, and running ffmpeg on a clip of that kind."""

import subprocess

from actionserver import ActionError, integer, number


class Clip:
    """A clip as the event's `object` describes it. In place of a download ffmpeg draws one: a moving test picture."""

    def __init__(self, event):
        described = event.get("object")
        if not isinstance(described, dict):
            raise ActionError("object: expected {\"width\": …, \"height\": …, \"fps\": …, \"duration\": …}")
        # x264 and most pixel formats want even sizes.
        self.width = integer(described, "width", low=16, high=4096) // 2 * 2
        self.height = integer(described, "height", low=16, high=4096) // 2 * 2
        self.fps = integer(described, "fps", 25, low=1, high=120)
        self.duration = number(described, "duration", 1, high=3600)

    @property
    def frame_bytes(self):
        return self.width * self.height * 3

    def source(self):
        return f"testsrc2=size={self.width}x{self.height}:rate={self.fps}:duration={self.duration:g}"


def start(arguments, **options):
    """Starts ffmpeg with two threads: their number moves memory, so it must not depend on the machine."""
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-y", "-threads", "2", "-filter_threads", "1"]
    return subprocess.Popen(command + arguments, stderr=subprocess.PIPE, **options)


def finish(process):
    """Waits for ffmpeg; when it fails, or is killed for want of memory, the server lives on and answers with an error."""
    message = process.stderr.read(4096).decode(errors="replace").strip()
    process.stderr.close()
    status = process.wait()
    if status < 0:
        raise RuntimeError(f"ffmpeg was killed by signal {-status}")
    if status > 0:
        raise RuntimeError(f"ffmpeg failed with status {status}: {message[:300]}")
