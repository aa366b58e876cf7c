"""The formats that a video may have: options of ffmpeg's output by the name of the file."""

from __future__ import annotations

from support.media import AV1, H264, HEVC, VP8, VP9

UNEVEN = ("-vf", "select='lt(n,20)+gt(n,30)*not(mod(n,3))'", "-vsync", "vfr")
FORMATS: dict[str, tuple[str, ...]] = {
    "h264.mp4": (*H264, "-bf", "3"),
    "h264.mov": H264,
    "h264.mkv": H264,
    "h264.avi": H264,
    "h264.ts": H264,
    "fragmented.mp4": (*H264, "-g", "10", "-movflags", "frag_keyframe+empty_moov"),
    "hevc.mp4": (*HEVC, "-pix_fmt", "yuv420p"),
    "hevc_10_bit.mkv": (*HEVC, "-pix_fmt", "yuv420p10le"),
    "vp8.webm": (*VP8, "-pix_fmt", "yuv420p"),
    "vp9.webm": (*VP9, "-pix_fmt", "yuv420p"),
    "vp9_alpha.webm": (*VP9, "-pix_fmt", "yuva420p"),
    "av1.mp4": (*AV1, "-pix_fmt", "yuv420p"),
    "mpeg4.avi": ("-c:v", "mpeg4", "-bf", "2"),
    "mjpeg.avi": ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"),
    "mpeg2.ts": ("-c:v", "mpeg2video"),
    "mpeg2.mpg": ("-c:v", "mpeg2video"),
    "interlaced.ts": (*H264, "-flags", "+ildct+ilme", "-x264opts", "tff=1"),
    "prores.mov": ("-c:v", "prores"),
    "grey.mkv": ("-c:v", "ffv1", "-pix_fmt", "gray"),
    "rgb.mkv": ("-c:v", "ffv1", "-pix_fmt", "bgr0"),
    "flash.flv": ("-c:v", "flv"),
    "raw.h264": H264,
    "raw.hevc": HEVC,
    "animation.gif": (),
    "uneven.mp4": (*H264, *UNEVEN, "-bf", "2"),
    "uneven.mkv": (*H264, *UNEVEN, "-bf", "2"),
    "uneven.avi": ("-c:v", "mpeg4", *UNEVEN),
}
