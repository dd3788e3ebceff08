// Chromium with a profile of its own, and what the tests ask of a page.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

export async function launch() {
  const profile = await mkdtemp(join(tmpdir(), "countersign-e2e-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
    viewport: { width: 1440, height: 900 },
    acceptDownloads: true,
  });
  context.setDefaultTimeout(Number(process.env.COUNTERSIGN_TIMEOUT ?? 30_000));
  return {
    context,
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** A page of its own, which fails the test on an error that nobody caught or a request that leaves the origin. */
export async function open(browser, origin, path = "/") {
  const page = await browser.context.newPage();
  page.faults = [];
  page.foreign = [];
  page.on("pageerror", (error) => page.faults.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && /Content Security Policy|panicked/.test(message.text())) page.faults.push(message.text());
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith("blob:") && !url.startsWith("data:")) page.foreign.push(url);
  });
  await page.goto(origin + path);
  await page.getByRole("heading", { level: 1 }).waitFor();
  return page;
}

/** Waits until the verifier at hand listens, and the one in reserve. */
export async function bothLoaded(page) {
  const listening = async () => {
    const each = page.workers().map((worker) => worker.evaluate(() => Boolean(self.onmessage)));
    return (await Promise.all(each)).filter(Boolean).length;
  };
  for (let tries = 0; tries < 200 && (await listening()) < 2; tries += 1) await page.waitForTimeout(50);
  assert.equal(await listening(), 2, "one at hand, one in reserve");
}

/** Nothing went wrong unseen, and nothing left. */
export function calm(page) {
  assert.deepEqual(page.faults, []);
  assert.deepEqual(page.foreign, []);
}

export async function pick(page, files) {
  await page.locator("#file").setInputFiles(files);
}

/** Drops files, each a name and its text, on an element. */
export async function drop(page, target, files) {
  await page.locator(target).first().evaluate((element, files) => {
    const dataTransfer = new DataTransfer();
    for (const [name, text] of files) dataTransfer.items.add(new File([text], name));
    for (const type of ["dragover", "drop"]) {
      const event = new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer });
      element.dispatchEvent(event);
      if (!event.defaultPrevented) throw new Error(`${type} would leave the page`);
    }
  }, files);
}

/** Fills in what the auditor brings. */
export async function bring(page, { keys = [], checkpoints = [], witnesses = [], taxes = "", shown = false }) {
  if (!shown) await page.locator("#trusted summary").click();
  await page.getByLabel("Verifying keys").fill(keys.join("\n"));
  await page.getByLabel("Kept checkpoints, one").fill(checkpoints.join("\n"));
  await page.getByLabel("Witnesses").fill(witnesses.join("\n"));
  await page.getByLabel("Table of taxes").fill(taxes);
}

/** Waits for a verdict and gives its heading. */
export async function verdict(page, grade, timeout = 30_000) {
  await page.locator(`article.report[data-grade="${grade}"]`).waitFor({ timeout });
  return page.locator("h1").innerText();
}

export async function refusal(page, code) {
  await page.locator(`section.refused[data-code="${code}"]`).waitFor();
  return page.locator("h1").innerText();
}

/** The input's SHA-256 as the page shows it, once it is there. */
export async function shownHash(page) {
  const hash = page.locator("#input-sha256 .hash");
  await hash.waitFor();
  return (await hash.textContent()).trim();
}

export async function download(page) {
  const { name, text } = await saved(page, "Download report");
  return { name, report: JSON.parse(text) };
}

/** The file that a button gives. */
export async function saved(page, button) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: button }).click()]);
  const chunks = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk);
  return { name: file.suggestedFilename(), text: Buffer.concat(chunks).toString("utf8") };
}

/** No finding of axe, and nothing wider than the window. */
export async function accessible(page, what) {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
  assert.deepEqual(found, [], `axe on ${what}`);
  const [content, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(content <= room, `${what} scrolls sideways: ${content} px in ${room} px`);
}

const LOOKS = ["light", "dark"].flatMap((colorScheme) => [1440, 360].map((width) => ({ colorScheme, width })));

/** Runs a check in light and dark, wide and narrow; with COUNTERSIGN_SHOTS, keeps pictures there. */
export async function everyLook(page, what) {
  for (const { colorScheme, width } of LOOKS) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height: 900 });
    if (process.env.COUNTERSIGN_SHOTS) {
      await page.screenshot({ path: join(process.env.COUNTERSIGN_SHOTS, `${what}-${colorScheme}-${width}.png`), fullPage: true });
    }
    await accessible(page, `${what}, ${colorScheme}, ${width} px`);
  }
}
