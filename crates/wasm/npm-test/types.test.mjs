// The types, and the README's code held to them, under each platform's types alone.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';

import { HERE, PACKAGE } from './support/package.mjs';

const ES = 'lib.es2023.d.ts';
const PLATFORMS = {
  node: { lib: [ES, 'lib.esnext.disposable.d.ts'], types: ['node'] },
  page: { lib: [ES, 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'], types: [] },
  bare: { lib: [ES], types: [] },
};

/** What the README's code finds at hand. */
const AT_HAND = `
declare const file: import('countersign').BlobLike;
declare const keptNote: { text(): Promise<string> };
declare const chunks: Uint8Array[];
declare function show(pass: number, share: number, entries: number): void;
`;
const API = ['Verifier', 'hashEntry', 'init', 'verifyChainIntegrity'];

/** What the compiler says of these files, by their names beside this one. */
function faults(files, platform) {
  const options = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    skipDefaultLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    esModuleInterop: true,
    ...platform,
  };
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  const texts = new Map(Object.entries(files).map(([name, text]) => [join(HERE, name), text]));
  host.readFile = (path) => texts.get(path) ?? readFile(path);
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.getSourceFile = (path, target, ...rest) => (texts.has(path) ? ts.createSourceFile(path, texts.get(path), target) : getSourceFile(path, target, ...rest));
  const program = ts.createProgram([...texts.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map((fault) => `${fault.file?.fileName}: ${ts.flattenDiagnosticMessageText(fault.messageText, '\n')}`);
}

for (const [name, platform] of Object.entries(PLATFORMS)) {
  test(`what callers write: ${name}`, () => {
    const path = join('types', `${name}.ts`);
    assert.deepEqual(faults({ [path]: readFileSync(join(HERE, path), 'utf8') }, platform), []);
  });
}

test('a CommonJS file, under the module settings that the README tells of', () => {
  const code = readFileSync(join(HERE, 'types', 'bare.ts'), 'utf8');
  const under = (module, resolution) =>
    faults({ 'required.cts': code }, { ...PLATFORMS.bare, module: ts.ModuleKind[module], moduleResolution: ts.ModuleResolutionKind[resolution] });
  for (const [module, resolution] of [['NodeNext', 'NodeNext'], ['ESNext', 'Bundler'], ['CommonJS', 'Node10']]) assert.deepEqual(under(module, resolution), []);
  assert.match(under('Node16', 'Node16').join(), /CommonJS module/);
});

/** The README's examples, each importing what it leaves to an example before. */
const examples = [...readFileSync(join(PACKAGE, 'README.md'), 'utf8').matchAll(/```js\n([^]*?)```/g)].map(([, code]) => {
  const left = API.filter((name) => new RegExp(`\\b${name}\\(`).test(code) && !new RegExp(`import \\{[^}]*\\b${name}\\b`).test(code));
  return `import { ${left.join(', ')} } from 'countersign';\n${code}${AT_HAND}`;
});

for (const name of ['node', 'page']) {
  test(`the README's code: ${name}`, () => {
    const fitting = examples.filter((code) => name === 'node' || !code.includes("'node:"));
    assert.ok(fitting.length >= 5);
    const files = Object.fromEntries(fitting.map((code, at) => [`readme-${at}.ts`, code]));
    assert.deepEqual(faults(files, PLATFORMS[name]), []);
  });
}
