// SPDX-License-Identifier: Apache-2.0
//
// The SDKs of LaunchDarkly and Unleash as the judges of an import: a random document is served to
// the vendor's SDK by a stub, brought over by `guidon import`, and everybody has to get from the
// server what the SDK says, shares of rollouts included. SDK_SEED repeats a run.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Project, newProject, owner, url } from './town.mjs';
import { launchDarklyWorld, unleashWorld } from './worlds.mjs';

const seed = process.env.SDK_SEED ? Number(process.env.SDK_SEED) : (Date.now() ^ (process.pid << 12)) >>> 0;
const FLAGS = 60;
const CASES = 500;
const BATCH = 100;
const SHOWN = 3;
const binary = process.env.GUIDON_BINARY ?? new URL('../../../build/guidon', import.meta.url).pathname;
const run = promisify(execFile);

/** Brings the world's document into an environment of its own; returns its number and the report. */
async function bringOver(world) {
  const folder = mkdtempSync(join(tmpdir(), 'import-'));
  try {
    const { number } = await newProject(`import-${world.importer}`);
    const document = join(folder, 'document.json');
    const report = join(folder, 'report.json');
    writeFileSync(document, JSON.stringify(world.document));
    const environment = { PATH: process.env.PATH, GUIDON_API: url, GUIDON_TOKEN: owner, SUPERFLAG_HOME: folder };
    await run(binary, ['import', document, '--from', world.importer, '--env', number, '--apply', '--yes', '--report', report], { env: environment });
    return { number, rows: JSON.parse(readFileSync(report)) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the server says of each case: a map of flag to value. */
async function decisions(number, flags, cases) {
  const admin = new Project(undefined, owner);
  const found = [];
  for (let from = 0; from < cases.length; from += BATCH) {
    const contexts = cases.slice(from, from + BATCH).map((one) => ({ ...one.attributes, targetingKey: one.key }));
    const { results } = await admin.call('POST', `/admin/v1/environments/${number}/evaluate`, { contexts, flags });
    found.push(...results.map((one) => new Map(one.flags.map(({ key, value }) => [key, value]))));
  }
  return found;
}

for (const make of [launchDarklyWorld, unleashWorld]) {
  test(`everybody gets what they got: ${make.name}`, { timeout: 60_000 }, async () => {
    const world = await make(seed, FLAGS, CASES);
    console.log(`import: ${world.engine}, SDK_SEED=${seed}`);
    const { number, rows } = await bringOver(world);
    const left = new Set(rows.filter((row) => row.kind === 'flag' && row.outcome === 'left out').map((row) => row.name));
    assert.equal(rows.filter((row) => row.kind === 'flag').length, FLAGS);
    assert.ok(left.size <= FLAGS / 4, `left out: ${JSON.stringify(rows.filter((row) => left.has(row.name)))}`);
    const flags = world.flags.filter((name) => !left.has(name));
    const found = await decisions(number, flags, world.cases);
    const differing = [];
    let compared = 0;
    for (const [i, one] of world.cases.entries()) {
      for (const [j, name] of world.flags.entries()) {
        if (left.has(name) || one.values[j] === null) continue;
        compared++;
        try {
          assert.deepStrictEqual(found[i].get(name), one.values[j]);
        } catch {
          differing.push({ name, key: one.key, attributes: one.attributes, expected: one.values[j], got: found[i].get(name) });
        }
      }
    }
    console.log(`import: ${compared} decisions, ${differing.length} differ, ${left.size} flags left out`);
    assert.ok(compared > (FLAGS * CASES) / 2);
    assert.deepEqual(differing.slice(0, SHOWN), [], `seed ${seed}: ${differing.length} of ${compared} differ`);
  });
}
