// SPDX-License-Identifier: Apache-2.0
//
// @amplitude/experiment-core as the judge: random flags are written through the Management API,
// their configurations downloaded and evaluated by the official engine, and every answer of our
// /sdk/v2/vardata must be the engine's, for each of many random users. The configurations
// themselves must be what compile.mjs makes of the same items. SDK_SEED repeats a run.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import http from 'node:http';
import { test } from 'node:test';
import { EvaluationEngine, SdkEvaluationApi, topologicalSort } from '@amplitude/experiment-core';
import { canonical, compiled, globMeans } from './compile.mjs';
import { CONDITION_OPS, PATHS, randomFrom, randomItem, randomUser } from './generate.mjs';
import { newProject, putCohort, url } from './town.mjs';

const seed = process.env.SDK_SEED ? Number(process.env.SDK_SEED) : (Date.now() ^ (process.pid << 12)) >>> 0;
const PROJECTS = 4;
const LOCAL_FLAGS = 52;
const REMOTE_FLAGS = 16;
const USERS = 500;
const PAIRS_LEAST = 100_000;
const DEPTH = 2;
const SHOWN = 5;
const STORED_COHORT = 'c0000003';

// The official way from a user to what the engine looks at.
const { convertUserToEvaluationContext } = createRequire(import.meta.url)('@amplitude/experiment-node-server/dist/src/util/user.js');

const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });

function send(method, address, headers, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(address, { method, headers, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece) => { text += piece; });
      response.on('end', () => resolve({ status: response.statusCode, body: text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

const httpClient = { request: ({ requestUrl, method, headers }) => send(method, requestUrl, headers) };

/** As SDKs ask, by header or by body in turn; nobody's assignment is noted. */
async function answersOf(key, user, index) {
  if (index % 2 === 0) return new SdkEvaluationApi(key, url, httpClient).getVariants(user, { trackingOption: 'no-track' });
  const answer = await send('POST', `${url}/sdk/v2/vardata?v=0`,
    { Authorization: `Api-Key ${key}`, 'Content-Type': 'application/json', 'X-Amp-Exp-Track': 'no-track' }, JSON.stringify(user));
  assert.equal(answer.status, 200, `${answer.body} for ${JSON.stringify(user)}`);
  return JSON.parse(answer.body);
}

async function configurations(key, query) {
  const answer = await send('GET', `${url}/sdk/v2/flags${query}`, { Authorization: `Api-Key ${key}` });
  assert.equal(answer.status, 200, answer.body);
  return Object.fromEntries(JSON.parse(answer.body).map((flag) => [flag.key, flag]));
}

/** Fills one project with random items and groups; returns its key and what can stick. */
async function populate(random, index) {
  const project = await newProject(`oracle-${index}`);
  const { id: deployment, key } = await project.deployment('oracle', 'server');
  const items = [];
  for (let i = 0; i < LOCAL_FLAGS + REMOTE_FLAGS; i++) {
    const item = randomItem(random, `f-${index}-${i}`, i < LOCAL_FLAGS ? 'local' : 'remote');
    const path = `/api/1/${item.resource}`;
    const { id } = await project.call('POST', path, { projectId: project.number, key: item.key, deployments: [deployment], ...item.create });
    // A local item may only depend on local items; older ones, so that there is no cycle; and not
    // too deep, because what a flag leans on counts against its budget of steps.
    const parents = items.filter((one) => one.depth < DEPTH && (one.mode === 'local' || item.create.evaluationMode === 'remote'));
    const chosen = parents.length > 0 && random.chance(0.2) ? random.some(parents, Math.min(2, parents.length)) : [];
    if (chosen.length > 0) {
      item.edit.parentDependencies = { operator: 'all', flags: Object.fromEntries(chosen.map((parent) =>
        [parent.id, random.some([...parent.variants, 'off'], 2)])) };
    }
    await project.call('PATCH', `${path}/${id}`, item.edit);
    for (const { variant, users, cohorts } of item.inclusions) {
      await project.call('POST', `${path}/${id}/variants/${variant}/users`, { inclusions: users });
      if (cohorts.length > 0) await project.call('POST', `${path}/${id}/variants/${variant}/cohorts`, { inclusions: cohorts });
    }
    items.push({ id: String(id), key: item.key, mode: item.create.evaluationMode, resource: item.resource, depth: 1 + Math.max(-1, ...chosen.map((one) => one.depth)),
      variants: item.create.variants.map((one) => one.key), isSticky: item.edit.stickyBucketing === true, isDormant: item.isDormant,
      definition: { ...item.create, ...item.edit, key: item.key, flagType: item.resource === 'flags' ? 'release' : 'experiment', deployed: true,
        enabled: !item.isDormant, inclusions: item.inclusions, parents: parentsByKey(items, item.edit.parentDependencies?.flags ?? {}) } });
  }
  const groups = await group(random, project, items);
  // Last, because an item does not start while one it depends on sleeps.
  for (const { id, resource } of items.filter((one) => one.isDormant)) {
    await project.call('PATCH', `/api/1/${resource}/${id}`, { enabled: false });
  }
  return { project, key, stuck: items.filter((one) => one.isSticky), definitions: [...items.map((one) => one.definition), ...groups] };
}

const parentsByKey = (items, flags) => Object.fromEntries(Object.entries(flags).map(([id, variants]) =>
  [items.find((one) => one.id === id).key, variants]));

/** Two mutual exclusion groups and two holdouts around some experiments, one of each per mode. */
async function group(random, project, items) {
  const definitions = [];
  const define = async (kind, members, flagType, variants, rolloutWeights, inclusions) => {
    const { id } = await project.call('POST', `/api/1/${kind}`, { projectId: project.number, ...members });
    const { key, bucketingKey, bucketingSalt, evaluationMode } = await project.call('GET', `/api/1/${kind}/${id}`);
    definitions.push({ key, flagType, evaluationMode, bucketingKey, bucketingSalt, variants, rolloutWeights, inclusions, deployed: false, enabled: true,
      rolloutPercentage: 100, targetSegments: [], parents: {} });
    return key;
  };
  const join = (id, key, variants) => { items.find((one) => one.id === String(id)).definition.parents[key] = variants; };
  const include = (variant, users) => ({ variant, users, cohorts: [] });
  for (const mode of ['local', 'remote']) {
    const experiments = items.filter((one) => one.resource === 'experiments' && one.mode === mode).map((one) => Number(one.id));
    const [first, second, ...held] = experiments;
    const share = 1 + random.below(99);
    const slots = [{ percentage: share, experiments: [first], individuals: ['u-1'] }, { percentage: 100 - share, experiments: [second] }];
    const lanes = await define('mutexes', { name: `Lanes ${mode}`, evaluationMode: mode, bucketingKey: 'user_id', slots }, 'mutual-exclusion-group',
      [...slots.map((slot, i) => ({ key: `slot-${i + 1}`, payload: { flagIds: slot.experiments.map(String) } })), { key: 'unallocated', payload: { flagIds: [] } }],
      { 'slot-1': share, 'slot-2': 100 - share }, [include('slot-1', ['u-1'])]);
    join(first, lanes, ['slot-1']);
    join(second, lanes, ['slot-2']);
    const percentage = 1 + random.below(60);
    const kept = [first, ...held.slice(0, 3)];
    const holdout = await define('holdouts', { name: `Holdout ${mode}`, evaluationMode: mode, bucketingKey: 'device_id', holdoutPercentage: percentage,
      experiments: kept, individualInclusion: ['u-2'], individualExclusion: ['u-3'] }, 'holdout-group',
    [{ key: 'holdout', payload: { flagIds: [] } }, { key: 'on', payload: { flagIds: kept.map(String) } }],
    { holdout: percentage, on: 100 - percentage }, [include('holdout', ['u-2']), include('on', ['u-3'])]);
    kept.forEach((id) => join(id, holdout, ['on']));
  }
  return definitions;
}

/** Where a glob was written there must be an expression that every engine reads alike and that means the same. */
function takeGlobsOut(expected, got) {
  expected.segments.forEach((segment, i) => segment.conditions?.flat().forEach((one, j) => {
    if (!one.op.startsWith('regex')) return;
    const translated = got.segments[i]?.conditions?.flat()[j]?.values ?? [];
    one.values.forEach((glob, k) => {
      assert.match(translated[k] ?? '', /^\^.*\$$/s, `${glob} of ${expected.key} is anchored`);
      for (const path of PATHS) {
        assert.equal(new RegExp(translated[k]).test(path), globMeans(glob, path), `${glob}, translated ${translated[k]}, with ${JSON.stringify(path)}`);
      }
    });
    one.values = translated;
  }));
}

/** Every configuration is what its definition compiles to, and nothing else is sent. */
function checkConfigurations(flags, definitions, inFull) {
  for (const definition of definitions) {
    const got = flags[definition.key];
    // The parents of stubs need not be sent.
    if (got === undefined && !definition.deployed && definition.evaluationMode === 'remote' && !inFull) continue;
    assert.ok(got, `${definition.key} is missing`);
    assert.ok(Number.isSafeInteger(got.metadata.flagVersion) && got.metadata.flagVersion > 0);
    const expected = compiled(structuredClone(definition), inFull);
    takeGlobsOut(expected, got);
    assert.ok(isSame(canonical(got), canonical(expected)),
      `seed ${seed}, ${definition.key}\n got      ${JSON.stringify(canonical(got))}\n expected ${JSON.stringify(canonical(expected))}`);
  }
  assert.deepEqual(Object.keys(flags).filter((key) => !definitions.some((one) => one.key === key)), []);
}

/** The engine's answers about one user, by flag. */
function judged(engine, sorted, user, members) {
  const enriched = structuredClone(user);
  // What a server knows of a stored cohort a local SDK has downloaded.
  if (members.has(user.user_id)) enriched.cohort_ids = [...new Set([...(user.cohort_ids ?? []), STORED_COHORT])];
  return engine.evaluate(convertUserToEvaluationContext(enriched), sorted);
}

/** All that a caller sees, but for the opaque id of the evaluation. */
function visible(variant) {
  if (variant === undefined) return undefined;
  const { evaluationId, ...metadata } = variant.metadata ?? {};
  return { key: variant.key, value: variant.value, payload: variant.payload, metadata };
}

function isSame(left, right) {
  try {
    assert.deepStrictEqual(left, right);
    return true;
  } catch {
    return false;
  }
}

class Comparison {
  constructor(name) {
    this.name = name;
    this.pairs = 0;
    this.differing = [];
    this.reached = new Map();
  }

  compare(flag, user, expected, got) {
    this.pairs++;
    const name = expected === undefined ? '(nothing)' : expected.metadata.segmentName;
    this.reached.set(name, (this.reached.get(name) ?? 0) + 1);
    if (!isSame(visible(expected), visible(got))) this.differing.push({ flag, user, expected: visible(expected), got: visible(got) });
  }

  report() {
    console.log(`oracle, ${this.name}: ${this.pairs} pairs, ${this.differing.length} differ, `
      + `segments ${JSON.stringify(Object.fromEntries([...this.reached].sort()))}`);
    for (const one of this.differing.slice(0, SHOWN)) {
      console.log(`oracle: ${one.flag.key}\n  user     ${JSON.stringify(one.user)}\n  expected ${JSON.stringify(one.expected)}\n`
        + `  got      ${JSON.stringify(one.got)}\n  flag     ${JSON.stringify(one.flag)}`);
    }
    const flags = new Set(this.differing.map((one) => one.flag.key));
    assert.equal(this.differing.length, 0, `${this.name}: ${this.differing.length} of ${this.pairs} pairs differ, over ${flags.size} flags; seed ${seed}`);
  }
}

test('the official engine and the server give every user the same answer', { timeout: 200_000 }, async () => {
  console.log(`oracle: SDK_SEED=${seed}`);
  const random = randomFrom(seed);
  const engine = new EvaluationEngine();
  const local = new Comparison('local flags, as SDKs download them');
  const full = new Comparison('all flags, with eval_mode=remote');
  const operators = new Set();
  const began = Date.now();

  const worlds = await Promise.all(Array.from({ length: PROJECTS }, (_, i) => populate(randomFrom(seed + 1 + i), i)));
  const users = Array.from({ length: USERS }, (_, i) => randomUser(random, i, worlds.flatMap((one) => one.stuck)));
  const members = new Set(users.map((one) => one.user_id).filter((id) => id && random.chance(0.4)));
  for (const { project } of worlds) await putCohort(project.number, STORED_COHORT, [...members]);
  console.log(`oracle: written in ${Date.now() - began} ms`);

  for (const { key, definitions } of worlds) {
    const asDownloaded = await configurations(key, '');
    const inFull = await configurations(key, '?eval_mode=remote');
    checkConfigurations(asDownloaded, definitions, false);
    checkConfigurations(inFull, definitions, true);
    for (const flag of Object.values(inFull)) {
      for (const one of flag.segments.flatMap((segment) => (segment.conditions ?? []).flat())) operators.add(one.op);
    }
    const deployed = (flags, mode) => Object.values(flags).filter((one) => one.metadata.deployed && (!mode || one.metadata.evaluationMode === mode));
    assert.equal(deployed(asDownloaded, 'local').length, LOCAL_FLAGS);
    assert.equal(deployed(inFull).length, LOCAL_FLAGS + REMOTE_FLAGS);
    const sorted = topologicalSort(asDownloaded);
    const sortedInFull = topologicalSort(inFull);

    for (let start = 0; start < USERS; start += 8) {
      await Promise.all(users.slice(start, start + 8).map(async (user, i) => {
        const answers = await answersOf(key, user, start + i);
        const expected = judged(engine, sorted, user, members);
        const expectedInFull = judged(engine, sortedInFull, user, members);
        for (const flag of deployed(asDownloaded, 'local')) local.compare(flag, user, expected[flag.key], answers[flag.key]);
        for (const flag of deployed(inFull)) full.compare(flag, user, expectedInFull[flag.key], answers[flag.key]);
      }));
    }
  }
  console.log(`oracle: judged in ${Date.now() - began} ms, operators ${JSON.stringify([...operators].sort())}`);
  assert.ok(local.pairs >= PAIRS_LEAST);
  for (const comparison of [local, full]) {
    for (const name of ['individual-inclusions', 'flag-dependencies', 'All Other Users', 'Segment 1', 'default']) {
      assert.ok(comparison.reached.get(name) > 0, `nobody reached ${name}`);
    }
  }
  assert.ok(full.reached.get('sticky-bucketing') > 0, 'nobody stuck');
  for (const name of [...CONDITION_OPS.filter((one) => !one.startsWith('glob')), 'regex match', 'regex does not match',
    'version less', 'version greater or equal', 'set contains any', 'set does not contain any']) {
    assert.ok(operators.has(name), `no condition with ${name}`);
  }
  const failures = [local, full].map((one) => { try { one.report(); return undefined; } catch (error) { return error.message; } }).filter(Boolean);
  agent.destroy();
  assert.deepEqual(failures, []);
});
