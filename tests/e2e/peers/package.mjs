// The npm package in Node, without the input's hash: `node package.mjs PACKAGE FILE` prints entries and seconds.
import { openAsBlob } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [directory, file] = process.argv.slice(2);
const { verifyChainIntegrity } = await import(pathToFileURL(join(directory, "node.mjs")));
const blob = await openAsBlob(file);
const began = performance.now();
const report = await verifyChainIntegrity(blob, { inputHash: false });
const seconds = (performance.now() - began) / 1000;
if (!report.valid) throw new Error(report.message);
console.log(`${report.total_transactions} ${seconds}`);
