// A bundle without network and stick: one screen shows QR pictures, the other computer reads them
// from photographs or with its camera.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { World } from "./world.mjs";

describe("a bundle as QR pictures", () => {
  let world, village, desk;
  const photographs = [];
  const frames = [];

  before(async () => {
    world = await World.open();
    await world.camera();
    village = await world.join("volunteer", "示例志愿者");
    desk = await world.join("secretary", "示例书记");
    await village.call("sync");
    await world.hub.stop();
    for (let n = 0; n < 4; n++) await village.add("person", `name=示例党员50${n}`, `note=${crypto.randomUUID().repeat(12)}${crypto.randomUUID()}`);
  });
  afterEach(() => world.leave());
  after(() => world.close());

  /** The page of what waits, wide enough for a picture. */
  async function stick(client) {
    const visitor = await world.visit(client, { viewport: { width: 800, height: 1400 } });
    await visitor.go("unsent");
    return visitor;
  }

  test("they are shown large, one after another, each with its number", async () => {
    const visitor = await stick(village);
    const { page } = visitor;
    await visitor.tap("button", "显示成二维码");
    const number = page.locator(".picture-number");
    const total = Number((await number.innerText()).match(/^第 1 张，共 (\d+) 张$/)[1]);
    assert.ok(total >= 2, `${total} pictures`);
    for (let n = 1; n <= total; n++) {
      await page.getByText(`第 ${n} 张，共 ${total} 张`, { exact: true }).waitFor();
      const picture = page.getByRole("img", { name: `第 ${n} 张，共 ${total} 张` });
      await picture.scrollIntoViewIfNeeded();
      const { x, y, width } = await picture.boundingBox();
      assert.ok(width > 600, `${width} pixels`);
      photographs.push({ name: `${n}.png`, mimeType: "image/png", buffer: await picture.screenshot() });
      const side = 2 * Math.floor(width / 2 - 2); // even, as films are
      const clip = { x: Math.ceil(x) + 1, y: Math.ceil(y) + 1, width: side, height: side };
      frames.push(await page.screenshot({ type: "jpeg", quality: 85, clip }));
      await visitor.tap("button", "下一张");
    }
    await page.getByText(`第 1 张，共 ${total} 张`, { exact: true }).waitFor();
    await visitor.tap("button", "收起二维码");
    assert.equal(await number.count(), 0);
  });

  test("photographs are read several at once, in any order, and what is missing is named", async () => {
    const visitor = await stick(desk);
    const { page } = visitor;
    const files = page.getByLabel("读入随身包");
    const other = { name: "花.png", mimeType: "image/png", buffer: await page.getByRole("heading", { level: 1 }).screenshot() };
    await files.setInputFiles([...photographs.slice(1), other]);
    await page.getByText(`已读到 ${photographs.length - 1} 张，共 ${photographs.length} 张；还缺第 1 张`).waitFor();
    await page.getByText("这些图里没有随身包的二维码，或看不清：花.png").waitFor();
    assert.deepEqual(await desk.json("list", "person"), []);
    await files.setInputFiles([photographs[0]]);
    await page.getByText(/收下 [1-9]\d* 条/).waitFor();
    assert.equal((await desk.json("list", "person")).length, 4);
    assert.equal(await page.getByText("还缺第").count(), 0);
  });

  test("the camera reads them as they come, and is off again when all are there", async () => {
    const visitor = await stick(desk);
    const { page } = visitor;
    world.film(frames);
    await page.context().grantPermissions(["camera"]);
    await visitor.tap("button", "用摄像头读");
    await page.getByText(/收下 0 条，已有 [1-9]\d* 条/).waitFor(); // the photographs brought them
    assert.equal(await page.locator("video").count(), 0);
    await page.getByRole("button", { name: "用摄像头读" }).waitFor();
  });

  for (const [name, words] of [
    ["NotFoundError", "这台电脑没有摄像头，或浏览器用不了它。可以拍成照片，再从图片文件读。"],
    ["NotAllowedError", "浏览器没有准许使用摄像头。请在地址栏旁准许它，或拍成照片再读。"],
    ["NotReadableError", "摄像头打不开：别的程序在用。可以拍成照片再读。"],
  ])
    test(`a camera that can't be used (${name}) is told, and what to do instead`, async () => {
      const visitor = await stick(desk);
      await visitor.page.evaluate((kind) => {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("别的程序在用", kind));
      }, name);
      await visitor.tap("button", "用摄像头读");
      await visitor.page.getByText(words).waitFor();
      assert.equal(await visitor.page.locator("video").count(), 0);
    });
});
