"""PNG files of every kind, written by hand; and pictures to put into them."""
import struct
import zlib

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]  # first row and column, steps


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pack(values, depth):
    """A line of values, most significant bits first."""
    if depth == 8:
        return bytes(values)
    if depth == 16:
        return struct.pack(f">{len(values)}H", *values)
    bits = "".join(format(value, f"0{depth}b") for value in values)
    return bytes(int(bits[i:i + 8].ljust(8, "0"), 2) for i in range(0, len(bits), 8))


def png(pixels, kind=GREY, depth=8, interlaced=False, palette=b"", transparency=b""):
    """pixels: rows of tuples, one value a channel."""
    height, width = len(pixels), len(pixels[0])
    lines = [[value for pixel in row for value in pixel] for row in pixels]
    if interlaced:
        parts = [[row[left::across] for row in pixels[top::down]] for top, left, down, across in ADAM7]
        lines = [[value for pixel in row for value in pixel] for part in parts for row in part if row]
    raw = b"".join(b"\0" + pack(line, depth) for line in lines)
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + (chunk(b"PLTE", palette) if palette else b"") +
            (chunk(b"tRNS", transparency) if transparency else b"") + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def grey(values, width=28, depth=8, interlaced=False):
    """A grey PNG of one list of values."""
    return png([[(value,) for value in values[i:i + width]] for i in range(0, len(values), width)], GREY, depth, interlaced)


def large(width, height, depth, line):
    """A grey PNG too large to hold: line(i) gives the bytes of row i."""
    deflate = zlib.compressobj(1)
    data = b"".join(deflate.compress(b"\0" + line(i)) for i in range(height)) + deflate.flush()
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, GREY, 0, 0, 0)) + chunk(b"IDAT", data) +
            chunk(b"IEND", b""))


SEGMENTS = ["abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg"]
LINES = {"a": (0, 0, 2, 12), "b": (0, 10, 9, 12), "c": (10, 10, 19, 12), "d": (17, 0, 19, 12), "e": (10, 0, 19, 2), "f": (0, 0, 9, 2),
         "g": (9, 0, 11, 12)}  # top, left, bottom, right


def segment_digit(k, i):
    """A digit of seven segments as MNIST has its own: 28 x 28, ink in a box of 20 whose centre of mass is in the middle. No two i look the same."""
    ink = {}
    for j, name in enumerate(SEGMENTS[k]):
        top, left, bottom, right = LINES[name]
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                ink[row, column] = max(ink.get((row, column), 0), 255 - (37 * i + 53 * j + 11 * row + 7 * column) % 90)
    mass = sum(ink.values())
    down, across = (round(14 - sum(v * place[d] for place, v in ink.items()) / mass) for d in (0, 1))
    pixels = [0] * 784
    for (row, column), v in ink.items():
        pixels[(row + down) * 28 + column + across] = v
    return pixels
