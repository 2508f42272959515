// The vendor's JavaScript SDK against its twin: the checks of suite.py, under the same names. This SDK validates
// every answer, so a missing or mistyped member is seen wherever it stands.
//
// Usage: node suite.js [--quick] URL…, with NODE_PATH at the folder of the packages.

"use strict";
const { ElevenLabsClient, ElevenLabsError } = require("@elevenlabs/elevenlabs-js");
const { isDeepStrictEqual } = require("node:util");

const ONCE = { maxRetries: 0, timeoutInSeconds: 20 };
const MOST_PAGES = 20;

const same = (seen, wanted) =>
  isDeepStrictEqual(seen, wanted) ? null : `${JSON.stringify(seen)} and not ${JSON.stringify(wanted)}`;

// The call fails with this status, and `look` is content with the error's body.
async function refused(call, status, look = () => true) {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof ElevenLabsError)) throw error;
    if (error.statusCode !== status) return `status ${error.statusCode}`;
    try {
      return look(error.body) ? null : `body ${JSON.stringify(error.body)}`;
    } catch {
      return `body ${JSON.stringify(error.body)}`;
    }
  }
  return "no error";
}

// The vendor's newer form of an error, and its form of a 422.
const problem = (code) => (body) => body.detail.code === code && body.detail.message && body.detail.request_id;
const faultAt = (...loc) => (body) => {
  const [first] = body.detail;
  return isDeepStrictEqual(first.loc, loc) && first.msg && first.type;
};

async function run(url, quick) {
  const client = new ElevenLabsClient({ baseUrl: url, apiKey: "any-key" });
  const conversations = client.conversationalAi.conversations;
  const tags = conversations.tags;
  const stranger = new ElevenLabsClient({ baseUrl: url, apiKey: "" }).conversationalAi.conversations.tags;

  async function check(method, behaviour, judge) {
    let seen;
    try {
      seen = await judge();
    } catch (error) {
      seen = `${error.constructor.name}: ${error.message}`;
    }
    console.log(JSON.stringify({ url, method, behaviour, ok: seen === null, seen }));
  }

  async function control(method, path, body) {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const answer = await fetch(`${url}/_twin/${path}`, { method, body: sent });
    if (!answer.ok) throw new Error(`control: ${answer.status}`);
    return answer.status === 204 ? null : answer.json();
  }

  const make = (title, more = {}) => tags.create({ title, ...more }, ONCE);
  const carried = async (id) => (await conversations.get(id, {}, ONCE)).tagIds;

  async function update(change) {
    const made = await make("old", { description: "kept" });
    const changed = await tags.update(made.tagId, change, ONCE);
    const said = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    const wanted = { title: "old", description: "kept", ...said };
    const again = await tags.get(made.tagId, ONCE);
    return same([changed.title, changed.description ?? "", again], [wanted.title, wanted.description, changed]);
  }

  async function retried(status, wanted) {
    await control("DELETE", "calls");
    await control("POST", "refuse", [{ status, body: { detail: "once" } }]);
    let end = "made";
    try {
      await tags.create({ title: `after ${status}` });
    } catch (error) {
      end = error.statusCode;
    }
    const { calls } = await control("GET", "calls");
    return same([end, calls.map((call) => call.status)], wanted);
  }

  await control("POST", "reset");

  await check("create", "200 and the whole tag", async () => {
    const { data, rawResponse } = await tags.create({ title: "VIP", description: "x" }, ONCE).withRawResponse();
    const whole = Boolean(data.tagId && data.workspaceId && data.ownerUserId && Number.isInteger(data.createdAtUnixSecs));
    return same([rawResponse.status, data.title, data.description, whole], [200, "VIP", "x", true]);
  });
  await check("create", "a description that is not given is null", async () => same((await make("bare")).description, undefined));
  await check("create", "a description may be sent as null", async () =>
    same((await make("nulled", { description: undefined })).description, undefined));
  await check("create", "two tags may have one title", async () =>
    (await make("VIP")).tagId === (await make("VIP")).tagId ? "one id" : null);
  await check("create", "a title of 120 is taken", async () => same((await make("x".repeat(120))).title.length, 120));
  await check("create", "a title of 121 is 422 at its place", () => refused(() => make("x".repeat(121)), 422, faultAt("body", "title")));
  await check("create", "an empty title is 422", () => refused(() => make(""), 422, faultAt("body", "title")));
  await check("get", "the tag as it was made", async () => {
    const made = await make("got");
    return same(await tags.get(made.tagId, ONCE), made);
  });
  await check("get", "an unknown tag is 404 with code and request id", () =>
    refused(() => tags.get("tag_none", ONCE), 404, problem("not_found")));
  await check("update", "what is not said stays", () => update({ title: "new" }));
  await check("update", "nothing at all is taken", () => update({}));
  await check("update", "null leaves it as it is", () => update({ title: "new", description: undefined }));
  await check("update", "an empty description clears", () => update({ description: "" }));
  await check("update", "an unknown tag is 404", () => refused(() => tags.update("tag_none", { title: "x" }, ONCE), 404, problem("not_found")));
  await check("delete", "204, and off every conversation", async () => {
    const made = await make("short-lived");
    await tags.assign("conv_d", { tagIds: [made.tagId] }, ONCE);
    const { data, rawResponse } = await tags.delete(made.tagId, ONCE).withRawResponse();
    return same([rawResponse.status, data, await carried("conv_d")], [204, undefined, []]);
  });
  await check("delete", "an unknown tag is 404", () => refused(() => tags.delete("tag_none", ONCE), 404, problem("not_found")));
  await check("list", "newest first", async () => {
    const first = await make("first");
    const second = await make("second");
    const page = await tags.list({ pageSize: 2 }, ONCE);
    return same(page.conversationTags.map((tag) => tag.tagId), [second.tagId, first.tagId]);
  });
  await check("list", "pages hold every tag once", async () => {
    const made = [];
    for (let n = 0; n < 12; n++) made.push((await make(`page ${n}`)).tagId);
    const ids = [];
    let cursor;
    for (let pages = 0; ; pages++) {
      if (pages === MOST_PAGES) return "the pages do not end";
      const page = await tags.list({ pageSize: 5, cursor }, ONCE);
      ids.push(...page.conversationTags.map((tag) => tag.tagId));
      if (!page.hasMore) break;
      cursor = page.nextCursor;
    }
    const all = new Set(ids);
    return same([ids.length, made.every((id) => all.has(id))], [all.size, true]);
  });
  await check("list", "a page of 101 is 422", () => refused(() => tags.list({ pageSize: 101 }, ONCE), 422, faultAt("query", "page_size")));
  await check("list", "a cursor that was not given out is 400", () =>
    refused(() => tags.list({ cursor: "no cursor" }, ONCE), 400, problem("invalid_parameters")));
  await check("assign", "204 without a body, and both are on", async () => {
    const both = [(await make("one")).tagId, (await make("two")).tagId];
    const { data, rawResponse } = await tags.assign("conv_a", { tagIds: both }, ONCE).withRawResponse();
    return same([rawResponse.status, data, (await carried("conv_a")).sort()], [204, undefined, both.sort()]);
  });
  await check("assign", "what is on already is ignored", async () => {
    const { tagId } = await make("again");
    for (let n = 0; n < 2; n++) await tags.assign("conv_b", { tagIds: [tagId] }, ONCE);
    return same(await carried("conv_b"), [tagId]);
  });
  await check("assign", "no ids are 422", () => refused(() => tags.assign("conv_a", { tagIds: [] }, ONCE), 422, faultAt("body", "tag_ids")));
  await check("assign", "51 ids are 422", () =>
    refused(() => tags.assign("conv_a", { tagIds: Array(51).fill("t") }, ONCE), 422, faultAt("body", "tag_ids")));
  await check("assign", "an unknown tag is 404 and nothing is applied", async () => {
    const { tagId } = await make("known");
    const assign = () => tags.assign("conv_u", { tagIds: [tagId, "tag_none"] }, ONCE);
    return (await refused(assign, 404, problem("not_found"))) ?? same(await carried("conv_u"), []);
  });
  await check("unassign", "204, and it is off", async () => {
    const [on, off] = [(await make("on")).tagId, (await make("off")).tagId];
    await tags.assign("conv_c", { tagIds: [on, off] }, ONCE);
    const { rawResponse } = await tags.unassign("conv_c", off, ONCE).withRawResponse();
    return same([rawResponse.status, await carried("conv_c")], [204, [on]]);
  });
  await check("unassign", "a tag that is not on is 204", async () => {
    const { tagId } = await make("never on");
    return same((await tags.unassign("conv_c", tagId, ONCE).withRawResponse()).rawResponse.status, 204);
  });
  await check("conversation get", "what the models insist on", async () => {
    const seen = await conversations.get("conv_a", {}, ONCE);
    const known = ["initiated", "in-progress", "processing", "done", "failed"].includes(seen.status);
    const roles = seen.transcript.every((item) => item.role && Number.isInteger(item.timeInCallSecs));
    return same([seen.conversationId, Boolean(seen.agentId), known, roles, seen.transcript.length > 0], ["conv_a", true, true, true, true]);
  });
  await check("conversation list", "filtered by tag", async () => {
    const { tagId } = await make("rare");
    await tags.assign("conv_f", { tagIds: [tagId] }, ONCE);
    const page = await conversations.list({ tagIds: [tagId], pageSize: 30 }, ONCE);
    return same(page.conversations.map((one) => [one.conversationId, one.tagIds]), [["conv_f", [tagId]]]);
  });
  await check("conversation list", "pages hold every conversation once", async () => {
    const ids = [];
    let cursor;
    for (let pages = 0; pages < MOST_PAGES; pages++) {
      const page = await conversations.list({ pageSize: 2, cursor }, ONCE);
      ids.push(...page.conversations.map((one) => one.conversationId));
      if (!page.hasMore) break;
      cursor = page.nextCursor;
    }
    return same(ids.sort(), ["conv_a", "conv_b", "conv_c", "conv_d", "conv_f", "conv_u"]);
  });
  await check("any", "no key is 401", () => refused(() => stranger.list({}, ONCE), 401, (body) => body.detail.status === "invalid_api_key"));
  if (quick) return;
  await check("any", "503 is sent again", () => retried(503, ["made", [503, 200]]));
  await check("any", "429 is sent again", () => retried(429, ["made", [429, 200]]));
  await check("any", "409 is sent again by Python only", () => retried(409, [409, [409]]));
  await check("any", "a lasting 500 is told after the last try", async () => {
    await control("DELETE", "calls");
    const oops = { status: 500, body: { detail: "oops" } };
    await control("POST", "refuse", [oops, oops]);
    const create = () => tags.create({ title: "never" }, { maxRetries: 1 });
    const seen = await refused(create, 500, (body) => body.detail === "oops");
    return seen ?? same((await control("GET", "calls")).calls.length, 2);
  });
}

(async () => {
  const given = process.argv.slice(2);
  for (const url of given.filter((argument) => argument !== "--quick")) await run(url, given.includes("--quick"));
})();
