// Pages as axe-core sees them (WCAG 2.2 AA), and as wide as they are.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const RULES_MIN = 5; // that have something to look at on any page

/** Faults by the rules of `only`: of WCAG 2.2 AA, when nothing is said. The page must have been
 * opened with bypassCSP. Only what is found travels to here, which is most of the time saved. */
async function faults(page, only) {
  await page.evaluate((source) => window.axe ?? (0, eval)(source), AXE);
  return page.evaluate(async (options) => {
    const found = await axe.run(document, { ...options, resultTypes: ["violations"] });
    const told = found.violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary.split("\n")[1] ?? ""}`).join(" | ")}`);
    return { told, rules: found.passes.length + found.violations.length };
  }, only ?? { runOnly: AA });
}

export async function auditAll(page, what) {
  const { told, rules } = await faults(page);
  assert.deepEqual(told, [], what);
  assert.ok(rules > RULES_MIN, `${what}: axe-core looked at nothing`);
}

/** What another theme changes: colours alone. */
export async function auditColours(page, theme, what) {
  await page.evaluate((name) => (document.documentElement.dataset.theme = name), theme);
  const { told, rules } = await faults(page, { runOnly: { type: "rule", values: ["color-contrast"] } });
  assert.deepEqual(told, [], `${theme} ${what}`);
  assert.equal(rules, 1, `${theme} ${what}: no text`);
}

/** The contrast that WCAG AAA asks of body text. */
export async function auditBodyText(page, theme) {
  await page.evaluate((name) => (document.documentElement.dataset.theme = name), theme);
  const enhanced = "color-contrast-enhanced";
  const { told } = await faults(page, { runOnly: { type: "rule", values: [enhanced] }, rules: { [enhanced]: { enabled: true } } });
  assert.deepEqual(told, [], theme);
}

export async function auditWidth(page, what) {
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(excess <= 0, `${what}: ${excess} pixels too wide`);
}
