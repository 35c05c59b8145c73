// What volunteers and secretaries do with the pages, as they do it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, describe, test } from "node:test";
import { eventually, World } from "./world.mjs";

describe("a volunteer and a secretary", () => {
  let world, secretary, volunteer, person;

  before(async () => {
    world = await World.open();
    secretary = await world.join("secretary");
    volunteer = await world.join("volunteer");
    person = await secretary.add("person", "name=示例党员101", "phone=13800000101", "living=alone", "health=limited");
    await secretary.add("person", "name=示例党员102");
    await secretary.call("sync");
    await volunteer.call("sync");
  });
  afterEach(() => world.leave());
  after(() => world.close());

  test("a visit is logged in at most six taps and a few words, and is there for others", async () => {
    const visitor = await world.visit(volunteer);
    await visitor.go("");
    visitor.taps = 0;
    await visitor.tap("link", "记走访联系");
    await visitor.page.getByRole("combobox", { name: "对象" }).fill("101");
    await visitor.tap("option", /示例党员101/);
    await visitor.choose("走访慰问");
    await visitor.page.getByLabel("情况记录").fill("精神尚好，想听广播");
    await visitor.tap("button", "保存");
    await visitor.page.getByText("已保存").waitFor();
    assert.ok(visitor.taps <= 6, `${visitor.taps} taps`);
    const [visit] = await volunteer.json("list", "visit");
    assert.equal(visit.target_ref, `person:${person}`);
    assert.equal(visit.kind, "home_visit");
    assert.equal(visit.situation, "精神尚好，想听广播");
    assert.deepEqual(visit.by_ids.length, 1);
    await eventually(async () => (await secretary.call("sync"), (await secretary.json("list", "visit")).length === 1), "the visit at the secretary's");
  });

  test("what is missing is said at its field, and nothing typed is lost", async () => {
    const visitor = await world.visit(volunteer);
    await visitor.go("quick/visit");
    await visitor.page.getByLabel("情况记录").fill("先写了情况");
    await visitor.tap("button", "保存");
    await visitor.page.getByText("请填写“对象”").waitFor();
    await visitor.page.getByText("请填写“方式”").waitFor();
    assert.equal(await visitor.page.getByLabel("情况记录").inputValue(), "先写了情况");
    await visitor.discard();
    await eventually(async () => (await visitor.heading()) === "示例镇", "home");
  });

  test("a row is changed, and what a peer writes appears without a reload", async () => {
    const visitor = await world.visit(volunteer);
    await visitor.go(`row/person/${person}`);
    await visitor.tap("link", "修改");
    await visitor.page.getByLabel("紧急联系人").fill("示例亲属 13900000001");
    await visitor.tap("button", "保存");
    await visitor.page.getByText("示例亲属 13900000001").waitFor();
    assert.equal((await volunteer.json("get", "person", person)).kin, "示例亲属 13900000001");
    assert.equal((await volunteer.json("get", "person", person)).phone, "13800000101");
    await secretary.call("set", "person", person, "rank=示例职级");
    await secretary.call("sync");
    await visitor.page.getByText("示例职级").waitFor();
  });

  test("two write the same field apart: both stand side by side, one is taken, undone, and another taken", async () => {
    const desk = await world.visit(secretary, { viewport: { width: 1366, height: 768 } });
    await volunteer.stop();
    await volunteer.call("sync");
    await secretary.call("set", "person", person, "phone=13911112222");
    await volunteer.call("set", "person", person, "phone=13911113333");
    await volunteer.call("sync");
    await desk.page.locator(".badge").waitFor();
    await desk.tap("link", /冲突/);
    const card = desk.page.locator('[data-conflict="person.phone"]');
    await card.getByText("示例党员101").waitFor();
    const sides = card.locator(".side");
    assert.equal(await sides.count(), 2);
    assert.match(await sides.nth(0).innerText(), /13911112222[^]*示例党员001[^]*今天/);
    assert.match(await sides.nth(1).innerText(), /13911113333[^]*示例党员002/);
    assert.deepEqual(await card.locator("mark").allInnerTexts(), ["2222", "3333"]);
    await sides.nth(0).getByRole("button", { name: "采用这个" }).click();
    await card.getByText("已定：13911112222").waitFor();
    assert.deepEqual(await secretary.json("conflicts"), []);
    assert.equal((await secretary.json("get", "person", person)).phone, "13911112222");
    await card.getByRole("button", { name: "撤销" }).click();
    await card.getByRole("button", { name: "另写一个" }).click();
    await card.getByLabel("电话").fill("13911114444");
    await card.getByRole("button", { name: "保存" }).click();
    await card.getByText("已定：13911114444").waitFor();
    await eventually(async () => (await volunteer.call("sync"), (await volunteer.json("get", "person", person)).phone === "13911114444"), "the settlement at the volunteer's");
    const states = (await volunteer.json("history", "person", person)).filter((item) => item.field === "phone").map((item) => item.state);
    assert.ok(states.length >= 5);
    assert.deepEqual(states.filter((state) => state !== "replaced"), ["shown"]);
  });

  test("of very many values the newest are shown and all are counted; one decision is enough", async () => {
    const many = await secretary.add("person", "name=示例党员109", "phone=13700000000");
    const desk = await world.visit(secretary);
    const codes = await desk.page.evaluate(async (id) => {
      const answers = [];
      for (let i = 0; i < 25; i++) {
        const body = JSON.stringify({ fields: { phone: `137000001${String(i).padStart(2, "0")}` }, bases: { phone: [] } });
        answers.push((await fetch(`/api/rows/person/${id}`, { method: "PATCH", headers: { "Content-Type": "application/json" }, body })).status);
      }
      return answers;
    }, many);
    assert.deepEqual([...new Set(codes)], [200]);
    await desk.go("conflicts");
    const card = desk.page.locator('[data-conflict="person.phone"]');
    await card.getByText("共有 26 个不同的值").waitFor();
    assert.equal(await card.locator(".side").count(), 20);
    await card.locator(".side", { hasText: "13700000124" }).getByRole("button", { name: "采用这个" }).click();
    await card.getByText("已定：13700000124").waitFor();
    assert.deepEqual(await secretary.json("conflicts"), []);
  });

  test("an earlier value is put back from the history, and that is undone", async () => {
    const desk = await world.visit(secretary);
    await desk.go(`history/person/${person}`);
    const first = desk.page.locator(".story li", { hasText: "13800000101" });
    await first.getByRole("button", { name: "改回这个" }).click();
    await desk.page.locator(".notice").waitFor();
    assert.equal((await secretary.json("get", "person", person)).phone, "13800000101");
    await desk.tap("button", "撤销");
    await eventually(async () => (await secretary.json("get", "person", person)).phone === "13911114444", "undone");
  });

  test("while somebody writes, a change from elsewhere is told, and the save doesn't bury it", async () => {
    const desk = await world.visit(secretary);
    await desk.go(`edit/person/${person}`);
    await desk.page.getByLabel("职级").fill("写到一半");
    await secretary.call("set", "person", person, "rank=别人写的", "note=别人加的备注");
    await desk.page.getByText(/有了新内容/).waitFor();
    await desk.page.getByLabel("紧急联系人").fill("新的联系人");
    await desk.tap("button", "保存");
    await desk.page.getByText("已保存").waitFor();
    const row = await secretary.json("get", "person", person);
    assert.equal(row.note, "别人加的备注");
    assert.equal(row.kin, "新的联系人");
    const history = await secretary.json("history", "person", person);
    assert.ok(history.some((item) => item.field === "rank" && item.value === "别人写的"));
  });

  test("the line says the truth: the hub gone, what waits and since when, then all sent", async () => {
    const visitor = await world.visit(volunteer);
    const line = visitor.page.locator(".sync");
    await visitor.page.locator('[data-sync="connected"][data-unsent="0"]').waitFor();
    assert.match(await line.innerText(), /已全部送达/);
    await eventually(async () => (await volunteer.json("status")).unsent === 0, "all sent");
    await world.hub.stop("SIGKILL");
    await visitor.page.locator('[data-sync="unreachable"]').waitFor();
    await visitor.go("quick/person");
    await visitor.page.getByLabel("姓名").fill("示例党员103");
    await visitor.tap("button", "保存");
    await visitor.page.getByText("已保存").waitFor();
    await visitor.page.locator('[data-unsent="1"]').waitFor();
    assert.match(await line.innerText(), /连不上中心[^]*1 条等待送出，自 今天/);
    await visitor.tap("link", /1 条等待送出/);
    await visitor.page.getByRole("link", { name: /示例党员103/ }).waitFor();
    await world.hub.start();
    await visitor.tap("button", "现在同步");
    await visitor.page.locator('[data-sync="connected"][data-unsent="0"]').waitFor();
    await visitor.page.getByText("全部已送到中心").waitFor();
  });

  test("without any network a stick carries what waits, by button and by dragging", async () => {
    const before = () => secretary.json("list", "person", "--search", "示例党员103");
    await eventually(async () => (await secretary.call("sync"), (await before()).length === 1), "what came before at the secretary's");
    await world.hub.stop();
    const visitor = await world.visit(volunteer);
    await volunteer.add("person", "name=示例党员104");
    await visitor.go("unsent");
    await visitor.page.getByRole("link", { name: /示例党员104/ }).waitFor();
    const download = await visitor.download("存成随身包");
    assert.match(download.suggestedFilename(), /^jinqiu-.*\.jqb$/);
    const bytes = readFileSync(await download.path());
    const desk = await world.visit(secretary);
    await desk.go("unsent");
    await desk.page.getByLabel("读入随身包").setInputFiles({ name: "a.jqb", mimeType: "application/octet-stream", buffer: bytes });
    await desk.page.getByText(/收下 [1-9]\d* 条/).waitFor();
    assert.equal((await secretary.json("list", "person", "--search", "示例党员104")).length, 1);
    const again = await desk.page.evaluateHandle((text) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))], "a.jqb"));
      return transfer;
    }, bytes.toString("base64"));
    await desk.page.locator(".drop").dispatchEvent("drop", { dataTransfer: again });
    await desk.page.getByText(/收下 0 条，已有 [1-9]/).waitFor();
    await world.hub.start();
  });

  test("a form follows from the schema: sections, conditions, both languages", async () => {
    const desk = await world.visit(secretary, { viewport: { width: 1366, height: 768 } });
    await desk.go("new/ticket");
    assert.deepEqual(await desk.page.locator("legend").allInnerTexts(), ["事项", "办理", "结果", "其他"]);
    await desk.go(`edit/person/${person}`);
    assert.equal(await desk.page.getByLabel("作废原因").count(), 0);
    await desk.page.locator('[data-field="void"] label', { hasText: "是" }).click();
    await desk.page.getByLabel("作废原因").waitFor();
    await desk.discard();
    await desk.go("settings");
    await desk.choose("English");
    await desk.tap("link", "Find");
    await desk.page.getByRole("heading", { name: "Find" }).waitFor();
    await desk.go("settings");
    await desk.choose("中文");
    await desk.page.getByRole("heading", { name: "设置" }).waitFor();
  });
});
