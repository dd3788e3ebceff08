// The page in Chromium, from picking a file to its verdict, as its own report says: `node page.mjs FILE` prints entries
// and seconds. The page hashes the input after the verdict.
import { download, launch, open, pick, verdict } from "../support/browser.mjs";
import { serve } from "../support/server.mjs";

const server = await serve();
const browser = await launch();
const page = await open(browser, server.origin);
await pick(page, process.argv[2]);
await verdict(page, "consistent", 300_000);
const { report } = await download(page);
await browser.close();
await server.close();
console.log(`${report.total_transactions} ${report.verification_time_ms / 1000}`);
