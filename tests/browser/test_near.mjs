// Two desks in a hall, no line to the hub: one lets others sync, the other sees it and taps.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { World } from "./world.mjs";

describe("devices on the local network", () => {
  let world, secretary, volunteer;

  before(async () => {
    world = await World.open();
    secretary = await world.join("secretary", "示例书记");
    volunteer = await world.join("volunteer", "示例志愿者");
    await secretary.call("sync");
    await volunteer.call("sync");
    await world.hub.stop();
    await volunteer.add("person", "name=示例党员301");
  });
  afterEach(() => world.leave());
  after(() => world.close());

  test("what one wrote reaches the other by a tap, and neither begins by itself", async () => {
    const desk = await world.visit(secretary);
    const phone = await world.visit(volunteer);
    await phone.tap("link", /等待送出/);
    await phone.page.getByText("还没有看到别的设备").waitFor();
    await desk.go("settings");
    await desk.tap("link", "同步、附近设备与随身包");
    await desk.tap("button", "让别人来同步");
    await desk.page.locator("[data-listening]").waitFor();
    await phone.page.locator("[data-near]").getByText("示例书记").waitFor();
    assert.deepEqual(await secretary.json("list", "person"), []);
    await phone.tap("button", "与示例书记同步");
    await phone.page.getByText(/已与示例书记同步：送出 [1-9]/).waitFor();
    await desk.page.getByText(/已有 1 次/).waitFor();
    assert.equal((await secretary.json("list", "person"))[0].name, "示例党员301");
    await phone.page.getByRole("link", { name: /示例党员301/ }).waitFor(); // the hub hasn't got it yet
  });

  test("a network that holds the beacons back: the address is read out and typed", async () => {
    const desk = await world.visit(secretary);
    const phone = await world.visit(volunteer);
    await volunteer.add("person", "name=示例党员302");
    await desk.go("unsent");
    const address = await desk.page.locator("[data-listening]").getAttribute("data-listening");
    await phone.go("unsent");
    await phone.page.getByText("看不到对方？按地址同步").click();
    await phone.page.getByLabel("对方屏幕上的“本机地址”").fill(address);
    await phone.page.locator("form").getByRole("button", { name: "现在同步" }).click();
    await phone.page.getByText(`已与${address}同步`).waitFor();
    assert.equal((await secretary.json("list", "person")).length, 2);
    await desk.tap("button", "停止");
    await desk.page.getByRole("button", { name: "让别人来同步" }).waitFor();
    await phone.page.locator("form").getByRole("button", { name: "现在同步" }).click();
    await phone.page.getByText("没能与").waitFor();
  });
});
