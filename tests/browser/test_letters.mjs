// A member's transfer by pages: one branch offers, the other returns it, then accepts.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { eventually, World } from "./world.mjs";

describe("transfer letters", () => {
  let world, old, other, person;

  before(async () => {
    world = await World.open();
    const second = await world.hub.call("org", "add", "--kind", "branch", "--name", "示例第二支部", "--parent", world.township);
    old = await world.join("secretary", "示例书记甲", undefined, world.branch);
    other = await world.join("secretary", "示例书记乙", undefined, second);
    person = await old.add("person", "name=示例党员701", "phone=13800000701");
    await old.call("sync");
    await other.call("sync");
  });
  afterEach(() => world.leave());
  after(() => world.close());

  const agree = async (visitor, name) => {
    visitor.agrees = true;
    await visitor.tap("button", name);
    visitor.agrees = false;
  };

  test("it is offered from the member's page, by the other's number, and printed", async () => {
    const there = await world.visit(other);
    await there.go("settings");
    const number = await there.page.locator(".fact", { hasText: "组织编号" }).locator("dd").innerText();
    const desk = await world.visit(old);
    desk.quiet = /404/; // the name that nobody knows
    await desk.go(`row/person/${person}`);
    await desk.tap("link", "转出");
    await desk.page.getByLabel("转往哪个组织").fill("没有的支部");
    await desk.tap("button", "开出转接单");
    await desk.page.locator(".failure").waitFor();
    desk.quiet = undefined;
    await desk.page.getByLabel("转往哪个组织").fill(number);
    await desk.page.getByLabel("介绍信/聘书号").fill("第12号");
    await desk.tap("button", "开出转接单");
    await desk.page.getByRole("heading", { name: "示例党员701的转接单" }).waitFor();
    await desk.page.getByText("第12号").waitFor();
    const letter = await desk.download("党员组织关系介绍信 PDF");
    assert.equal(letter.suggestedFilename(), "党员组织关系介绍信.pdf");
    assert.equal(await desk.page.getByRole("button", { name: "打印" }).count(), 0);
  });

  test("it reaches the other side, which returns it with a reason, and later accepts another", async () => {
    await old.call("sync");
    const there = await world.visit(other);
    await there.page.getByText("等这里接收").waitFor();
    await there.tap("link", /等这里接收/);
    await there.tap("button", "退回");
    await there.page.getByLabel("退回原因").fill("材料不全");
    await there.tap("button", "退回");
    await there.page.getByText("已退回示例党员701的转接单").waitFor();
    const back = async () => (await old.call("sync"), (await old.json("transfer", "list")).some((letter) => letter.state.startsWith("returned") && !letter._moved));
    await eventually(back, "the letter came back");
    await old.call("transfer", "offer", person, "--to", (await other.json("status")).org, "start_on=2026-12-01");
    await old.call("sync");
    await there.go("letters");
    await there.page.getByRole("button", { name: "接收" }).waitFor();
    await agree(there, "接收");
    await there.page.getByText(/已接收示例党员701/).waitFor();
    await eventually(async () => (await old.call("sync"), (await other.json("list", "person")).length === 1), "the member moved");
    assert.equal((await other.json("get", "person", person)).phone, "13800000701");
    const desk = await world.visit(old);
    await desk.go("letters");
    await desk.page.locator("[data-letter]").first().waitFor();
    assert.match(await desk.page.locator("[data-letter]").first().innerText(), /示例党员701 → 示例第二支部[^]*现在在示例第二支部/);
  });
});
