// What was typed survives: a reload, a closed page, the program killed in the middle of a word.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { eventually, World } from "./world.mjs";

describe("drafts", () => {
  let world, client, person;

  before(async () => {
    world = await World.open();
    client = await world.join("volunteer");
    person = await client.add("person", "name=示例党员201", "note=第一行");
  });
  afterEach(() => world.leave());
  after(() => world.close());

  test("the program is killed while somebody types, and the words are back afterwards", async () => {
    const visitor = await world.visit(client);
    visitor.quiet = /Failed to load resource|ERR_/; // the program is gone for a while
    await visitor.go(`quick/visit?target_ref=person:${person}`);
    await visitor.choose("送学");
    await visitor.page.getByLabel("情况记录").pressSequentially("老人说最近腿脚不便，希望");
    await visitor.draftKept();
    await eventually(async () => (await visitor.page.evaluate(async () => (await fetch("/api/drafts")).text())).includes("希望"), "kept");
    await visitor.page.getByLabel("情况记录").pressSequentially("有人");
    await client.stop("SIGKILL");
    await visitor.page.getByText("页面与本机程序断开了").waitFor();
    await visitor.page.context().close();
    assert.deepEqual(await client.json("list", "visit"), []);

    const back = await world.visit(client);
    await back.go("");
    await back.page.getByText(/老人说最近腿脚不便，希望/).waitFor();
    await back.tap("link", "接着写");
    await back.page.getByText("已恢复上次没写完的内容").waitFor();
    assert.match(await back.page.getByLabel("情况记录").inputValue(), /^老人说最近腿脚不便，希望/);
    await back.page.getByText("示例党员201").waitFor();
    await back.page.getByLabel("情况记录").fill("老人说最近腿脚不便，希望有人陪同看病");
    await back.tap("button", "保存");
    await back.page.getByText("已保存").waitFor();
    const visits = await client.json("list", "visit");
    assert.equal(visits.length, 1);
    assert.equal(visits[0].kind, "study");
    await back.go("");
    assert.equal(await back.page.getByText("没写完的").count(), 0);
    assert.equal((await client.json("verify")).ok, true);
  });

  test("an edit goes on after a reload with the same bases, so that nobody is overwritten unseen", async () => {
    const visitor = await world.visit(client);
    await visitor.go(`edit/person/${person}`);
    await visitor.page.getByLabel("电话").fill("13700000001");
    await visitor.draftKept();
    await client.call("set", "person", person, "phone=13700000002");
    await visitor.page.reload();
    await visitor.page.getByText("已恢复上次没写完的内容").waitFor();
    assert.equal(await visitor.page.getByLabel("电话").inputValue(), "13700000001");
    await visitor.tap("button", "保存");
    await visitor.page.getByText("已保存").waitFor();
    const [conflict] = await client.json("conflicts");
    assert.deepEqual(conflict.heads.map((head) => head.value).sort(), ["13700000001", "13700000002"]);
  });

  test("nothing of it lies in the browser's own storage", async () => {
    const visitor = await world.visit(client);
    await visitor.go("quick/person");
    await visitor.page.getByLabel("姓名").fill("示例党员绝密");
    await visitor.draftKept();
    const kept = await visitor.page.evaluate(async () => ({
      local: localStorage.length,
      session: sessionStorage.length,
      databases: (await indexedDB.databases()).length,
      caches: (await caches.keys()).length,
      cookies: document.cookie,
    }));
    assert.deepEqual(kept, { local: 0, session: 0, databases: 0, caches: 0, cookies: "" });
    await visitor.discard();
    await eventually(async () => (await visitor.page.evaluate(async () => (await (await fetch("/api/drafts")).json()).drafts.length)) === 0, "discarded");
  });
});
