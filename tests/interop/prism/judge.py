"""Every operation of every vendor through the gateway, judged by Prism; then calls that are broken on the way.

Usage: judge.py TAGWAY PRISM FOLDER. Exits 1 when Prism refuses a call or an answer, when an operation was not called,
or when Prism takes a broken call.
"""

import http.client
import json
import pathlib
import re
import sys
import time

from forwarder import Forwarder
from processes import Processes, gateway, prism, twins

ROOT = pathlib.Path(__file__).resolve().parents[3]
CONVERSATION = "8f3a9d2e-1b4c-4f5d-9e8a-7c3b2a1d0f9e"
# Described, and never called by an adapter: the only ways that have no call here.
NOT_CALLED = {
    "elevenlabs": {"get_conversation_tag_route", "get_conversation_histories_route"},
    "awardee": {"get_conversation", "list_conversations"},
    "attention": {"list_conversations"},
}
ATTRIBUTES = {
    "elevenlabs": {"description": "sorry"},
    "awardee": {"color": "#aabbcc"},
    "attention": {"description": "sorry"},
}


def flow(vendor):
    """Requests to the gateway that together lead to every call of the vendor's adapter."""
    set_of = f"/v1/{vendor}/conversations/{CONVERSATION}/tags"
    catalogue = f"/v1/{vendor}/tags"
    yield "PATCH", set_of, {"add": ["billing", "deal_stage=negotiation"]}
    yield "PATCH", set_of, {"add": ["deal_stage=won"], "remove": ["billing"]}
    yield "GET", set_of, None
    yield "PUT", set_of, {"tags": ["vip", "deal_stage=won", "größe=42 cm / \"x\""]}
    yield "PUT", f"{set_of}/billing", None
    yield "DELETE", f"{set_of}/vip", None
    yield "DELETE", set_of, None
    yield "POST", catalogue, {"tag": "refund", **ATTRIBUTES[vendor]}
    yield "POST", catalogue, {"tag": "tier=gold"}
    yield "POST", catalogue, {"tag": "tier=silver"}
    yield "GET", catalogue, None
    if vendor != "awardee":
        yield "PATCH", f"{catalogue}/refund", {"name": "refunds", "description": "very sorry"}
        yield "PATCH", f"{catalogue}/refunds", {"description": None}
    yield "DELETE", f"{catalogue}/tier=gold", None
    yield "DELETE", f"{catalogue}/{'refund' if vendor == 'awardee' else 'refunds'}", None


def member(method, pattern, change):
    """A mutation of the body of the calls with this method and path."""

    def mutation(call):
        if call.method == method and re.search(pattern, call.target):
            call.broken = True
            change(call)

    return mutation


def body(**members):
    return lambda call: call.body.update(members)


def without(name):
    return lambda call: call.body.pop(name)


def retarget(call):
    call.target += "&page_size=500" if "?" in call.target else "?page_size=500"
    call.target = re.sub(r"page_size=\d+&", "", call.target)


def no_key(call):
    call.headers = {name: value for name, value in call.headers.items() if name.lower() not in ("xi-api-key", "authorization")}


ADD = ("PATCH", "conversations/" + CONVERSATION + "/tags")
# What is broken, by which request it is led to, and how.
MUTATIONS = [
    ("elevenlabs", "ids as one text", *ADD, {"add": ["m1"]}, member("POST", "/tags$", body(tag_ids="m1"))),
    ("elevenlabs", "ids under another name", *ADD, {"add": ["m2"]}, member("POST", "conversations/.*/tags$", without("tag_ids"))),
    ("elevenlabs", "51 ids", *ADD, {"add": ["m3"]}, member("POST", "conversations/.*/tags$", body(tag_ids=["t"] * 51))),
    ("elevenlabs", "a title of 121", "POST", "tags", {"tag": "m4"}, member("POST", "convai/tags$", body(title="x" * 121))),
    ("elevenlabs", "a page of 500", "GET", "tags", None, member("GET", "convai/tags", retarget)),
    ("awardee", "no ids", *ADD, {"add": ["m1"]}, member("PUT", "/tags$", without("tag_ids"))),
    ("awardee", "ids as one text", *ADD, {"add": ["m2"]}, member("PUT", "/tags$", body(tag_ids="m2"))),
    ("awardee", "a colour by name", "POST", "tags", {"tag": "m3"}, member("POST", "conversation-tags$", body(color="red"))),
    ("awardee", "no key", "GET", "tags", None, member("GET", "conversation-tags", no_key)),
    ("attention", "labels as a list", *ADD, {"add": ["m1"]}, member("PUT", "/labels$", body(labels=["m1"]))),
    ("attention", "no labels", *ADD, {"add": ["m2"]}, member("PUT", "/labels$", without("labels"))),
    ("attention", "a switch as text", *ADD, {"add": ["m3"]}, member("PUT", "/labels$", body(skip_analysis="yes"))),
    ("attention", "no name", "POST", "tags", {"tag": "m4"}, member("POST", "/labels$", without("name"))),
    ("attention", "options without values", "POST", "tags", {"tag": "tier=m5"}, member("PATCH", "/labels/", body(options=[{"description": "x"}]))),
]


def operations(vendor):
    """Method, pattern of the path, and id of every operation of the vendored document."""
    document = json.loads((ROOT / "schemas" / f"{vendor}.json").read_text())
    for path, item in document["paths"].items():
        pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + r"(\?|$)")
        for method, operation in item.items():
            if isinstance(operation, dict) and "operationId" in operation:
                yield method.upper(), pattern, operation["operationId"]


def closed(document):
    """The document with `{}` for schemas that it names and does not hold: the excerpt leaves models of answers out."""
    held = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

    def walked(value):
        if isinstance(value, dict):
            missing = "$ref" in value and value["$ref"] not in held
            return {} if missing else {name: walked(member) for name, member in value.items()}
        return [walked(item) for item in value] if isinstance(value, list) else value

    return walked(document)


def asked(address, method, path, sent):
    connection = http.client.HTTPConnection(address, timeout=60)
    text = None if sent is None else json.dumps(sent)
    path = path.encode("ascii", "ignore").decode()
    connection.request(method, path, body=text and text.encode(), headers={"content-type": "application/json"} if text else {})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def judged(vendor, forwarder, address):
    """How many findings there are when nothing is broken."""
    findings = 0
    for method, path, sent in flow(vendor):
        status, answer = asked(address, method, path, sent)
        if status >= 300:
            print(f"FAILED {vendor}: {method} {path} is {status}: {answer}")
            findings += 1
    for call in forwarder.calls:
        if call.violations:
            print(f"REFUSED {vendor}: {call}")
            findings += 1
    called = {
        name
        for method, pattern, name in operations(vendor)
        if any(call.method == method and pattern.match(call.target) for call in forwarder.calls)
    }
    described = {name for _, _, name in operations(vendor)}
    if described - called != NOT_CALLED[vendor]:
        print(f"FAILED {vendor}: not called: {sorted(described - called)}")
        findings += 1
    print(f"{vendor}: {len(forwarder.calls)} calls of {len(called)} operations, {findings} findings")
    return findings


def broken(forwarders, address):
    """How many broken calls Prism took, or that never came."""
    taken = 0
    for vendor, what, method, path, sent, mutation in MUTATIONS:
        forwarder = forwarders[vendor]
        forwarder.calls, forwarder.mutation = [], mutation
        until = time.monotonic() + 10
        # A catalogue that is still believed is not read again.
        while not any(call.broken for call in forwarder.calls) and time.monotonic() < until:
            asked(address, method, f"/v1/{vendor}/{path}", sent)
        forwarder.mutation = None
        refused = [call for call in forwarder.calls if call.broken and call.violations]
        print(f"broken {vendor}, {what}: {refused[0].violations[0] if refused else 'TAKEN'}")
        taken += not refused
    print(f"broken calls: {len(MUTATIONS) - taken} of {len(MUTATIONS)} refused")
    return taken


def main():
    tagway, program, folder = sys.argv[1:]
    processes = Processes(folder)
    try:
        behind = {
            vendor: prism(processes, program, vendor, "proxy", str(ROOT / "schemas" / f"{vendor}.json"), url)
            for vendor, url in twins(processes, tagway).items()
        }
        published = json.loads((ROOT / "tests/fixtures/elevenlabs-openapi-excerpt-tags.json").read_text())
        excerpt = pathlib.Path(folder) / "excerpt.json"
        excerpt.write_text(json.dumps(closed(published)))
        judges = {"elevenlabs": [prism(processes, program, "excerpt", "mock", str(excerpt))]}
        forwarders = {vendor: Forwarder(address, judges.get(vendor, ())) for vendor, address in behind.items()}
        address = gateway(processes, tagway, {vendor: one.server_port for vendor, one in forwarders.items()})
        findings = sum(judged(vendor, one, address) for vendor, one in forwarders.items())
        taken = broken(forwarders, address)
    finally:
        processes.stop()
    sys.exit(1 if findings or taken else 0)


main()
