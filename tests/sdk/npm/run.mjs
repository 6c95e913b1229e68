// SPDX-License-Identifier: Apache-2.0
//
// Runs the *.test.mjs beside this file and closes with the line tools/suite counts. The slow one
// mostly waits, so the others take their turns beside it, one at a time: streams have deadlines. An
// argument picks the files that start with it.
import { readdirSync } from 'node:fs';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

const here = fileURLToPath(new URL('.', import.meta.url));
const wanted = process.argv[2] ?? '';
const SLOW = 'node-stream.test.mjs';
const files = readdirSync(here).filter((name) => name.endsWith('.test.mjs') && name.startsWith(wanted))
  .sort((left, right) => (right === SLOW) - (left === SLOW)).map((name) => here + name);
const counts = { pass: 0, fail: 0, cancelled: 0, skipped: 0 };

process.env.NODE_OPTIONS = `--require=${here}loopback.cjs`;
run({ files, concurrency: 2, timeout: 240_000 })
  .on('test:pass', ({ name, skip, details }) => {
    console.log(`${skip === undefined ? 'ok  ' : 'skip'}  ${name}  (${Math.round(details.duration_ms)} ms)`);
  })
  .on('test:fail', ({ name, details }) => {
    console.log(`FAIL  ${name}\n${inspect(details.error?.cause ?? details.error, { depth: 6 })}`);
  })
  .on('test:stdout', ({ message }) => process.stdout.write(message))
  .on('test:stderr', ({ message }) => process.stdout.write(message))
  .on('test:diagnostic', ({ nesting, message }) => {
    const [name, count] = message.split(' ');
    if (nesting === 0 && name in counts) counts[name] = Number(count);
  })
  .on('end', () => {
    const failed = counts.fail + counts.cancelled;
    console.log(`npm: ${counts.pass} passed, ${failed} failed, ${counts.skipped} skipped`);
    process.exitCode = failed > 0 || counts.pass === 0 ? 1 : 0;
  })
  .resume();
