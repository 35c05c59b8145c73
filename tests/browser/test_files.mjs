// A photo on the pages: chosen from a file, made small, saved with the visit, seen by another.

import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";
import { after, afterEach, before, describe, test } from "node:test";
import { crc32, deflateSync } from "node:zlib";
import { eventually, World } from "./world.mjs";

/** A PNG of `side` × `side` pixels that doesn't compress. */
function noise(side) {
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const size = Buffer.alloc(4), sum = Buffer.alloc(4);
    size.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([size, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const rows = randomFillSync(Buffer.alloc(side * (1 + 3 * side)));
  for (let y = 0; y < side; y++) rows[y * (1 + 3 * side)] = 0;
  const start = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([start, chunk("IHDR", head), chunk("IDAT", deflateSync(rows, { level: 1 })), chunk("IEND", Buffer.alloc(0))]);
}

describe("files", () => {
  let world, writer, reader, person;

  before(async () => {
    world = await World.open();
    writer = await world.join("volunteer");
    reader = await world.join("secretary");
    person = await writer.add("person", "name=示例党员401");
    await writer.call("sync");
  });
  afterEach(() => world.leave());
  after(() => world.close());

  test("a photo is made small, saved with the visit, and shown to another", async () => {
    const visitor = await world.visit(writer);
    await visitor.go(`quick/visit?target_ref=person:${person}`);
    await visitor.choose("走访慰问");
    const photo = noise(1100);
    assert.ok(photo.length > 3_000_000);
    await visitor.page.getByLabel("照片").setInputFiles({ name: "客厅.png", mimeType: "image/png", buffer: photo });
    await visitor.page.getByText("客厅.jpg").waitFor();
    await visitor.tap("button", "保存");
    await visitor.page.getByText("已保存").waitFor();
    const [file] = await writer.json("attachment", "list");
    assert.equal(file.name, "客厅.jpg");
    assert.equal(file.type, "image/jpeg");
    assert.ok(file.bytes <= 700_000, `${file.bytes} bytes`);
    assert.equal(file.thumbnail, true);
    await eventually(async () => (await reader.call("sync"), (await reader.json("attachment", "list"))[0]?.thumbnail), "the thumbnail at the reader's");
    const other = await world.visit(reader);
    await other.go(`row/visit/${file.id}`);
    await other.page.locator(".fact img").waitFor();
    assert.ok((await other.page.locator(".fact img").evaluate((image) => image.naturalWidth)) > 30);
    await other.tap("button", "取回原件");
    await other.page.getByText("联网后取回").waitFor();
    await eventually(async () => (await reader.json("attachment", "list"))[0].here, "the file at the reader's");
  });

  test("what is no picture and too large is refused with a reason, and the rest of the form stays", async () => {
    const visitor = await world.visit(writer);
    await visitor.go(`quick/visit?target_ref=person:${person}`);
    await visitor.page.getByLabel("情况记录").fill("写了情况");
    await visitor.page.getByLabel("照片").setInputFiles({ name: "大.pdf", mimeType: "application/pdf", buffer: Buffer.alloc(15_800_000, 1) });
    await visitor.page.getByText("文件超过 15 MB").waitFor();
    assert.equal(await visitor.page.getByLabel("情况记录").inputValue(), "写了情况");
    await visitor.page.getByLabel("照片").setInputFiles({ name: "小.pdf", mimeType: "application/pdf", buffer: Buffer.alloc(8_000, 1) });
    await visitor.page.getByText("小.pdf").waitFor();
    await visitor.discard();
  });
});
