// What is put on paper: the sign-in sheet, a visit, the dues of a year, the one book; A4, without
// anything that only a screen needs.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, describe, test } from "node:test";
import { World } from "./world.mjs";

describe("on paper", () => {
  let world, client, event, visit;
  const year = new Date().getFullYear();

  before(async () => {
    world = await World.open();
    client = await world.join("secretary", "示例书记");
    const people = [];
    for (let n = 1; n <= 40; n++) people.push(await client.add("person", `name=示例党员8${String(n).padStart(2, "0")}`, "dues_fen=5.00", "party_status=full"));
    event = await client.add("event", "kind=theme_day", "title=示例主题党日", `start_at=${year}-01-05T09:00`, "place=活动室", "summary=学习讨论", "state=held");
    await client.add("attendance", `event_id=${event}`, `person_id=${people[0]}`, "status=present");
    visit = await client.add("visit", `target_ref=person:${people[0]}`, "kind=home_visit", "situation=精神尚好");
    await client.add("ledger", `subject_ref=person:${people[0]}`, "kind=dues_paid", "amount=5", `period=${year}-01`);
  });
  afterEach(() => world.leave());
  after(() => world.close());

  /** The page as paper shows it: its text, and how many sheets it takes. */
  async function onPaper(visitor, route, ready) {
    const { page } = visitor;
    await visitor.go(route);
    await page.getByText(ready).first().waitFor({ state: "attached" });
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator("header").isVisible(), false);
    const text = await page.locator("main").innerText();
    const paper = await page.pdf({ preferCSSPageSize: true });
    const sizes = [...paper.toString("latin1").matchAll(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g)].map(([, width, height]) => [Math.round(width), Math.round(height)]);
    for (const size of sizes) assert.deepEqual(size, [595, 842], "A4");
    await page.emulateMedia({ media: null });
    return { text, sheets: sizes.length };
  }

  test("the sign-in sheet: who is expected, who is there, and room to sign", async () => {
    const visitor = await world.visit(client);
    const { text, sheets } = await onPaper(visitor, `sign/attendance/0/${event}`, "已签到 1 人");
    assert.match(text, /示例主题党日[^]*活动室[^]*序号\s*人员\s*到会情况\s*签名/);
    assert.match(text, /1\s*示例党员801\s*到会/);
    assert.match(text, /40\s*示例党员840/);
    assert.ok(sheets >= 2, `${sheets} sheets`);
    assert.equal(await visitor.page.locator(".names").isVisible(), true, "on the screen names to tap");
  });

  test("a visit's record", async () => {
    const visitor = await world.visit(client);
    const { text, sheets } = await onPaper(visitor, `row/visit/${visit}`, "精神尚好");
    assert.match(text, /示例党员801[^]*走访慰问[^]*精神尚好/);
    assert.doesNotMatch(text, /修改|删除/);
    assert.equal(sheets, 1);
  });

  test("the same as a file, filled and noted", async () => {
    const visitor = await world.visit(client);
    const { page } = visitor;
    await visitor.go(`row/visit/${visit}`);
    const [download] = await Promise.all([page.waitForEvent("download"), visitor.tap("button", "走访慰问记录 PDF")]);
    assert.equal(download.suggestedFilename(), "走访慰问记录.pdf");
    assert.equal(readFileSync(await download.path(), "latin1").slice(0, 5), "%PDF-");
    const notes = await client.json("list", "access");
    assert.deepEqual(notes.map((note) => note.table), ["visit_record"]);
  });

  test("the dues of a year by month", async () => {
    const visitor = await world.visit(client);
    const { text } = await onPaper(visitor, "grid/ledger/0", "示例党员801");
    assert.match(text, new RegExp(`党费月表[^]*${year} 年[^]*示例党员801\\s*5.00[^]*合计\\s*5.00`));
    assert.match(text, /经手人/);
  });

  test("the one book and every other report, for a period and an org", async () => {
    const visitor = await world.visit(client);
    const { text } = await onPaper(visitor, `reports/R08?from=${year}-01-01&to=${year}-12-31`, "学习讨论");
    assert.match(text, new RegExp(`一本通[^]*示例镇 · ${year}-01-01 至 ${year}-12-31[^]*示例主题党日[^]*学习讨论`));
    await visitor.go("reports");
    const names = await visitor.page.locator("main .tiles a").allInnerTexts();
    assert.ok(names.length > 25, `${names.length} reports`);
    for (const route of await visitor.page.locator("main .tiles a").evaluateAll((links) => links.map((link) => link.hash.slice(2)))) {
      await visitor.go(route);
      await visitor.page.waitForFunction(() => !document.body.innerText.includes("正在读取"));
      assert.equal(await visitor.page.getByRole("alert").count(), 0, route);
    }
  });
});
