"""Sends each payload to one gateway directly and to another through HAProxy, and compares.

Usage: judge.py TAGWAY FOLDER COUNT. A payload is followed by a request that ends the connection, so that bytes which
one of the two takes for a part of a body change what comes behind. Both ways the vendor's twin has to see the same
calls in the same order. The way that refuses earlier may lack the last ones, never have others. And every request
that the gateway behind HAProxy reads bears a mark that HAProxy gives each request it forwards, and nobody else knows.
"""

import asyncio
import atexit
import json
import os
import pathlib
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.request

from payloads import payloads, rendered

TAGWAY, FOLDER, COUNT = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
SEED = 20260914
AT_ONCE = 64
MARK = secrets.token_hex(8)
END = b"GET /end HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
CONFIGURATION = """
[server]
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
log = "json"
store = "{store}"
head_timeout_ms = 400
body_timeout_ms = 400
idle_timeout_ms = {idle}
[routes.elevenlabs]
vendor = "elevenlabs"
base_url = "mock"
create_missing = true
[routes.awardee]
vendor = "awardee"
base_url = "mock"
rate = "off"
"""
HAPROXY = """
global
  maxconn 4000
defaults
  mode http
  retries 0
  timeout connect 1s
  timeout client 1s
  timeout server 5s
  timeout http-request 400ms
  timeout http-keep-alive 400ms
frontend front
  bind fd@{fd}
  unique-id-format {mark}-%[uuid()]
  http-request set-header X-Request-Id %[unique-id]
  default_backend back
backend back
  http-reuse always
  server gateway 127.0.0.1:{port}
"""


def serving(name, idle):
    """A gateway; answers its process, its two addresses and its log."""
    file, log = FOLDER / f"{name}.toml", FOLDER / f"{name}.log"
    file.write_text(CONFIGURATION.format(idle=idle, store=FOLDER / f"{name}.redb"))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TAGWAY_")}
    command = [TAGWAY, "serve", "--config", str(file)]
    process = subprocess.Popen(command, stderr=log.open("wb"), env=environment)
    atexit.register(process.kill)
    for _ in range(200):
        # The last line may still be on its way into the file.
        for line in filter(str.strip, log.read_text().split("\n")[:-1]):
            line = json.loads(line)
            if line.get("message") == "tagway serves":
                return process, line["public"], line["admin"], log
        if process.poll() is not None:
            break
        time.sleep(0.05)
    sys.exit(f"the gateway did not start: {log.read_text()}")


def proxying(address):
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    file, log = FOLDER / "haproxy.cfg", FOLDER / "haproxy.log"
    port = address.rsplit(":", 1)[1]
    file.write_text(HAPROXY.format(fd=listener.fileno(), port=port, mark=MARK))
    process = subprocess.Popen(
        ["haproxy", "-db", "-f", str(file)],
        pass_fds=[listener.fileno()], stdout=log.open("wb"), stderr=subprocess.STDOUT,
    )
    atexit.register(process.kill)
    return process, "127.0.0.1:%d" % listener.getsockname()[1], listener


async def exchange(address, data):
    """What comes back until the connection ends."""
    host, port = address.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    received = b""
    try:
        writer.write(data)
        received = await asyncio.wait_for(reader.read(-1), 10)
    except (ConnectionError, asyncio.TimeoutError) as error:
        received += b"HTTP/1.1 000 " + type(error).__name__.encode()
    finally:
        writer.close()
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3})", received)]


def calls(admin):
    """The twins' calls by conversation, in order, and then they are forgotten."""
    found = {}
    for route in ("elevenlabs", "awardee"):
        url = f"http://{admin}/twins/{route}/calls"
        with urllib.request.urlopen(url) as answer:
            listed = json.load(answer)["calls"]
        urllib.request.urlopen(urllib.request.Request(url, method="DELETE")).close()
        for call in listed:
            owner = re.search(r"8f3a9d2e-1b4c-4f5d-9e8a-(\d{12})", call["path"])
            if owner:
                path = re.sub(r"tag_\w+", "tag", call["path"])
                found.setdefault(int(owner.group(1)), []).append((call["method"], path))
    return found


async def main():
    started = time.monotonic()
    direct, public, admin, _ = serving("direct", 400)
    behind, hidden, hidden_admin, log = serving("behind", 30_000)
    proxy, front, listener = proxying(hidden)
    processes = [direct, behind, proxy]
    wrong, refused, repaired, acted = [], 0, 0, 0
    try:
        all_payloads = list(payloads(COUNT, SEED))
        for first in range(0, COUNT, 500):
            part = range(first, min(first + 500, COUNT))
            data = {n: rendered(all_payloads[n], b"8f3a9d2e-1b4c-4f5d-9e8a-%012d" % n) + END for n in part}
            answers, places = {}, asyncio.Semaphore(AT_ONCE)

            async def both(n):
                async with places:
                    answers[n] = await asyncio.gather(exchange(public, data[n]), exchange(front, data[n]))

            await asyncio.gather(*map(both, part))
            here, there = calls(admin), calls(hidden_admin)
            for n in part:
                own, proxied = here.get(n, []), there.get(n, [])
                acted += len(own)
                if own == proxied:
                    continue
                shorter, longer = sorted((own, proxied), key=len)
                last = (answers[n][0] if shorter is own else answers[n][1])[-1:]
                ended_by_refusal = bool(last) and (last[0] >= 400 or last[0] == 0)
                if longer[: len(shorter)] != shorter or not ended_by_refusal:
                    wrong.append((n, data[n], own, proxied, answers[n]))
                elif shorter is proxied:
                    refused += 1
                else:
                    repaired += 1
        # The last lines of the log are written when the processes end.
        for process in processes:
            process.terminate()
            process.wait(20)
        read = [json.loads(line) for line in filter(str.strip, log.read_text().splitlines())]
        read = [line for line in read if line.get("target") == "access"]
        # What is not HTTP to the gateway has no method and no id; nothing is done for it.
        malformed = sum(line["method"] == "-" for line in read)
        read = [line["request_id"] for line in read if line["method"] != "-"]
        smuggled = [request for request in read if not request.startswith(MARK)] + [
            request for request in set(read) if read.count(request) > 1
        ]
    finally:
        for process in processes:
            process.kill()
        listener.close()
    for n, bytes_, own, proxied, answered in wrong[:10]:
        print(f"payload {n}: {bytes_!r}\n  directly {own}\n  behind HAProxy {proxied}\n  answers {answered}")
    for request in smuggled[:10]:
        print(f"HAProxy did not send the request {request}, or sent it twice")
    print(json.dumps({
        "desync.payloads": COUNT,
        "desync.disagreements": len(wrong) + len(smuggled),
        "refused_by_haproxy": refused,
        "repaired_by_haproxy": repaired,
        "requests_behind_haproxy": len(read),
        "refused_behind_haproxy": malformed,
        "vendor_calls": acted,
        "seconds": round(time.monotonic() - started, 1),
    }))
    sys.exit(bool(wrong or smuggled or not acted or len(read) < COUNT // 2))


asyncio.run(main())
