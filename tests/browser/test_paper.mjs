// What is put on paper: the sign-in sheet, a visit, the dues of a year, reports, as PDF from the page
// that shows the same; the screen itself is printed where there is no paper.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, afterEach, before, describe, test } from "node:test";
import { promisify } from "node:util";
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

  /** The text of the file that a button gives, without blanks. */
  async function kept(visitor, button, name) {
    const download = await visitor.download(button);
    assert.equal(download.suggestedFilename(), name);
    const { stdout } = await promisify(execFile)("pdftotext", ["-layout", await download.path(), "-"]);
    return stdout.replace(/\s/g, "");
  }

  const printButtons = (visitor) => visitor.page.getByRole("button", { name: "打印" }).count();

  test("the sign-in sheet: everybody of the branch, and room to sign", async () => {
    const visitor = await world.visit(client);
    await visitor.go(`sign/attendance/0/${event}`);
    const text = await kept(visitor, "支部活动签到表 PDF", "支部活动签到表.pdf");
    assert.match(text, /示例主题党日.*活动室.*序号姓名到会情况.*签名/);
    assert.match(text, /1示例党员801到会/);
    assert.match(text, /40示例党员840/);
    assert.match(text, /第2页\/共2页/);
    assert.equal(await printButtons(visitor), 0);
  });

  test("a visit's record, noted as what has left", async () => {
    const visitor = await world.visit(client);
    await visitor.go(`row/visit/${visit}`);
    assert.match(await kept(visitor, "走访慰问记录 PDF", "走访慰问记录.pdf"), /示例党员801.*走访慰问.*精神尚好/);
    assert.equal(await printButtons(visitor), 0);
    const notes = (await client.json("list", "access")).filter((note) => note.table === "visit_record");
    assert.deepEqual(notes.map((note) => note.rows), [1]);
  });

  test("the dues of a year by month", async () => {
    const visitor = await world.visit(client);
    await visitor.go("grid/ledger/0");
    const text = await kept(visitor, "党费收缴名册 PDF", "党费收缴名册.pdf");
    assert.match(text, new RegExp(`示例镇.*${year}.*示例党员8015\\.005\\.00.*合计.*5\\.00`));
    await visitor.go("grid/ledger/1");
    await visitor.page.getByRole("button", { name: "打印" }).waitFor(); // no paper shows points by month
  });

  test("a report for a period and an org, as PDF, spreadsheet and text", async () => {
    const visitor = await world.visit(client);
    await visitor.go(`reports/R08?from=${year}-01-01&to=${year}-12-31`);
    await visitor.page.getByText("学习讨论").first().waitFor();
    assert.match(await kept(visitor, "存为 PDF", "一本通.pdf"), new RegExp(`示例镇.*${year}-01-01—${year}-12-31.*示例主题党日.*学习讨论`));
    for (const [button, form] of [["存为表格", "xlsx"], ["存为 CSV", "csv"]]) {
      const download = await visitor.download(button);
      assert.equal(download.suggestedFilename(), `一本通.${form}`);
    }
    assert.equal(await printButtons(visitor), 0);
  });

  test("all papers on one page: blank for a pen, or filled for a period and an org", async () => {
    const visitor = await world.visit(client);
    await visitor.go("reports");
    await visitor.tap("link", "纸质表");
    assert.doesNotMatch(await kept(visitor, "空白表 走访慰问记录", "走访慰问记录.pdf"), /示例党员/);
    assert.match(await kept(visitor, "按记录填好 一本通", "一本通.pdf"), /示例主题党日.*学习讨论/);
  });

  test("every report opens", async () => {
    const visitor = await world.visit(client);
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
