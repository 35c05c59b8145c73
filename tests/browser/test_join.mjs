// A computer that hasn't joined yet, led through it by its own pages: a code from the bureau or from
// a clerk's screen, a passphrase, and what belongs on paper.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { auditAll, auditColours, auditWidth } from "./audit.mjs";
import { eventually, World } from "./world.mjs";

const PHRASE = "梧桐 daylight 七十二 harbour";
const SECRET = "wind over seven rivers";
const REFUSED = /Failed to load resource/; // 423 until it is open, and what a person got wrong
const LAPTOP = { width: 1366, height: 768 };

describe("a computer that hasn't joined", () => {
  let world, clerk;

  before(async () => {
    world = await World.open();
    await world.camera();
    clerk = await world.join("clerk", "示例干事");
    await clerk.add("person", "name=示例党员601", "--org", world.branch);
    await clerk.call("sync");
    await world.hub.account("wang", "bureau", SECRET);
    await world.hub.stop();
    await world.hub.start("--http", "127.0.0.1:0");
  });
  afterEach(() => world.leave());
  after(() => world.close());

  async function newcomer(options = {}) {
    const visitor = await world.visit(world.newcomer(), { ...options, quiet: REFUSED });
    await visitor.page.getByLabel("邀请码", { exact: true }).waitFor();
    return visitor;
  }

  const invite = (person) => world.invite("volunteer", person);

  async function choose({ page }, first, again = first) {
    await page.getByLabel("口令", { exact: true }).fill(first);
    await page.getByLabel("再输一遍").fill(again);
  }

  const said = ({ page }, text) => page.getByRole("alert").getByText(text).waitFor();

  async function paper({ page }) {
    await page.getByRole("heading", { name: "入网成功" }).waitFor();
    return page.locator(".recovery").innerText();
  }

  async function begin(visitor) {
    await visitor.page.getByLabel("我已经抄在纸上").check();
    await visitor.tap("button", "开始使用");
    await visitor.page.getByRole("link", { name: "记走访联系" }).waitFor();
  }

  test("the page asks for what is missing, and for a passphrase that is worth something", async () => {
    const visitor = await newcomer({ bypassCSP: true });
    const { page } = visitor;
    await auditAll(page, "joining");
    await auditColours(page, "dark", "joining");
    await auditColours(page, "contrast", "joining");
    await auditWidth(page, "joining");
    await visitor.tap("button", "入网");
    await said(visitor, "请填写邀请码");
    await page.getByLabel("邀请码", { exact: true }).fill("JQ1-abc");
    await visitor.tap("button", "入网");
    await said(visitor, "请设一个口令");
    await choose(visitor, PHRASE, `${PHRASE}!`);
    await visitor.tap("button", "入网");
    await said(visitor, "两遍输入的口令不一样");
    await choose(visitor, PHRASE);
    await visitor.tap("button", "入网");
    await said(visitor, /邀请码/);
    await page.getByLabel("邀请码", { exact: true }).fill(await invite("示例党员610"));
    await choose(visitor, "123456");
    await visitor.tap("button", "入网");
    await said(visitor, /太容易|四个/);
    await page.getByLabel("不设口令").check();
    await page.getByText("谁打开这台电脑都能看到全部记录").waitFor();
  });

  test("a pasted code and a passphrase: the recovery code is shown once, and what it opens is locked from the next start", async () => {
    const visitor = await newcomer();
    const { page, client } = visitor;
    await page.getByLabel("邀请码", { exact: true }).fill(`  ${await invite("示例党员611")}\n`);
    await choose(visitor, PHRASE);
    await visitor.tap("button", "入网");
    const recovery = await paper(visitor);
    await page.getByText("您是 示例党员611，示例镇的志愿者").waitFor();
    assert.ok(await page.getByRole("button", { name: "开始使用" }).isDisabled());
    await begin(visitor);
    assert.ok(!(await page.evaluate(() => document.documentElement.outerHTML)).includes(recovery));
    await page.locator('[data-sync="connected"]').waitFor();
    await world.leave();
    await client.stop();
    for (const [secret, opens] of [["not the passphrase", false], [PHRASE, true], [recovery, true]]) {
      const again = await world.visit(client, { quiet: REFUSED });
      await again.page.getByLabel("口令或恢复码").fill(secret);
      await again.tap("button", "解锁");
      if (opens) await again.page.getByRole("link", { name: "记走访联系" }).waitFor();
      else await said(again, "口令");
      await world.leave();
      await client.stop();
    }
  });

  test("no line: that is told, the same code works later, and the passphrase is not asked for twice", async () => {
    const visitor = await newcomer();
    const code = await invite("示例党员612");
    await world.hub.stop();
    await visitor.page.getByLabel("邀请码", { exact: true }).fill(code);
    await choose(visitor, PHRASE);
    await visitor.tap("button", "入网");
    await visitor.page.getByRole("alert").waitFor();
    await visitor.page.getByLabel("口令", { exact: true }).waitFor({ state: "detached" });
    await world.hub.start("--http", "127.0.0.1:0");
    await visitor.tap("button", "入网");
    await paper(visitor);
    await begin(visitor);
  });

  /** The console's picture of a code, as a photograph. */
  async function consolePicture(person) {
    const desk = await world.console("wang", SECRET);
    const { page } = desk;
    await desk.settle("devices");
    await page.getByLabel("使用人姓名").fill(person);
    await page.getByLabel("中心地址").fill(world.hub.address);
    await desk.tap("button", "生成邀请码");
    const picture = page.getByRole("img", { name: "邀请码的二维码" });
    await picture.scrollIntoViewIfNeeded();
    const buffer = await picture.screenshot();
    const { x, y, width } = await picture.boundingBox();
    const side = 2 * Math.floor(width / 2 - 1); // even, as films are
    const frame = await page.screenshot({ type: "jpeg", quality: 90, clip: { x: Math.ceil(x), y: Math.ceil(y), width: side, height: side } });
    return { buffer, frame, code: await page.locator(".invitation").innerText() };
  }

  test("the console's QR picture is read from a photograph, and by the camera", async () => {
    const { buffer, frame, code } = await consolePicture("示例党员613");
    const visitor = await newcomer();
    const { page } = visitor;
    const field = page.getByLabel("邀请码", { exact: true });
    const other = await page.getByRole("heading", { level: 1 }).screenshot();
    await page.getByLabel("从图片读二维码").setInputFiles({ name: "花.png", mimeType: "image/png", buffer: other });
    await said(visitor, "这张图里没有邀请码的二维码");
    await page.getByLabel("从图片读二维码").setInputFiles({ name: "1.png", mimeType: "image/png", buffer });
    await eventually(async () => (await field.inputValue()) === code, "the code of the photograph");
    await field.fill("");
    world.film([frame]);
    await page.context().grantPermissions(["camera"]);
    await visitor.tap("button", "用摄像头读二维码");
    await eventually(async () => (await field.inputValue()) === code, "the code before the camera");
    assert.equal(await page.locator("video").count(), 0);
    await page.getByLabel("不设口令").check();
    await visitor.tap("button", "入网");
    await page.getByRole("heading", { name: "入网成功" }).waitFor();
    assert.equal(await page.locator(".recovery").count(), 0);
    await visitor.tap("button", "开始使用");
    await page.getByRole("link", { name: "记走访联系" }).waitFor();
  });

  test("without the hub a clerk's page admits a volunteer: both screens show the same digits", async () => {
    await world.hub.stop();
    const desk = await world.visit(clerk, { viewport: LAPTOP, bypassCSP: true });
    await desk.go("settings");
    await desk.tap("link", "让新设备入网");
    await desk.tap("button", "让别人来同步");
    await desk.page.getByLabel("使用人姓名").fill("示例志愿者");
    await desk.page.getByLabel("组织", { exact: true }).selectOption(world.branch);
    await desk.tap("button", "生成邀请码");
    await desk.page.getByText("给示例志愿者（示例镇离退休党支部的志愿者）的邀请码").waitFor();
    await auditAll(desk.page, "enrolling");
    const visitor = await newcomer({ bypassCSP: true });
    await visitor.page.getByLabel("邀请码", { exact: true }).fill(await desk.page.locator(".invitation").innerText());
    await choose(visitor, PHRASE);
    await visitor.tap("button", "入网");
    await paper(visitor);
    await auditAll(visitor.page, "joined");
    const digits = await visitor.page.locator(".digits").innerText();
    assert.match(digits, /^\d{3} \d{3}$/);
    await desk.page.getByText("示例志愿者（志愿者）刚刚入网").waitFor();
    assert.equal(await desk.page.locator(".digits").innerText(), digits);
    await begin(visitor);
    await visitor.go("list/person");
    await visitor.page.getByText("示例党员601").waitFor();
    await world.hub.start("--http", "127.0.0.1:0");
    await desk.tap("button", "停止");
    await eventually(async () => (await clerk.call("sync"), JSON.parse(await world.hub.call("device", "list", "--json")).some((one) => one.person === "示例志愿者" && one.state === "active")), "the bureau sees the newcomer");
  });

  test("who may not admit finds no such page", async () => {
    const other = await world.join("volunteer");
    const visitor = await world.visit(other);
    await visitor.go("settings");
    assert.equal(await visitor.page.getByRole("link", { name: "让新设备入网" }).count(), 0);
    await visitor.go("enrol");
    assert.equal(await visitor.heading(), "没有这个页面");
  });
});
