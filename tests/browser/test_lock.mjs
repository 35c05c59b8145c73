// Who leaves the machine leaves it locked: the screen says nothing of anybody, the passphrase brings
// the person back to the very form, and no word is lost on the way.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { auditAll } from "./audit.mjs";
import { eventually, World } from "./world.mjs";

const PHRASE = "梧桐 daylight 七十二 harbour";
const SECRET = "示例党员绝密501";

describe("the lock", () => {
  let world, client, person;

  before(async () => {
    world = await World.open();
    client = await world.join("volunteer", "示例党员500", PHRASE);
    person = await client.add("person", `name=${SECRET}`, "note=第一行");
  });
  afterEach(async () => {
    await world.leave();
    await client.stop();
  });
  after(() => world.close());

  async function visit(options) {
    const visitor = await world.visit(client, options);
    visitor.quiet = /Failed to load resource/; // 423 and 403 are what is looked for
    return visitor;
  }

  const locked = (visitor) => visitor.page.getByRole("heading", { name: "已锁定" }).waitFor();

  async function unlock(visitor, phrase = PHRASE) {
    await visitor.page.getByLabel("口令或恢复码").fill(phrase);
    await visitor.tap("button", "解锁");
  }

  const pageText = (visitor) => visitor.page.evaluate(() => document.documentElement.outerHTML);

  test("the button locks at once, and after the passphrase the form is there with its last word", async () => {
    await client.serve();
    const visitor = await visit({ bypassCSP: true });
    await visitor.go(`quick/visit?target_ref=person:${person}`);
    await visitor.page.getByText(SECRET).first().waitFor();
    await visitor.page.getByLabel("情况记录").fill("老人说最近腿脚不便");
    await visitor.tap("button", "锁定"); // sooner than the draft is kept by itself
    await locked(visitor);
    assert.doesNotMatch(await pageText(visitor), /绝密|腿脚|示例党员/);
    await auditAll(visitor.page, "locked");

    await unlock(visitor, "not the passphrase");
    await visitor.page.getByRole("alert").getByText("口令").waitFor();
    assert.equal(await visitor.page.getByLabel("口令或恢复码").inputValue(), "");
    await visitor.page.getByLabel("口令或恢复码").pressSequentially(PHRASE);
    await visitor.page.keyboard.press("Enter");
    await visitor.page.getByText("已恢复上次没写完的内容").waitFor();
    assert.equal(await visitor.page.getByLabel("情况记录").inputValue(), "老人说最近腿脚不便");
    await visitor.choose("送学");
    await visitor.tap("button", "保存");
    await visitor.page.getByText("已保存").waitFor();
    assert.equal((await client.json("list", "visit"))[0].situation, "老人说最近腿脚不便");
  });

  test("pages that nobody uses lock by themselves, in every window, and open in every window", async () => {
    await client.serve({ JINQIU_LOCK_MS: "3000" });
    const one = await visit();
    if ((await one.heading()) === "已锁定") await unlock(one); // a slow machine
    // Somebody reads, longer than that.
    let moves = 0;
    const reading = setInterval(() => void one.page.mouse.move(100 + (moves++ % 50), 100), 300);
    const two = await visit();
    await one.go(`edit/person/${person}`);
    await two.go(`row/person/${person}`);
    await eventually(() => moves > 13, "read for a while");
    assert.equal(await two.heading(), `${SECRET} 人员`);
    clearInterval(reading);
    await one.page.getByLabel("电话").fill("13700000009");
    await Promise.all([locked(one), locked(two)]);
    assert.doesNotMatch(await pageText(two), /绝密/);
    await two.page.reload();
    await locked(two);
    await unlock(two);
    await two.page.getByRole("heading", { name: SECRET }).waitFor();
    await one.page.getByText("已恢复上次没写完的内容").waitFor();
    assert.equal(await one.page.getByLabel("电话").inputValue(), "13700000009");
    await one.discard();
  });

  test("what is typed into a window that hasn't heard of the lock is kept when it is open again", async () => {
    await client.serve();
    const visitor = await visit();
    await visitor.page.route("**/api/events", (route) => route.abort());
    await visitor.page.reload();
    await visitor.go("quick/person");
    await visitor.page.getByLabel("姓名").waitFor();
    await visitor.page.evaluate(async () => {
      const ask = () => fetch("/api/status");
      await fetch("/api/lock", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
      while ((await ask()).status !== 423) await new Promise((resolve) => setTimeout(resolve, 50));
    });
    await visitor.page.getByLabel("姓名").fill("示例党员502");
    await locked(visitor);
    await unlock(visitor);
    await visitor.page.getByText("已恢复上次没写完的内容").waitFor();
    assert.equal(await visitor.page.getByLabel("姓名").inputValue(), "示例党员502");
    await visitor.discard();
  });

  test("the button fits into 360 × 640 with the type at its largest; without a passphrase there is none", async () => {
    await client.serve();
    const visitor = await visit();
    await visitor.go("settings");
    await visitor.choose("特大");
    await visitor.page.getByText("无人操作时锁定").waitFor();
    assert.ok((await visitor.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
    await visitor.choose("大");
    const bare = await world.join("volunteer");
    const other = await world.visit(bare);
    await other.go("settings");
    assert.equal(await other.page.getByRole("button", { name: "锁定" }).count(), 0);
  });
});
