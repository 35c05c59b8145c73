// Lists as a secretary uses them: narrowed down, paged, with columns of one's own, changed together,
// exported, and filled from a spreadsheet.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { World } from "./world.mjs";

const WIDE = { viewport: { width: 1366, height: 768 } };
const PEOPLE = 123;

describe("lists", () => {
  let world, client;

  before(async () => {
    world = await World.open();
    client = await world.join("secretary", "示例书记");
    const file = join(world.folder, "people.jsonl");
    const lines = Array.from({ length: PEOPLE }, (_, n) =>
      JSON.stringify({ op: "add", table: "person", fields: { name: `示例党员${String(n + 1).padStart(4, "0")}`, born_on: `19${40 + (n % 20)}-03-01`, living: n % 3 === 0 ? "alone" : "with_family" } }));
    writeFileSync(file, lines.join("\n"));
    await client.call("apply", file, "--batch", "200");
  });
  afterEach(() => world.leave());
  after(() => world.close());

  const first = (page) => page.locator(".list tbody tr").first();
  const found = (page, count) => page.getByText(`找到 ${count} 条`).waitFor();

  test("a list is turned page by page, and any page can be named", async () => {
    const { page, ...visitor } = await world.visit(client, WIDE);
    await page.goto(`${visitor.origin}/#/list/person`);
    await found(page, PEOPLE);
    assert.equal(await page.locator(".list tbody tr").count(), 50);
    assert.match(await first(page).innerText(), /示例党员0001/);
    await page.getByRole("button", { name: "下一页" }).click();
    await first(page).getByText("示例党员0051").waitFor();
    await page.getByRole("navigation", { name: "翻页" }).getByRole("spinbutton").fill("3");
    await page.keyboard.press("Tab");
    await first(page).getByText("示例党员0101").waitFor();
    assert.equal(await page.locator(".list tbody tr").count(), PEOPLE - 100);
    assert.ok(await page.getByRole("button", { name: "下一页" }).isDisabled());
    await page.reload();
    await first(page).getByText("示例党员0101").waitFor();
  });

  test("it is narrowed down by words, by days from and until, and by several at once", async () => {
    const { page, ...visitor } = await world.visit(client, WIDE);
    await page.goto(`${visitor.origin}/#/list/person`);
    await found(page, PEOPLE);
    await page.getByRole("combobox", { name: "家庭状况" }).selectOption("alone");
    await found(page, 41);
    await page.getByLabel("出生日期 起").fill("1940-01-01");
    await page.getByLabel("出生日期 止").fill("1941-12-31");
    await found(page, 5);
    assert.match(page.url(), /living=alone/);
    await page.getByRole("button", { name: "清除筛选" }).click();
    await found(page, PEOPLE);
    await page.getByLabel("搜索").fill("党员0007");
    await found(page, 1);
  });

  test("one sees the columns one wants, also tomorrow", async () => {
    const { page, ...visitor } = await world.visit(client, WIDE);
    await page.goto(`${visitor.origin}/#/list/person`);
    await found(page, PEOPLE);
    await page.getByText("列", { exact: true }).click();
    await page.locator(".choices label", { hasText: /^备注$/ }).click();
    await page.getByRole("columnheader", { name: "备注" }).waitFor();
    await page.locator(".choices label", { hasText: /^电话$/ }).click();
    await page.getByRole("columnheader", { name: "电话" }).waitFor({ state: "detached" });
    await page.reload();
    await page.getByRole("columnheader", { name: "备注" }).waitFor();
    assert.equal(await page.getByRole("columnheader", { name: "电话" }).count(), 0);
  });

  test("one field of many rows is changed together, as one entry, and undone", async () => {
    const visitor = await world.visit(client, WIDE);
    const { page } = visitor;
    await visitor.go("list/person?search=党员001");
    await found(page, 10);
    await visitor.tap("button", "批量修改");
    await page.getByLabel("全选本页").check();
    await page.getByText("已选 10 条").waitFor();
    await page.getByRole("checkbox", { name: "选择 示例党员0010" }).uncheck();
    await page.getByText("已选 9 条").waitFor();
    await page.getByLabel("改哪一项").selectOption("residence");
    await page.getByRole("region", { name: "批量修改" }).locator(".choices label", { hasText: "本地" }).first().click();
    const before_ = (await client.json("status")).entries;
    await visitor.tap("button", "全部保存（9）");
    await page.getByText("已保存 9 条").waitFor();
    assert.equal((await client.json("status")).entries, before_ + 1);
    const changed = await client.json("list", "person", "--where", "residence=local");
    assert.equal(changed.length, 9);
    await visitor.tap("button", "撤销");
    await page.getByText("已撤销").waitFor();
    assert.equal((await client.json("list", "person", "--where", "residence=local")).length, 0);
  });

  test("what is on the list is exported as it is narrowed down, and noted", async () => {
    const visitor = await world.visit(client, WIDE);
    const { page } = visitor;
    await visitor.go("list/person?living=alone");
    await found(page, 41);
    visitor.agrees = true;
    const download = await visitor.download("导出");
    const sheet = await visitor.download("导出表格");
    visitor.agrees = false;
    assert.match(sheet.suggestedFilename(), /\.xlsx$/);
    assert.equal(readFileSync(await sheet.path(), "latin1").slice(0, 2), "PK");
    const lines = readFileSync(await download.path(), "utf8").trim().split("\n");
    assert.match(download.suggestedFilename(), /^人员-\d{4}-\d\d-\d\d\.csv$/);
    assert.equal(lines.length, 42);
    assert.match(lines[0], /姓名/);
    const [note] = await client.json("list", "access");
    assert.equal(note.action, "export");
    assert.equal(note.rows, 41);
  });

  test("a file is looked at first: unknown headings are set, faults stand at their rows, nothing is half saved", async () => {
    const visitor = await world.visit(client, WIDE);
    const { page } = visitor;
    await visitor.go("list/person");
    await visitor.tap("link", "导入");
    const choose = (name, text) => page.getByLabel("选择文件").setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
    await choose("坏.csv", "姓名,生日,家庭\n示例党员9001,1950-02-30,独居\n示例党员9002,1950-02-03,不知道\n");
    await page.getByText(/发现 2 处错误/).waitFor();
    assert.match(await page.getByRole("region", { name: "文件里的错" }).innerText(), /生日[^]*家庭/);
    await page.getByRole("combobox", { name: "生日" }).selectOption("born_on");
    await page.getByText(/发现 1 处错误/).waitFor();
    await page.getByRole("combobox", { name: "家庭" }).selectOption("living");
    await page.getByRole("row", { name: /^2 生日/ }).waitFor();
    await page.getByRole("row", { name: /^3 家庭/ }).waitFor();
    assert.equal((await client.json("list", "person", "--search", "党员90")).length, 0);
    await choose("好.csv", "姓名,出生日期,家庭状况\n示例党员9001,1950-02-03,独居\n示例党员9002,1950-02-03,\n");
    await page.getByText("共 2 行：将新增 2，修改 0，相同 0").waitFor();
    assert.equal((await client.json("list", "person", "--search", "党员90")).length, 0);
    await visitor.tap("button", "导入 2 行");
    await page.getByText("已导入：新增 2 行").waitFor();
    const rows = await client.json("list", "person", "--search", "党员90");
    const living = Object.fromEntries(rows.map((row) => [row.name, row.living]));
    assert.deepEqual(living, { 示例党员9001: "alone", 示例党员9002: null });
  });

  test("a spreadsheet dragged onto the page is taken as well", async () => {
    const sheet = join(world.folder, "people.xlsx");
    await client.call("export", "person", sheet, "--search", "党员0001");
    const bytes = readFileSync(sheet).toString("base64");
    const visitor = await world.visit(client, WIDE);
    await visitor.go("import/person");
    const data = await visitor.page.evaluateHandle((text) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))], "名单.xlsx"));
      return transfer;
    }, bytes);
    await visitor.page.locator(".drop").dispatchEvent("drop", { dataTransfer: data });
    await visitor.page.getByText("共 1 行：将新增 0，修改 0，相同 1").waitFor();
  });

  test("typing asks once it rests, one question at a time, and the last one counts", async () => {
    const visitor = await world.visit(client, WIDE);
    const { page } = visitor;
    await visitor.go("list/person");
    await found(page, PEOPLE + 2);
    // Counted by the page itself: the browser may tell of an end after the next beginning.
    await page.evaluate(() => {
      const { fetch } = window;
      const counted = (window.counted = { open: 0, most: 0, asked: [] });
      window.fetch = async (question, manner) => {
        if (!String(question).includes("api/rows/")) return fetch(question, manner);
        counted.asked.push(new URL(question, location.href).searchParams.get("search") ?? "");
        counted.most = Math.max(counted.most, ++counted.open);
        try {
          return await fetch(question, manner);
        } finally {
          counted.open--;
        }
      };
    });
    // Keys faster than any machine is slow: no rest between them.
    const type = (texts) =>
      page.getByLabel("搜索").evaluate((input, each) => {
        for (const text of each) {
          input.value = text;
          input.dispatchEvent(new Event("input", { bubbles: true }));
        }
      }, texts);
    await Promise.all([page.waitForRequest(/api\/rows/), type(["s", "sh", "shi", "shil", "shili", "shili0", "shili0012"])]);
    await type(["党", "党员", "党员0", "党员0012"]);
    await found(page, 1);
    const { most, asked } = await page.evaluate(() => window.counted);
    assert.equal(most, 1);
    // News of others may ask the same again, but never for what was typed in between.
    assert.deepEqual(asked.filter((text) => !["", "shili0012", "党员0012"].includes(text)), []);
    assert.equal(asked.at(-1), "党员0012");
  });
});
