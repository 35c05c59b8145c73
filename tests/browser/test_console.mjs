// The bureau at the console: every page, admitting a device by its code, revoking it; nothing that
// somebody wrote runs as script; usable by everybody.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, describe, test } from "node:test";
import { auditAll, auditColours, auditWidth } from "./audit.mjs";
import { eventually, World } from "./world.mjs";

const SMALL = { width: 360, height: 640 };
const LAPTOP = { width: 1366, height: 768 };
const SECRET = "wind over seven rivers";
const HOSTILE = [`<img src=x onerror=alert(1)>`, `"><script>alert(2)</script>`, `javascript:alert(3)`, `{{7*7}}\${7*7}`, `</textarea><svg onload=alert(4)>`];
const PLACES = ["", "coverage", "missed", "reports", "reports/R02", "papers", "records/person", "tasks", "notices", "devices", "conflicts", "set-aside", "audit", "alarms", "schemas", "settings"];

describe("the bureau's console", () => {
  let world, client, person, places;

  before(async () => {
    world = await World.open();
    client = await world.join("secretary");
    const peer = await world.join("volunteer", HOSTILE[0]);
    person = await client.add("person", `name=${HOSTILE[0]}`, `note=${HOSTILE.join("\n")}`, `phone=${HOSTILE[1]}`, "health=bedridden");
    await client.add("person", "name=示例党员302", "born_on=1931-05-06");
    await client.add("visit", `target_ref=person:${person}`, "kind=home_visit", `situation=${HOSTILE[3]}`, "next_on=2026-01-01");
    await client.call("sync");
    await peer.call("sync");
    await client.call("set", "person", person, `phone=${HOSTILE[2]}`);
    await peer.call("set", "person", person, "phone=3");
    await client.call("sync");
    await peer.call("sync");
    await world.hub.call("org", "add", "--kind", "branch", "--name", HOSTILE[4], "--parent", world.township);
    await world.hub.account("wang", "bureau", SECRET);
    await world.hub.account("zhao", "auditor", SECRET);
    await world.hub.stop();
    await world.hub.start("--http", "127.0.0.1:0");
    places = [...PLACES, `row/person/${person}`];
  });
  afterEach(() => world.leave());
  after(() => world.close());

  test("a wrong password is told, the right one shows how the hub stands", async () => {
    const browser = await world.browser();
    const page = await browser.newPage({ locale: "zh-CN" });
    await page.goto(`http://${world.hub.http}/`);
    await page.getByLabel("账号").fill("wang");
    await page.getByLabel("密码").fill("not this one");
    await page.getByRole("button", { name: "登录" }).click();
    await page.getByText("账号或密码不对").waitFor();
    await page.close();
    const visitor = await world.console("wang", SECRET);
    await visitor.page.locator(".count", { hasText: "记录行" }).waitFor();
    await visitor.tap("button", "退出");
    await visitor.page.getByLabel("密码").waitFor();
    assert.doesNotMatch(await visitor.page.locator("body").innerText(), /示例党员/);
  });

  test("what was written anywhere is text on every page, and no request leaves the machine", async () => {
    const visitor = await world.console("wang", SECRET);
    for (const place of places) await visitor.settle(place);
    await visitor.settle(`row/person/${person}`);
    const shown = await visitor.page.locator("main").innerText();
    for (const text of HOSTILE) assert.ok(shown.includes(text), text);
    await visitor.settle("devices");
    assert.ok((await visitor.page.locator("table").innerText()).includes(HOSTILE[0]));
    await visitor.settle("coverage");
    assert.ok((await visitor.page.locator("table").innerText()).includes(HOSTILE[4]));
  });

  test("axe-core finds nothing against WCAG 2.2 AA, light, dark and in English; no page is too wide for a small window", async () => {
    const visitor = await world.console("wang", SECRET, { bypassCSP: true });
    const { page } = visitor;
    for (const place of places) {
      await visitor.settle(place);
      await auditAll(page, place);
      await auditColours(page, "dark", place);
      await page.setViewportSize(SMALL);
      await auditWidth(page, place);
      await page.setViewportSize(LAPTOP);
    }
    await visitor.settle("settings");
    await page.getByLabel("语言").selectOption("en");
    await page.getByLabel("Colours").selectOption("contrast");
    assert.equal(await page.locator("html").getAttribute("data-theme"), "contrast");
    await page.reload();
    for (const place of places) {
      await visitor.settle(place);
      assert.equal(await page.locator("html").getAttribute("lang"), "en");
      await auditAll(page, `contrast English ${place}`);
    }
  });

  test("a device is admitted by the code of the page, and revoked on it", async () => {
    const visitor = await world.console("wang", SECRET);
    await visitor.settle("devices");
    const { page } = visitor;
    await page.getByLabel("使用人姓名").fill("示例党员777");
    await page.getByLabel("角色").selectOption("secretary");
    await page.getByLabel("中心地址").fill(world.hub.address);
    await visitor.tap("button", "生成邀请码");
    const code = await page.locator(".invitation").innerText();
    assert.equal(await page.getByRole("img", { name: "邀请码的二维码" }).count(), 1);
    await world.enter(code, "示例党员777");
    await page.getByRole("button", { name: "吊销 示例党员777 的设备" }).click();
    await page.locator("form.card").getByRole("button", { name: "吊销", exact: true }).click();
    await page.locator("tr", { hasText: "示例党员777" }).getByText("已吊销").waitFor();
    const devices = JSON.parse(await world.hub.call("device", "list", "--json"));
    assert.equal(devices.find((one) => one.person === "示例党员777").state, "revoked");
  });

  test("a task goes to each branch, a notice is read on a client's pages, and the console sees both", async () => {
    const visitor = await world.console("wang", SECRET);
    const { page } = visitor;
    await visitor.settle("tasks");
    const form = page.locator("details");
    await form.locator("summary").click();
    await form.locator("select").first().selectOption(world.township);
    await form.locator("select").nth(1).selectOption("branch");
    await form.getByLabel("标题").fill("示例任务：走访排查");
    await form.getByRole("button", { name: "下达任务" }).click();
    await page.locator("tbody tr", { hasText: "示例任务：走访排查" }).nth(1).waitFor();
    await visitor.settle("notices");
    await form.locator("summary").click();
    await form.getByLabel("标题").fill("示例通知：重阳节活动");
    await form.getByRole("button", { name: "发布通知" }).click();
    await page.getByRole("link", { name: "示例通知：重阳节活动" }).waitFor();
    await client.call("sync");
    assert.ok((await client.json("list", "ticket")).some((row) => row.title === "示例任务：走访排查"));
    const reader = await world.visit(client);
    await reader.page.getByRole("region", { name: "待阅通知" }).getByRole("button", { name: "已阅" }).click();
    await reader.page.getByText("已记为已阅").waitFor();
    await client.call("sync");
    await page.getByRole("link", { name: "示例通知：重阳节活动" }).click();
    await page.getByText(/已阅 1／/).waitFor();
  });

  test("what a device brings appears without a reload, and looks are in the audit", async () => {
    const visitor = await world.console("wang", SECRET);
    await visitor.settle("records/person");
    await client.add("person", "name=示例党员刚到的");
    await client.call("sync");
    await visitor.page.getByRole("link", { name: "示例党员刚到的" }).waitFor();
    await visitor.settle(`row/person/${person}`);
    await visitor.settle("audit");
    await eventually(async () => (await visitor.page.locator("table").innerText()).includes(`console ${person}`), "the look is noted");
  });

  test("a report is narrowed, charted and carried away as a file", async () => {
    const visitor = await world.console("wang", SECRET);
    await visitor.settle("reports");
    await visitor.page.getByLabel("找报表").fill("R02");
    await visitor.page.getByRole("link", { name: /^R02/ }).click();
    await visitor.page.getByRole("heading", { name: /^R02/ }).waitFor();
    await visitor.page.locator("table").waitFor();
    for (const [form, name] of [["存为 PDF", "R02.pdf"], ["存为 CSV", "R02.csv"], ["存为表格", "R02.xlsx"]]) {
      const download = await visitor.download(form);
      assert.equal(download.suggestedFilename(), name);
      assert.ok(readFileSync(await download.path()).length > 0);
    }
  });

  test("an auditor sees no button that changes anything", async () => {
    const visitor = await world.console("zhao", SECRET);
    await visitor.settle("devices");
    assert.equal(await visitor.page.getByRole("button", { name: /吊销|生成/ }).count(), 0);
    await visitor.page.getByText("审计账号只能查看").waitFor();
  });

  test("who is removed sees nothing any more", async () => {
    const visitor = await world.console("zhao", SECRET);
    visitor.quiet = /401/;
    await world.hub.call("account", "remove", "zhao");
    await visitor.page.evaluate(() => (location.hash = "#/records/person"));
    await visitor.page.getByLabel("密码").waitFor();
    assert.doesNotMatch(await visitor.page.locator("body").innerText(), /示例党员/);
  });
});
