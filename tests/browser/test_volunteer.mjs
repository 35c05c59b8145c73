// A volunteer's day: who is due, why and how far; one person at a glance; a visit; a request taken
// over and moved on.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { eventually, World } from "./world.mjs";

describe("a volunteer's day", () => {
  let world, secretary, volunteer, person, ticket;

  before(async () => {
    world = await World.open();
    secretary = await world.join("secretary", "示例书记");
    volunteer = await world.join("volunteer", "示例志愿者");
    person = await secretary.add("person", "name=示例党员401", "phone=13800000401", "living=alone", "health=limited", "address=示例路1号", "location=23.1000000,108.1000000");
    await secretary.add("org", "name=示例镇", "kind=township", "location=23.1000000,108.0000000");
    await secretary.add("visit", `target_ref=person:${person}`, "kind=home_visit", "at=2026-01-02T10:00", "situation=想听广播", "next_on=2026-02-01");
    ticket = await secretary.add("ticket", "kind=request", "title=修收音机", `person_id=${person}`);
    await secretary.call("sync");
    await volunteer.call("sync");
  });
  afterEach(() => world.leave());
  after(() => world.close());

  test("today's list says who is due, why, how they live, and how far it is", async () => {
    const visitor = await world.visit(volunteer);
    const line = visitor.page.locator("section", { hasText: "该联系了" }).locator("li", { hasText: "示例党员401" });
    await line.getByText("公里").waitFor();
    const text = await line.innerText();
    assert.match(text, /2月1日[^]*已过 \d+ 天/);
    assert.match(text, /独居/);
    assert.match(text, /约 10 公里/);
    assert.match(text, /上次：1月2日[^]*走访慰问 · 想听广播/);
  });

  test("one look at a person: how they are, what is open, the last visits", async () => {
    const visitor = await world.visit(volunteer);
    await visitor.go(`row/person/${person}`);
    const glance = await visitor.page.locator(".glance").innerText();
    assert.match(glance, /独居[^]*13800000401/);
    await visitor.page.getByText("待办事项").waitFor();
    await visitor.page.locator("section", { hasText: "待办事项" }).getByRole("link", { name: /修收音机/ }).waitFor();
    await visitor.page.getByText("想听广播").first().waitFor();
  });

  test("from the list of those due a visit takes four taps and a few words", async () => {
    const visitor = await world.visit(volunteer);
    visitor.taps = 0;
    const line = visitor.page.locator("li", { hasText: "示例党员401" }).filter({ hasText: "已过" });
    visitor.taps++;
    await line.getByRole("link", { name: "记走访联系" }).click();
    await visitor.choose("送学");
    await visitor.page.getByLabel("情况记录").fill("读报半小时");
    await visitor.tap("button", "保存");
    await visitor.page.getByText("已保存").waitFor();
    assert.ok(visitor.taps <= 4, `${visitor.taps} taps`);
    const saved = (await volunteer.json("list", "visit")).find((row) => row.situation === "读报半小时");
    assert.equal(saved.target_ref, `person:${person}`);
    assert.equal(saved.kind, "study");
  });

  test("a request is found, taken over with one tap, and moved on step by step", async () => {
    const visitor = await world.visit(volunteer);
    await visitor.page.getByRole("heading", { name: /待承接的/ }).waitFor();
    await visitor.tap("link", /修收音机/);
    const steps = visitor.page.locator(".steps").first();
    await steps.getByRole("button", { name: "我来承接" }).waitFor();
    assert.equal(await steps.getByRole("button", { name: "派单" }).count(), 0, "a volunteer doesn't dispatch");
    await visitor.tap("button", "我来承接");
    await visitor.page.getByText("已由您承接").waitFor();
    const me = (await volunteer.json("status")).person_id;
    let row = await volunteer.json("get", "ticket", ticket);
    assert.equal(row.assignee, `person:${me}`);
    assert.equal(row.state, "accepted");
    await steps.getByRole("button", { name: "我来承接" }).waitFor({ state: "detached" });
    await visitor.tap("button", "办理");
    await visitor.page.getByText("进程：办理").waitFor();
    await visitor.go("");
    await visitor.page.getByRole("heading", { name: /我承接的/ }).waitFor();
    await visitor.tap("link", /修收音机/);
    await visitor.tap("button", "办结");
    await visitor.page.getByText("进程：办结").waitFor();
    row = await volunteer.json("get", "ticket", ticket);
    assert.equal(row.state, "done");
    await visitor.go("");
    await eventually(async () => (await visitor.page.getByRole("heading", { name: /我承接的/ }).count()) === 0, "nothing left to do");
    await eventually(async () => (await secretary.call("sync"), (await secretary.json("get", "ticket", ticket)).state === "done"), "done at the secretary's");
  });

  test("two who take the same request apart: the first one has it, and both are told", async () => {
    const apart = await secretary.add("ticket", "kind=request", "title=送药", `person_id=${person}`);
    await secretary.call("sync");
    await volunteer.stop();
    await volunteer.call("sync");
    const visitor = await world.visit(secretary);
    await visitor.go(`row/ticket/${apart}`);
    await visitor.tap("button", "我来承接");
    await visitor.page.getByText("已由您承接").waitFor();
    const me = (await volunteer.json("status")).person_id;
    await volunteer.call("set", "ticket", apart, `assignee=person:${me}`, "state=accepted");
    await volunteer.call("sync");
    await visitor.page.getByText("有冲突").first().waitFor();
    await visitor.go("conflicts");
    await visitor.page.locator('[data-conflict="ticket.assignee"]').getByText("示例志愿者").first().waitFor();
  });
});
