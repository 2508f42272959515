// Tests of a program that tags conversations, without any vendor: `tagway with -- node --test tags.test.mjs`.
// The mocks' URLs are for the test: what the vendor was really sent, what it holds, and how it fails.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { beforeEach, test } from "node:test";

const gateway = process.env.TAGWAY_URL;
const mock = process.env.TAGWAY_MOCK_SUPPORT_URL;

async function call(method, url, body) {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const answer = await fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : null };
}

// A conversation that no other test uses; the mock has forgotten earlier calls.
let tags;
beforeEach(async () => {
  await call("DELETE", `${mock}/_twin/calls`);
  tags = `${gateway}/v1/support/conversations/${randomUUID()}/tags`;
});

test("one value of a name pushes the other out", async () => {
  await call("PATCH", tags, { add: ["deal_stage=negotiation"] });
  const { status, body } = await call("PATCH", tags, { add: ["deal_stage=won"] });
  assert.equal(status, 200);
  assert.deepEqual(body.removed.map((tag) => tag.tag), ["deal_stage=negotiation"]);
});

test("a dry run sends no write", async () => {
  await call("PATCH", tags, { add: ["billing"] });
  await call("DELETE", `${mock}/_twin/calls`);
  const { body } = await call("PUT", `${tags}?dry_run=true`, { tags: [] });
  assert.equal(body.calls.length, 1);
  const log = await call("GET", `${mock}/_twin/calls`);
  assert.ok(log.body.calls.every((one) => one.method === "GET"));
});

test("what the vendor says is told as a problem", async () => {
  await call("POST", `${mock}/_twin/refuse`, [{ status: 403, body: { detail: { status: "missing_permissions" } } }]);
  const { status, body } = await call("GET", tags);
  assert.equal(status, 502);
  assert.equal(body.code, "vendor-unauthorized");
});
