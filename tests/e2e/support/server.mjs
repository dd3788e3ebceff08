// A static server on loopback: the built page at /, the test vectors at /vectors/, demo files at /demo/.
// A test may put its own text in the place of any file, for example of the worker.
import { createServer } from "node:http";
import { createReadStream, existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { dirname, extname, join, normalize, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
export const DIST = resolve(process.env.COUNTERSIGN_DIST ?? join(here, "../../../dist"));
export const VECTORS = resolve(join(here, "../../vectors"));
const DEMO = process.env.COUNTERSIGN_DEMO && resolve(process.env.COUNTERSIGN_DEMO);

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".json": "application/json",
};

export async function serve() {
  if (!existsSync(join(DIST, "index.html"))) {
    throw new Error(`no built page in ${DIST}: run trunk build first, or set COUNTERSIGN_DIST`);
  }
  const overrides = new Map();
  const server = createServer((request, response) => {
    answer(request, response, overrides).catch(() => response.writeHead(500).end());
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    /** Serves a text, or what a function of the response does, instead of a file; null restores it. */
    override(path, body) {
      if (body === null) overrides.delete(path);
      else overrides.set(path, body);
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(closed));
    },
  };
}

async function answer(request, response, overrides) {
  const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
  const override = overrides.get(path);
  if (typeof override === "function") return override(response);
  if (override !== undefined) return response.writeHead(200, { "content-type": type(path) }).end(override);
  if (path === "/demo/index.json" && !DEMO) {
    return response.writeHead(200, { "content-type": TYPES[".json"] }).end(JSON.stringify(await demoIndex()));
  }
  await file(response, locate(path));
}

function locate(path) {
  if (path.startsWith("/vectors/")) return join(VECTORS, path.slice("/vectors/".length));
  if (path.startsWith("/demo/")) return join(DEMO ?? VECTORS, path.slice("/demo/".length));
  return join(DIST, path.endsWith("/") ? `${path}index.html` : path);
}

async function file(response, path) {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) return response.writeHead(404, { "content-type": "text/plain" }).end("not found");
  response.writeHead(200, { "content-type": type(path), "content-length": found.size });
  createReadStream(path).pipe(response);
}

function type(path) {
  return TYPES[extname(path)] ?? "application/octet-stream";
}

/** Without a demo directory, a few of the vectors stand for one. */
async function demoIndex() {
  const what = {
    "good.jsonl": "A genuine ledger: every hash, link and balance holds",
    "tampered-gross.jsonl": "One amount was raised after it was written",
    "deleted-three.jsonl": "Three entries were taken out of the middle",
  };
  const present = new Set(await readdir(VECTORS));
  const files = Object.entries(what).filter(([name]) => present.has(name));
  return {
    files: await Promise.all(
      files.map(async ([name, what]) => ({ name, what, bytes: (await stat(join(VECTORS, name))).size })),
    ),
  };
}
