// SPDX-License-Identifier: Apache-2.0
// core_bench - evaluations per second of the vendor's engine: MODULES FLAGS.json USERS.json
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [modules, flagsPath, usersPath] = process.argv.slice(2);
const require = createRequire(join(modules, 'x.js'));
const { EvaluationEngine, topologicalSort } = require('@amplitude/experiment-core');
const flags = JSON.parse(readFileSync(flagsPath, 'utf8'));
const users = JSON.parse(readFileSync(usersPath, 'utf8'));
const engine = new EvaluationEngine();
const byKey = Object.fromEntries(flags.map((flag) => [flag.key, flag]));
const sorted = topologicalSort(byKey);

const SECONDS = 2;
let evaluations = 0;
const began = process.hrtime.bigint();
let elapsed = 0;
for (let at = 0; elapsed < SECONDS; at = (at + 1) % users.length) {
  evaluations += Object.keys(engine.evaluate(users[at], sorted)).length;
  if (at % 16 === 0) elapsed = Number(process.hrtime.bigint() - began) / 1e9;
}
elapsed = Number(process.hrtime.bigint() - began) / 1e9;
console.log(`${(evaluations / elapsed).toFixed(0)} evaluations/s`);
