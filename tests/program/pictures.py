"""PNG files of every kind, written by hand; and pictures to put into them."""
import math
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


ZIGZAG = sorted(((r, c) for r in range(8) for c in range(8)), key=lambda at: (sum(at), at[0] if sum(at) % 2 else at[1]))


def jpeg_bits(blocks):
    """The entropy-coded data of blocks of 64 whole coefficients, with codes of 4 bits for DC and 8 for AC."""
    symbols = {s: i for i, s in enumerate([0x00, 0xF0] + [run << 4 | size for run in range(16) for size in range(1, 11)])}
    bits, last = [], 0

    def put(value, count):
        bits.append(format(value, f"0{count}b") if count else "")

    def put_number(value):
        size = abs(value).bit_length()
        put(value if value >= 0 else value + (1 << size) - 1, size)

    for block in blocks:
        put(abs(block[0] - last).bit_length(), 4)
        put_number(block[0] - last)
        last, run = block[0], 0
        for value in block[1:]:
            if value == 0:
                run += 1
                continue
            while run > 15:
                put(symbols[0xF0], 8)
                run -= 16
            put(symbols[run << 4 | abs(value).bit_length()], 8)
            put_number(value)
            run = 0
        if run:
            put(symbols[0], 8)
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    return bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8)).replace(b"\xff", b"\xff\0"), bytes(symbols)


def jpeg(values, width=28, exif=b""):
    """A grey baseline JPEG, as exact as JPEG can be."""
    height = len(values) // width
    waves = [[math.cos((2 * x + 1) * u * math.pi / 16) * (math.sqrt(0.125) if u == 0 else 0.5) for x in range(8)] for u in range(8)]
    blocks = []
    for top in range(0, height, 8):
        for left in range(0, width, 8):
            pixels = [[values[min(top + y, height - 1) * width + min(left + x, width - 1)] - 128 for x in range(8)] for y in range(8)]
            lines = [[sum(wave[x] * line[x] for x in range(8)) for wave in waves] for line in pixels]
            blocks.append([round(sum(waves[v][y] * lines[y][u] for y in range(8))) for v, u in ZIGZAG])
    data, symbols = jpeg_bits(blocks)

    def segment(kind, content):
        return bytes([0xFF, kind]) + struct.pack(">H", len(content) + 2) + content

    return (b"\xff\xd8" + (segment(0xE1, b"Exif\0\0" + exif) if exif else b"") + segment(0xDB, b"\0" + b"\1" * 64) +
            segment(0xC0, struct.pack(">BHHB3B", 8, height, width, 1, 1, 0x11, 0)) +
            segment(0xC4, b"\0" + bytes([0, 0, 0, 12] + [0] * 12) + bytes(range(12))) +
            segment(0xC4, b"\x10" + bytes([0] * 7 + [len(symbols)] + [0] * 8) + symbols) +
            segment(0xDA, b"\1\1\0\0\x3f\0") + data + b"\xff\xd9")


def exif(orientation, big=False):
    """EXIF data of that orientation alone."""
    order = ">" if big else "<"
    return (b"MM" if big else b"II") + struct.pack(f"{order}HIHHHIHHI", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def stored(values, width, orientation):
    """A picture as a camera held another way stores it: values and width; its orientation puts it right."""
    rows = [values[i:i + width] for i in range(0, len(values), width)]
    turned = {1: rows, 2: [row[::-1] for row in rows], 3: [row[::-1] for row in rows[::-1]], 4: rows[::-1],
              5: [list(line) for line in zip(*rows)], 6: [list(line) for line in zip(*rows)][::-1],
              7: [list(line)[::-1] for line in zip(*rows)][::-1], 8: [list(line)[::-1] for line in zip(*rows)]}[orientation]
    return [v for row in turned for v in row], len(turned[0])
