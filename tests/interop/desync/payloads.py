"""Byte sequences made from the cases of tests/rawhttp by small changes, always the same for one seed.

A payload is a list of pieces: bytes, and `None` where the path of its own conversation's tags stands. Only the bytes
are changed, so that what the vendor sees can be told to belong to the payload.
"""

import pathlib
import random
import re

CASES = pathlib.Path(__file__).parents[2] / "rawhttp" / "cases"
HEADERS = [
    b"Content-Length: 0",
    b"Content-Length: 5",
    b"Content-Length: 11",
    b"Content-Length: 60",
    b"Content-Length : 11",
    b"Content-Length:\x0b11",
    b"Content-Length: 11, 11",
    b"content-length: +11",
    b"Content_Length: 11",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: Chunked",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding : chunked",
    b"Transfer-Encoding:\x0bchunked",
    b"Transfer-Encoding: \"chunked\"",
    b" Transfer-Encoding: chunked",
    b"X: y\nTransfer-Encoding: chunked",
    b"X: y\rTransfer-Encoding: chunked",
    b"Transfer_Encoding: chunked",
    b"Expect: 100-continue",
    b"Connection: close",
    b"Connection: keep-alive, Content-Length",
    b"Connection: Transfer-Encoding",
    b"Upgrade: h2c",
    b"Host: localhost",
    b"Trailer: X",
    b"TE: trailers",
    b"Max-Forwards: 0",
    b"X-Request-Id: chosen",
]
BODIES = [
    b"0\r\n\r\n",
    b"b\r\n{\"tags\":[]}\r\n0\r\n\r\n",
    b"b;x=\"\n\"\r\n{\"tags\":[]}\r\n0\r\n\r\n",
    b"b \r\n{\"tags\":[]}\r\n0\r\n\r\n",
    b"0b\n{\"tags\":[]}\r\n0\r\n\r\n",
    b"0\r\nContent-Length: 9\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"{\"tags\":[]}",
]
BITS = [b"\r\n", b"\n", b"\r", b" ", b"\t", b"\0", b":", b";", b",", b"0", b"\x0b", b"\x85", b"\xa0", b"\r\n\r\n", b"HTTP/1.0", b"HTTP/1.1"]
SPLIT = re.compile(rb"(\{set\}|\{id\})")


def unescaped(text):
    def one(found):
        escape = found.group(1)
        if escape.startswith(b"x"):
            return bytes([int(escape[1:], 16)])
        return {b"r": b"\r", b"n": b"\n", b"t": b"\t"}.get(escape, escape)

    return re.sub(rb"\\(x..|.)", one, text, flags=re.S)


def cases():
    """The cases that a client sends in one piece, without those that only wait or that are large."""
    found = []
    for file in sorted(CASES.glob("*.txt")):
        if file.name == "keys.txt":
            continue
        for line in file.read_bytes().splitlines():
            columns = line.split(b" | ", 4)
            if line.startswith(b"#") or len(columns) != 5 or b"{shut}" in columns[4]:
                continue
            text = re.sub(rb"\{([^{}]+)\*(\d+)\}", lambda repeated: repeated.group(1) * int(repeated.group(2)), columns[4])
            if len(text) > 4000:
                continue
            text = unescaped(text)
            head, _, body = text.partition(b"\r\n\r\n")
            text = text.replace(b"{len}", str(len(body)).encode())
            found.append([None if piece == b"{set}" else piece for piece in SPLIT.split(text) if piece])
    return found


def changed(pieces, chance):
    """One small change at one place that is not the conversation's."""
    pieces = list(pieces)
    places = [at for at, piece in enumerate(pieces) if piece not in (None, b"{id}")]
    if not places:
        return pieces
    at = chance.choice(places)
    piece = pieces[at]
    kind = chance.randrange(7)
    where = chance.randrange(len(piece) + 1)
    if kind == 0:
        piece = piece[:where] + chance.choice(BITS) + piece[where:]
    elif kind == 1:
        piece = piece[:where] + piece[where + chance.randint(1, 3):]
    elif kind == 2:
        piece = piece[:where] + bytes([chance.randrange(256)]) + piece[where + 1:]
    elif kind in (3, 4):
        # A header more, at the end of some line.
        ends = [found.end() for found in re.finditer(rb"\r\n", piece)]
        if ends:
            end = chance.choice(ends)
            piece = piece[:end] + chance.choice(HEADERS) + b"\r\n" + piece[end:]
    elif kind == 5:
        lines = piece.split(b"\r\n")
        one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
        piece = b"\r\n".join(lines)
    else:
        head, blank, _ = piece.partition(b"\r\n\r\n")
        piece = head + blank + chance.choice(BODIES)
    pieces[at] = piece
    return pieces


def payloads(count, seed):
    """Every case as it is, then changed ones."""
    chance = random.Random(seed)
    known = cases()
    yield from known[:count]
    for _ in range(count - len(known)):
        pieces = chance.choice(known)
        if chance.random() < 0.3:
            pieces = pieces + chance.choice(known)
        for _ in range(chance.randint(1, 3)):
            pieces = changed(pieces, chance)
        yield pieces


def rendered(pieces, conversation):
    path = b"/v1/elevenlabs/conversations/%s/tags" % conversation
    return b"".join(path if piece is None else conversation if piece == b"{id}" else piece for piece in pieces)
