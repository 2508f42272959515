"""Records a session of a gateway on its mocks, and asks the same of a gateway that talks to the recording.

Usage: replay.py TAGWAY FOLDER. Exits 1 when an answer differs, or the recording holds a credential.
"""

import http.client
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "prism"))
from processes import Processes  # noqa: E402

CONVERSATION = "8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f9e"
VENDORS = ("elevenlabs", "awardee", "attention")
SECRET = "aw_live_0123456789abcdef0123456789abcdef"
HEAD = '[server]\nlisten = "127.0.0.1:0"\nadmin = "127.0.0.1:0"\nlog = "json"\nstore = "{store}"\n'
ROUTE = """
[routes.{vendor}]
vendor = "{vendor}"
base_url = "{url}"
allow_any_host = true
secret = "env:INTEROP_SECRET"
create_missing = true
rate = "off"
"""


def gateway(processes, tagway, name, urls, *arguments):
    file = processes.folder / f"{name}.toml"
    head = HEAD.format(store=processes.folder / f"{name}.redb")
    file.write_text(head + "".join(ROUTE.format(vendor=vendor, url=url) for vendor, url in urls.items()))
    command = [tagway, "serve", "--config", str(file), *arguments]
    variables = {"INTEROP_SECRET": SECRET}
    (address,) = processes.start(name, command, r'"public":"([^"]+)"', env=variables)
    return address


def session(address):
    """The answers to the same requests, without what is new at every run."""
    answers = []
    for vendor in VENDORS:
        set_of = f"/v1/{vendor}/conversations/{CONVERSATION}/tags"
        for method, path, body in [
            ("PATCH", set_of, {"add": ["billing", "deal_stage=negotiation"]}),
            ("GET", set_of, None),
            ("PUT", set_of, {"tags": ["billing", "deal_stage=won"]}),
            ("GET", set_of, None),
            ("GET", f"/v1/{vendor}/tags", None),
            ("DELETE", set_of, None),
            ("GET", set_of, None),
        ]:
            connection = http.client.HTTPConnection(address, timeout=30)
            text = None if body is None else json.dumps(body)
            headers = {"content-type": "application/json"} if text else {}
            connection.request(method, path, body=text, headers=headers)
            answer = connection.getresponse()
            answers.append((vendor, method, path, answer.status, json.loads(answer.read())))
    return answers


def main():
    tagway, folder = sys.argv[1:]
    processes = Processes(folder)
    recording = processes.folder / "recording.ndjson"
    try:
        pattern = "".join(rf"^{vendor} (\S+)$.*?" for vendor in VENDORS)
        twins = dict(zip(VENDORS, processes.start("twins", [tagway, "mock"], pattern)))
        then = session(gateway(processes, tagway, "recorded", twins, "--record", str(recording), "--record-ids"))
        pattern = "".join(rf"^{vendor} (\S+)$.*?" for vendor in sorted(VENDORS))
        command = [tagway, "mock", "--replay", str(recording)]
        replays = dict(zip(sorted(VENDORS), processes.start("replay", command, pattern)))
        now = session(gateway(processes, tagway, "replayed", replays))
    finally:
        processes.stop()
    text = recording.read_text()
    leaks = [word for word in (SECRET, SECRET[8:], "xi-api-key", "authorization") if word in text.lower()]
    differing = [(one, other) for one, other in zip(then, now) if one != other]
    failed = [one for one in then if one[3] != 200]
    for one in failed:
        print("FAILED", *one)
    for one, other in differing:
        print("DIFFERS", *one, "\n   replayed", other[3], other[4])
    print(f"record: {len(text.splitlines())} exchanges, {len(then)} answers, {len(differing)} differ, {len(leaks)} leaks")
    sys.exit(1 if differing or leaks or failed else 0)


main()
