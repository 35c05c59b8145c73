// A secretary's desk: signing in by tapping names, grids, the calendar of bookings, duplicates.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { eventually, World } from "./world.mjs";

const WIDE = { viewport: { width: 1366, height: 768 } };

describe("a secretary's desk", () => {
  let world, secretary, volunteer, event;
  const people = [];
  const year = new Date().getFullYear();

  before(async () => {
    world = await World.open();
    secretary = await world.join("secretary", "示例书记");
    volunteer = await world.join("volunteer", "示例志愿者");
    for (let n = 1; n <= 6; n++) people.push(await secretary.add("person", `name=示例党员50${n}`, ...(n < 6 ? ["dues_fen=5.00"] : [])));
    event = await secretary.add("event", "kind=theme_day", "title=示例主题党日", `start_at=${year}-11-05T09:00`, "place=活动室", "state=planned");
    await secretary.call("sync");
    await volunteer.call("sync");
  });
  afterEach(() => world.leave());
  after(() => world.close());

  const signed = async (client) => Object.fromEntries((await client.json("list", "attendance")).map((row) => [row.person_id, row.status]));

  test("names are tapped as people come in; a wrong tap is taken back", async () => {
    const visitor = await world.visit(secretary);
    await visitor.go(`row/event/${event}`);
    await visitor.tap("link", "签到参与");
    await visitor.page.getByText("名单 6 人").waitFor();
    await visitor.tap("button", /示例党员501/);
    await visitor.page.getByText("已签到 1 人").waitFor();
    await visitor.tap("button", /示例党员502/);
    await visitor.page.getByText("已签到 2 人").waitFor();
    assert.deepEqual(await signed(secretary), { [people[0]]: "present", [people[1]]: "present" });
    const [row] = await secretary.json("list", "attendance", "--where", `person_id=${people[0]}`);
    assert.match(row.signed_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d/);
    await visitor.tap("button", /示例党员502/);
    await visitor.page.getByText("已签到 1 人").waitFor();
    assert.deepEqual(await signed(secretary), { [people[0]]: "present" });
    await visitor.tap("button", "撤销");
    await visitor.page.getByText("已签到 2 人").waitFor();
    assert.equal((await signed(secretary))[people[1]], "present");
    await visitor.page.getByLabel("搜索").fill("506");
    await visitor.page.getByRole("button", { name: /示例党员501/ }).waitFor({ state: "detached" });
    await visitor.tap("button", /示例党员506/);
    await visitor.page.getByText("已签到 3 人").waitFor();
  });

  test("the same name tapped on two phones is one sign-in", async () => {
    const before_ = (await secretary.json("list", "attendance")).length;
    await secretary.stop();
    await volunteer.stop();
    await secretary.call("sync");
    await volunteer.call("sync");
    for (const client of [volunteer, secretary]) {
      await client.call("add", "attendance", `event_id=${event}`, `person_id=${people[3]}`, "status=present");
    }
    await volunteer.call("sync");
    await secretary.call("sync");
    assert.equal((await secretary.json("list", "attendance")).length, before_ + 1);
    assert.deepEqual(await secretary.json("conflicts"), []);
  });

  test("the attendance grid shows who came to what, and a tap on a cell signs in", async () => {
    const visitor = await world.visit(secretary, WIDE);
    await visitor.go("records");
    await visitor.tap("link", "签到表");
    const { page } = visitor;
    await page.locator(".grid").waitFor();
    assert.equal(await page.locator(".grid tbody tr").count(), 6);
    assert.match(await page.locator(".grid thead").innerText(), /11-05 示例主题党日/);
    const cell = page.getByRole("button", { name: /示例党员503 11-05/ });
    await cell.click();
    await page.locator("tr", { hasText: "示例党员503" }).getByText("✓").waitFor();
    assert.equal((await signed(secretary))[people[2]], "present");
    await visitor.choose("请假");
    await page.getByRole("button", { name: /示例党员505 11-05/ }).click();
    await page.locator("tr", { hasText: "示例党员505" }).getByText("请假").waitFor();
    assert.equal((await signed(secretary))[people[4]], "excused");
    assert.match(await page.locator(".grid tfoot").innerText(), /5/);
  });

  test("dues of a month are chosen by tapping, summed, and saved together", async () => {
    const visitor = await world.visit(secretary, WIDE);
    const { page } = visitor;
    await visitor.go("grid/ledger/0");
    await page.locator(".grid").waitFor();
    assert.equal(await page.locator(".grid thead th").count(), 14);
    await page.getByRole("button", { name: "示例党员501 1月" }).click();
    await page.getByRole("button", { name: "示例党员502 1月" }).click();
    await page.getByRole("button", { name: "示例党员502 2月" }).click();
    await page.getByText("已选 3 格").waitFor();
    await page.getByText("共 15.00").waitFor();
    await page.getByRole("button", { name: "示例党员506 1月" }).click();
    await page.getByText("其中 1 格没有数额").waitFor();
    assert.ok(await page.getByRole("button", { name: "保存" }).isDisabled());
    await page.getByRole("button", { name: "示例党员506 1月" }).click();
    await visitor.tap("button", "保存");
    await page.getByText("已保存 3 条").waitFor();
    const rows = await secretary.json("list", "ledger");
    assert.deepEqual(rows.map((row) => [row.kind, row.unit, row.amount, row.period]).sort(), [
      ["dues_paid", "yuan", "5.00", `${year}-01`],
      ["dues_paid", "yuan", "5.00", `${year}-01`],
      ["dues_paid", "yuan", "5.00", `${year}-02`],
    ]);
    await page.locator("tr", { hasText: "示例党员502" }).locator(".sum").getByText("10.00").waitFor();
    await page.locator("tfoot").getByText("15.00").waitFor();
    await page.locator("tr", { hasText: "示例党员501" }).getByRole("link", { name: "5.00" }).click();
    await page.getByText("找到 1 条").waitFor();
  });

  test("two collectors who both took the money show as too much, never as one", async () => {
    await volunteer.call("sync");
    await volunteer.call("add", "ledger", `subject_ref=person:${people[0]}`, "kind=dues_paid", "unit=yuan", "amount=5.00", `period=${year}-01`);
    await volunteer.call("sync");
    const visitor = await world.visit(secretary, WIDE);
    await visitor.go("grid/ledger/0");
    await visitor.page.locator("tr", { hasText: "示例党员501" }).getByRole("link", { name: "10.00" }).waitFor();
  });

  test("the calendar of bookings: two that want one room at once are marked", async () => {
    const venue = await secretary.add("venue", "name=示例活动室", "kind=centre");
    const month = `${year}-11`;
    await secretary.add("event", "kind=booking", "title=合唱队", `planned_at=${month}-12T09:00`, `venue_id=${venue}`);
    const visitor = await world.visit(secretary, WIDE);
    const { page } = visitor;
    await visitor.go(`calendar/event?month=${month}`);
    await page.getByRole("link", { name: "09:00 合唱队" }).waitFor();
    assert.equal(await page.locator(".clashes").count(), 0);
    await page.getByRole("link", { name: /新增会议活动 .*12日/ }).click();
    await page.getByLabel("名称").fill("书画班");
    await page.locator('[data-field="kind"] select').selectOption("booking");
    await page.getByLabel("计划时间").fill(`${month}-12T10:00`);
    await page.getByRole("combobox", { name: "阵地" }).fill("示例活动室");
    await visitor.tap("option", /示例活动室/);
    await visitor.tap("button", "保存");
    await page.getByText("已保存").waitFor();
    await visitor.go(`calendar/event?month=${month}`);
    await page.getByText("2 项时间地点相撞").waitFor();
    assert.equal(await page.locator(".clashes").count(), 2);
    await page.getByLabel("阵地").selectOption({ label: "示例活动室" });
    await page.getByRole("link", { name: /示例主题党日/ }).waitFor({ state: "detached" });
    await visitor.tap("button", "下个月");
    await page.getByRole("heading", { name: `${year}年12月` }).waitFor();
  });

  test("one person registered twice: side by side, merged, undone, and told apart", async () => {
    const one = await secretary.add("person", "name=示例党员601", "phone=13800000601", "living=alone");
    const two = await volunteer.add("person", "name=示例党员六〇一", "phone=13800000601", "health=limited");
    await volunteer.call("set", "person", two, "name=示例党员601");
    await volunteer.call("sync");
    const visitor = await world.visit(secretary, WIDE);
    const { page } = visitor;
    await eventually(async () => (await secretary.json("duplicates")).length === 1, "both are here");
    await visitor.go("duplicates");
    const card = page.locator("[data-duplicate]");
    await card.getByText("独居").waitFor();
    assert.match(await card.innerText(), /相同：姓名、电话/);
    await visitor.tap("button", "是同一个，合并");
    await card.getByText("已合并").waitFor();
    let rows = await secretary.json("list", "person", "--search", "601");
    assert.equal(rows.length, 1);
    assert.equal(rows[0].living, "alone");
    assert.equal(rows[0].health, "limited");
    await visitor.tap("button", "撤销");
    await visitor.page.getByRole("button", { name: "不是同一个" }).waitFor();
    assert.equal((await secretary.json("list", "person", "--search", "601")).length, 2);
    await visitor.tap("button", "不是同一个");
    await card.getByText("已记为不同").waitFor();
    assert.deepEqual(await secretary.json("duplicates"), []);
    await visitor.go("duplicates");
    rows = await secretary.json("list", "person", "--search", "601");
    assert.deepEqual(rows.map((row) => row.id).sort(), [one, two].sort());
  });
});
