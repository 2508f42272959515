"""Runs the SDK suites against the twin, holds the table of README.md against what was seen, and breaks the twin.

Usage: judge.py URL [--update] -- COMMAND of the Python suite -- COMMAND of the JavaScript suite.
Exits 1 when a check fails, when the table is another, or when fewer than NEEDED mutations are noticed.
"""

import json
import pathlib
import subprocess
import sys
import urllib.parse

from mutations import MUTATIONS, Proxy

NEEDED = 9
README = pathlib.Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- methods: begin -->\n", "<!-- methods: end -->\n"


def ran(command, *arguments):
    done = subprocess.run([*command, *arguments], stdout=subprocess.PIPE, text=True, timeout=150)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def table(python, javascript):
    seen = [{(line["method"], line["behaviour"]): line["ok"] for line in lines} for lines in (python, javascript)]
    if list(seen[0]) != list(seen[1]):
        sys.exit("the suites do not make the same checks in the same order")
    mark = {True: "holds", False: "**fails**"}
    rows = [f"| {method} | {text} | {mark[ok]} | {mark[seen[1][method, text]]} |\n" for (method, text), ok in seen[0].items()]
    return "| SDK method | behaviour of the twin | Python | JavaScript |\n|---|---|---|---|\n" + "".join(rows)


def main():
    given, python, javascript = (list(part) for part in split(sys.argv[1:]))
    url, update = given[0], "--update" in given
    suites = {"python": python, "javascript": javascript}
    plain = {name: ran(command, url) for name, command in suites.items()}
    failed = [(name, line) for name, lines in plain.items() for line in lines if not line["ok"]]
    for name, line in failed:
        print(f"FAILED {name}: {line['method']}: {line['behaviour']}: {line['seen']}")
    print(f"sdk: {sum(map(len, plain.values())) - len(failed)} checks hold, {len(failed)} fail")

    text = README.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    wanted = before + BEGIN + table(plain["python"], plain["javascript"]) + END + after
    if update:
        README.write_text(wanted)
    stale = wanted != text and not update
    if stale:
        print("README.md: the table is not what was seen; tests/interop/sdk/run --update writes it")

    proxy = Proxy(urllib.parse.urlsplit(url).netloc)
    urls = [proxy.url(name) for name in MUTATIONS]
    broken = {name: ran(command, "--quick", *urls) for name, command in suites.items()}
    proxy.shutdown()
    caught = 0
    for name in MUTATIONS:
        by = {
            suite: [f"{line['method']}: {line['behaviour']}" for line in lines if line["url"] == proxy.url(name) and not line["ok"]]
            for suite, lines in broken.items()
        }
        caught += any(by.values())
        told = "; ".join(f"{suite} {len(found)}, first {found[0]}" for suite, found in by.items() if found)
        print(f"mutation {name}: {told or 'not noticed'}")
    print(f"mutations: {caught} of {len(MUTATIONS)} noticed, {NEEDED} needed")
    sys.exit(1 if failed or stale or caught < NEEDED else 0)


def split(arguments):
    part = []
    for argument in arguments:
        if argument == "--":
            yield part
            part = []
        else:
            part.append(argument)
    yield part


main()
