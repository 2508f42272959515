"""Runs slowhttptest in each mode, and asks like a good client meanwhile.

Usage: judge.py ADDRESS FOLDER. The service is available if slowhttptest says so at its end, if every question of the
good client is answered with 200 and within a second, and if the client never stopped asking.
"""

import http.client
import json
import pathlib
import re
import subprocess
import sys
import time

ADDRESS, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
PATH = "/v1/support/conversations/conv_1/tags"
CONNECTIONS, SECONDS = 400, 8
MODES = {
    "slow heads": ["-H", "-i", "2"],
    "slow bodies": ["-B", "-i", "2", "-s", "4096", "-t", "PUT", "-f", "application/json"],
    "ranges": ["-R", "-t", "HEAD", "-a", "10", "-b", "3000"],
    "slow reads": ["-X", "-n", "1", "-w", "1", "-y", "8", "-z", "8", "-k", "3"],
}
SLOWEST = 1.0


def ask():
    """The time of a question on a connection of its own."""
    started = time.monotonic()
    connection = http.client.HTTPConnection(ADDRESS, timeout=5)
    connection.request("GET", PATH)
    status = connection.getresponse().status
    connection.close()
    if status != 200:
        raise RuntimeError(f"answered with {status}")
    return time.monotonic() - started


def p99(times):
    return sorted(times)[len(times) * 99 // 100]


baseline = [ask() for _ in range(200)]
figures, failed = {"baseline_p99_ms": round(p99(baseline) * 1000, 1)}, []
for mode, options in MODES.items():
    command = ["slowhttptest", *options, "-c", str(CONNECTIONS), "-r", "200", "-l", str(SECONDS), "-p", "3"]
    report = FOLDER / "report"
    with report.open("wb") as file:
        attack = subprocess.Popen([*command, "-u", f"http://{ADDRESS}{PATH}"], stdout=file, stderr=file)
        times = []
        try:
            while attack.poll() is None:
                times.append(ask())
                time.sleep(0.02)
        except (OSError, RuntimeError) as error:
            failed.append(f"{mode}: a good client got no answer: {error}")
        finally:
            attack.terminate()
            attack.wait(10)
    text = re.sub(r"\x1b\[[0-9;]*m", "", report.read_text(errors="replace"))
    available = re.findall(r"service available:\s*(\w+)", text)
    if not available or available[-1] != "YES":
        failed.append(f"{mode}: slowhttptest says {available[-1:] or text[-500:]}")
    if len(times) < 50 or max(times) > SLOWEST:
        failed.append(f"{mode}: {len(times)} answers, the slowest after {max(times, default=0):.2f} s")
    figures[mode] = {"answers": len(times), "p99_ms": round(p99(times) * 1000, 1) if times else None}
print(*failed, sep="\n")
print(json.dumps(figures))
sys.exit(bool(failed))
