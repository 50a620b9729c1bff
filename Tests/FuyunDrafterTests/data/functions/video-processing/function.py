"""Works on one video from the bucket: a small GIF, a GIF at full size, a watermark, or a list of scene changes."""

import os
import subprocess
import tempfile

import storage

FFMPEG = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y"]
MARK = os.path.join(os.path.dirname(__file__), "watermark.png")  # 200 x 80, RGBA


def gif(source, target, seconds):
    graph = "fps=10,scale=320:-1:flags=lanczos,split[s0][s1];[s0]palettegen[p];[s1][p]paletteuse"
    subprocess.run(FFMPEG + ["-i", source, "-t", str(seconds), "-vf", graph, "-loop", "0", target], check=True)


def gif_native(source, target, seconds):
    graph = "split[s0][s1];[s0]palettegen[p];[s1][p]paletteuse=dither=bayer"
    subprocess.run(FFMPEG + ["-i", source, "-t", str(seconds), "-vf", graph, "-loop", "0", target], check=True)


def watermark(source, target, seconds):
    graph = "overlay=main_w/2-overlay_w/2:main_h/2-overlay_h/2"
    subprocess.run(
        FFMPEG + ["-i", source, "-i", MARK, "-t", str(seconds), "-filter_complex", graph, target], check=True)


def frames(source, width, height):
    command = FFMPEG + ["-i", source, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]
    size = width * height * 3
    held = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as process:
        while len(frame := process.stdout.read(size)) == size:
            held.append(frame)
    cuts = [i for i, (a, b) in enumerate(zip(held, held[1:])) if a[::997] != b[::997]]
    return {"frames": len(held), "cuts": cuts}


def handler(event):
    clip = event["object"]
    op = event.get("op", "watermark")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:  # on disk
        source = os.path.join(folder, "in.mp4")
        storage.download(clip["key"], source)  # in pieces of 1 MiB
        if op == "frames":
            return frames(source, clip["width"], clip["height"])
        target = os.path.join(folder, "out.mp4" if op == "watermark" else "out.gif")
        {"gif": gif, "gif-native": gif_native, "watermark": watermark}[op](source, target, clip["duration_s"])
        storage.upload(target, "out/" + os.path.basename(clip["key"]))
        return {"bytes": os.path.getsize(target)}
