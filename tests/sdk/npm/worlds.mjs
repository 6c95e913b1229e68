// SPDX-License-Identifier: Apache-2.0
//
// Random documents of LaunchDarkly and Unleash, random contexts, and what the vendor's own SDK says
// of each: a stub on the loopback serves it the document, as its service would. A world is
//
//   {importer, engine, document, flags: [key], cases: [{key, attributes, values: [value of flag i]}]}
//
// where null stands for no value of the document's. What an import leaves out or says to be lost is
// not in these documents. `node worlds.mjs launchdarkly|unleash SEED [FLAGS] [CASES]` prints one.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { randomFrom } from './generate.mjs';

const require = createRequire(import.meta.url);
const engineOf = (name) => {
  const { version } = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url)));
  return `${name} ${version}`;
};
const list = (count, make) => Array.from({ length: count }, (_, i) => make(i));

/** Answers `path` with the document and everything else with nothing; runs `use` meanwhile. */
async function serving(path, document, use) {
  const stub = http.createServer((request, response) => {
    const isAsked = request.url.split('?')[0] === path;
    response.writeHead(isAsked ? 200 : 202, { 'Content-Type': 'application/json' });
    response.end(isAsked ? JSON.stringify(document) : '{}');
  });
  await new Promise((ready) => stub.listen(0, '127.0.0.1', ready));
  try {
    return await use(`http://127.0.0.1:${stub.address().port}`);
  } finally {
    stub.closeAllConnections();
    stub.close();
  }
}

// ---- LaunchDarkly -----------------------------------------------------------------------------

const EMAILS = ['ann@acme.com', 'bob@acme.com', 'eve@example.org', 'zoë@exämple.org', 'Ann@ACME.com'];
const PLANS = ['free', 'pro', 'team', 'Pro', '', 'true'];
const VERSIONS = ['1.2.3', '1.10.0', '2.0.0', '2.0.0-beta.2', '2.0.0-beta.10', '10.0.1', '1.2.3+build', 'nonsense', ''];
const MOMENTS = ['2024-01-01T00:00:00Z', '2024-06-15T12:30:00.250Z', '2025-01-01T00:00:00+02:00', 1704067200000, 1718454600000, 1735682400001];
const TIERS = ['gold', 'silver', 'bronze'];
const KEYS = list(40, (i) => `user-${i}`);
const VALUES = {
  boolean: [true, false],
  string: ['red', 'green', 'blue', 'a b'],
  number: [1, 2.5, -3, 0],
  object: [{ a: 1 }, { a: [1, 2] }, { b: null }, ['x']],
};

function clause(random, segments) {
  const at = (attribute, op, values, most = 2, more = {}) => ({ attribute, op, values: random.some(values, Math.min(most, values.length)), negate: random.chance(0.3), contextKind: 'user', ...more });
  const org = { contextKind: 'org' };
  return random.pick([
    () => at('email', random.pick(['in', 'startsWith', 'endsWith', 'contains']), [...EMAILS, '@acme.com', 'ann', 'zoë', '.', 7], 3),
    () => at('email', 'matches', ['^a', 'acme\\.com$', '[bz]o[bë]', '^[^@]+@acme', '\\@example'], 2),
    () => at('plan', 'in', [...PLANS, 1, true], 3),
    () => at('age', random.pick(['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual']), [0, 18, 21.5, 40, '30'], 2),
    () => at('age', 'in', [18, 40, '40', 21.5], 2),
    () => at('version', random.pick(['semVerEqual', 'semVerLessThan', 'semVerGreaterThan']), [...VERSIONS, '2', '1.2'], 2),
    () => at('since', random.pick(['before', 'after']), MOMENTS, 2),
    () => at('tags', 'in', ['a', 'b', 'c', 1], 2),
    () => at('beta', 'in', [true, false, 'true'], 1),
    () => at('/address/city', 'in', ['Oslo', 'Rome'], 1),
    () => at('/we~1ird~0', 'in', ['x', 'y'], 1),
    () => at('anonymous', 'in', [true, false], 1),
    () => at('key', 'in', KEYS, 8),
    () => at('tier', random.pick(['in', 'startsWith']), TIERS, 2, org),
    () => at('key', 'in', ['org-1', 'org-2'], 1, org),
    () => at('seats', random.pick(['lessThan', 'greaterThan']), [10, 50], 1, org),
    () => at('kind', 'in', ['org', 'user', 'device'], 1),
    () => at('plan', 'unheardOf', PLANS, 1),
    () => ({ ...at('key', 'segmentMatch', [...segments, 'nowhere'], 2), attribute: '' }),
    () => { const { contextKind, ...legacy } = at('we/ird~', 'in', ['x', 'y'], 1); return legacy; },
  ])();
}

const clauses = (random, segments) => list(random.below(3) + (random.chance(0.1) ? 0 : 1), () => clause(random, segments));

function segment(random, key, older) {
  const rules = list(random.below(3), () => ({ clauses: clauses(random, older), ...(random.chance(0.2) ? { weight: random.pick([0, 100000]) } : {}) }));
  const targets = (count) => list(random.below(count), () => ({ contextKind: 'org', values: random.some(['org-0', 'org-1', 'org-2'], 2) }));
  return { key, version: 1, salt: random.text(6), deleted: false, unbounded: false, rules,
    included: random.some(KEYS, 6), excluded: random.some(KEYS, 6), includedContexts: targets(2), excludedContexts: targets(2) };
}

function weights(random, count) {
  const parts = list(count, () => random.below(5) === 0 ? 0 : random.below(100000));
  const total = Math.max(1, parts.reduce((sum, one) => sum + one, 0));
  return parts.map((one) => Math.floor((one / total) * (random.chance(0.8) ? 100000 : 70000)));
}

function rollout(random, count) {
  const shares = weights(random, count).map((weight, variation) => ({ variation, weight }));
  const isExperiment = random.chance(0.4);
  if (isExperiment) shares.push(...shares.map((one) => ({ ...one, untracked: true })), { variation: 0, weight: 0, untracked: true });
  if (isExperiment) shares.forEach((one) => { one.weight = Math.floor(one.weight / 2); });
  const by = random.pick([{}, {}, { contextKind: 'user' }, { contextKind: 'org' }, { contextKind: 'user', bucketBy: 'plan' }, { contextKind: 'user', bucketBy: 'age' },
    { contextKind: 'user', bucketBy: '/address/city' }, { contextKind: 'org', bucketBy: 'tier' }, { bucketBy: 'email' }]);
  return { rollout: { ...(isExperiment ? { kind: 'experiment' } : { kind: 'rollout' }), ...by, ...(random.chance(0.3) ? { seed: 1 + random.below(1000) } : {}), variations: shares } };
}

function flag(random, key, segments, older) {
  const type = random.pick(Object.keys(VALUES));
  const variations = type === 'boolean' ? VALUES.boolean : random.some(VALUES[type], 4);
  const any = () => random.below(variations.length);
  const choice = () => (random.chance(0.5) ? { variation: any() } : rollout(random, variations.length));
  const targets = random.chance(0.4) ? list(2, (i) => ({ variation: i % variations.length, values: random.some(KEYS, 5) })) : [];
  const contextTargets = random.chance(0.3) ? [{ contextKind: 'org', variation: any(), values: ['org-1'] }, { contextKind: 'user', variation: any(), values: [] }] : [];
  const prerequisites = older.length > 0 && random.chance(0.3) ? random.some(older, Math.min(2, older.length)).map((one) => ({ key: one.key, variation: random.below(one.variations.length) })) : [];
  return { key, version: 1, on: random.chance(0.85), offVariation: any(), variations, salt: random.text(8), targets, contextTargets, prerequisites,
    rules: list(random.below(4), (i) => ({ id: `${key}-r${i}`, clauses: clauses(random, segments), ...choice() })), fallthrough: choice(),
    clientSideAvailability: { usingEnvironmentId: random.chance(0.3), usingMobileKey: false }, deleted: false };
}

function launchDarklyContext(random) {
  const key = random.chance(0.7) ? random.pick(KEYS) : `visitor-${random.below(100000)}`;
  const user = {};
  const give = (name, values, odds = 0.7) => { if (random.chance(odds)) user[name] = random.pick(values); };
  give('email', EMAILS);
  give('plan', [...PLANS, null, 1]);
  give('age', [17, 18, 21.5, 40, 65, '40']);
  give('version', VERSIONS);
  give('since', MOMENTS);
  give('tags', [['a'], ['a', 'b'], [1, 'c'], []]);
  give('beta', [true, false, 'true']);
  give('address', [{ city: 'Oslo' }, { city: 'Rome', zip: 1 }, {}, 'nowhere']);
  give('we/ird~', ['x', 'y', 'z']);
  give('anonymous', [true, false], 0.4);
  const org = random.chance(0.5) ? { key: random.pick(['org-0', 'org-1', 'org-2']), ...(random.chance(0.7) ? { tier: random.pick(TIERS) } : {}), seats: random.below(60) } : undefined;
  const theirs = org === undefined ? { kind: 'user', key, ...user } : { kind: 'multi', user: { key, ...user }, org };
  return { theirs, key, attributes: { ...user, ...(org === undefined ? {} : { org }) } };
}

/** Prerequisites whose off variation is asked for, of a flag with prerequisites itself: the one case an import says is lost. */
function withoutChainsOfOff(flags) {
  const byKey = new Map(flags.map((one) => [one.key, one]));
  for (const one of flags) {
    one.prerequisites = one.prerequisites.filter(({ key, variation }) => byKey.get(key).prerequisites.length === 0 || byKey.get(key).offVariation !== variation);
  }
}

export async function launchDarklyWorld(seed, flagCount, caseCount) {
  const { init } = require('@launchdarkly/node-server-sdk');
  const random = randomFrom(seed);
  const segments = [];
  for (let i = 0; i < 8; i++) segments.push(segment(random, `segment-${i}`, segments.map((one) => one.key)));
  const flags = [];
  for (let i = 0; i < flagCount; i++) flags.push(flag(random, `flag-${i}`, segments.map((one) => one.key), flags));
  withoutChainsOfOff(flags);
  const byKey = (items) => Object.fromEntries(items.map((one) => [one.key, one]));
  const document = structuredClone({ flags: byKey(flags), segments: byKey(segments) });
  return serving('/sdk/latest-all', document, async (url) => {
    const quiet = { error() {}, warn() {}, info() {}, debug() {} };
    const client = init('sdk-key', { baseUri: url, streamUri: url, eventsUri: url, stream: false, sendEvents: false, diagnosticOptOut: true, logger: quiet });
    try {
      await client.waitForInitialization({ timeout: 10 });
      const cases = [];
      for (let i = 0; i < caseCount; i++) {
        const { theirs, key, attributes } = launchDarklyContext(random);
        const details = await Promise.all(flags.map((one) => client.variationDetail(one.key, theirs, null)));
        cases.push({ key, attributes, values: details.map((detail) => (detail.reason.kind === 'ERROR' ? null : detail.value)) });
      }
      return { importer: 'launchdarkly', engine: engineOf('@launchdarkly/node-server-sdk'), document, flags: flags.map((one) => one.key), cases };
    } finally {
      client.close();
    }
  });
}

// ---- Unleash ----------------------------------------------------------------------------------

const REGIONS = ['eu', 'us', 'EU', 'eu-west', 'west-eu', 'ünï', 'true', 'TRUE', 'Straße', 'a.c', 'abc', '  us  '];
const SCORES = ['0', '1', '-1', '1.5', '10', '9', '1e3', '0x10', '5.', 'many', ''];
const RELEASES = ['1.2.3', '1.10.0', '2.0.0', '10.0.1', 'v1.2.3', '1.2', '01.2.3', 'nonsense'];
const ADDRESSES = ['10.0.0.1', '10.127.3.4', '10.128.0.1', '192.168.1.77', '192.168.2.1', '172.16.5.4', '8.8.8.8', '255.255.255.255'];
const RANGES = ['10.0.0.0/9', '10.0.0.0/8', '192.168.1.0/24', '192.168.1.64/26', '172.16.0.0/12', '8.8.8.8', '0.0.0.0/0', '192.168.0.0/23', '10.0.0.1/32'];
const INSTANTS = ['2020-01-01T00:00:00.000Z', '2021-06-15T12:00:00.000Z', '2090-01-01T00:00:00.000Z', '2095-01-01T00:00:00.000Z'];

function constraint(random) {
  const inverted = random.chance(0.25);
  const several = (contextName, operator, values, most = 3) => ({ contextName, operator, values: random.some(values, most), inverted, caseInsensitive: false });
  const one = (contextName, operator, values) => ({ contextName, operator, value: random.pick(values), values: [], inverted });
  return random.pick([
    () => several('region', random.pick(['IN', 'NOT_IN']), REGIONS),
    () => ({ ...several('region', random.pick(['STR_STARTS_WITH', 'STR_ENDS_WITH', 'STR_CONTAINS']), [...REGIONS, 'u', 'e', '-', '.', 'a.c']), caseInsensitive: false }),
    () => ({ ...several('region', random.pick(['STR_STARTS_WITH', 'STR_ENDS_WITH', 'STR_CONTAINS']), ['EU', 'us', 'WEST', 'u-w', 'A.C', 'k']), caseInsensitive: true }),
    () => one('score', random.pick(['NUM_EQ', 'NUM_GT', 'NUM_GTE', 'NUM_LT', 'NUM_LTE']), ['0', '1', '1.5', '10', '-1', '1000', '16', 'none']),
    () => one('release', random.pick(['SEMVER_EQ', 'SEMVER_GT', 'SEMVER_LT', 'SEMVER_GTE', 'SEMVER_LTE']), ['1.2.3', '2.0.0', '1.9.9']),
    () => one('currentTime', random.pick(['DATE_AFTER', 'DATE_BEFORE']), INSTANTS),
    () => one('region', 'REGEX', ['^e', 'u$', 'w[aei]st', '^(eu|us)$', 'a.c']),
    () => several('remoteAddress', 'IN_CIDR', RANGES, 2),
    () => several('userId', random.pick(['IN', 'NOT_IN']), KEYS, 10),
    () => several('appName', 'IN', ['shop', 'admin'], 1),
    () => several('region', 'UNHEARD_OF', REGIONS, 1),
    () => ({ contextName: 'region', operator: random.pick(['IN', 'NOT_IN']), values: [], inverted }),
  ])();
}

// Whoever is dealt by a field has ASCII in it: this SDK hashes units of UTF-16, the vendor's others bytes of UTF-8, as we do.
const STICKINESS = ['default', 'default', 'default', 'userId', 'sessionId', 'tenant'];

function variants(random, stickiness, withOverrides) {
  return random.some(['red', 'green', 'blue', 'on', 'enabled'], 3).map((name, i) => ({ name, weight: random.pick([0, 1, 250, 333, 500, 1000]), weightType: 'variable', stickiness,
    ...(random.chance(0.6) ? { payload: random.pick([{ type: 'string', value: `p-${name}` }, { type: 'json', value: `{"c":"${name}"}` }, { type: 'number', value: '7' }]) } : {}),
    ...(withOverrides && random.chance(0.4) ? { overrides: [{ contextName: random.pick(['userId', 'region']), values: [...random.some(KEYS, 3), 'eu'] }] } : {}), sortOrder: i }));
}

function strategy(random, name, segments) {
  const stickiness = random.pick(STICKINESS);
  const groupId = random.chance(0.7) ? name : random.text(5);
  const rollout = String(random.pick([0, 1, 10, 33, 50, 50, 75, 99, 100, 100]));
  const common = { constraints: list(random.below(3), () => constraint(random)), segments: random.chance(0.25) ? random.some(segments, 2) : [] };
  return random.pick([
    () => ({ name: 'flexibleRollout', parameters: { rollout, stickiness, groupId }, ...common }),
    () => ({ name: 'flexibleRollout', parameters: { rollout, stickiness, groupId }, ...common, variants: variants(random, stickiness, false) }),
    () => ({ name: 'default', parameters: {}, ...common }),
    () => ({ name: 'userWithId', parameters: { userIds: random.some(KEYS, 6).join(', ') }, ...common }),
    () => ({ name: 'gradualRolloutUserId', parameters: { percentage: rollout, groupId }, ...common }),
    () => ({ name: 'gradualRolloutSessionId', parameters: { percentage: rollout, groupId }, ...common }),
    () => ({ name: 'remoteAddress', parameters: { IPs: random.some(RANGES, 2).join(',') }, ...common }),
    () => ({ name: 'ourOwnStrategy', parameters: {}, ...common }),
  ])();
}

function feature(random, name, segments, parents) {
  const strategies = list(random.chance(0.1) ? 0 : 1 + random.below(3), () => strategy(random, name, segments));
  // The feature's variants are dealt by the default stickiness and its name: where a rollout is not, the import says they are dealt anew.
  const isDealtAlike = strategies.every((one) => (one.variants ?? []).some((each) => each.weight > 0) || !('rollout' in one.parameters || 'percentage' in one.parameters)
    || (one.parameters.groupId === name && ['default', 'userId'].includes(one.parameters.stickiness ?? 'userId')
    && one.name !== 'gradualRolloutSessionId'));
  const dependencies = parents.length > 0 && random.chance(0.25) ? [random.pick(parents)].map((parent) => {
    const names = [...(parent.variants ?? []), ...parent.strategies.flatMap((one) => one.variants ?? [])].map((one) => one.name);
    return { feature: parent.name, enabled: random.chance(0.7), ...(names.length > 0 && random.chance(0.5) ? { variants: random.some(names, 2) } : {}) };
  }) : [];
  return { name, type: 'release', enabled: random.chance(0.85), stale: false, project: 'default', description: '', impressionData: false, strategies,
    variants: isDealtAlike && random.chance(0.5) ? variants(random, random.pick(['default', 'userId']), true) : [], dependencies };
}

function unleashContext(random) {
  const userId = random.chance(0.7) ? random.pick(KEYS) : `visitor-${random.below(100000)}`;
  const properties = {};
  const give = (name, values) => { if (random.chance(0.75)) properties[name] = random.pick(values); };
  give('region', REGIONS);
  give('tenant', list(50, (i) => `tenant-${i}`));
  give('score', [...SCORES, 3, 1.5]);
  give('release', RELEASES);
  const known = { appName: random.pick(['shop', 'admin', 'other']) };
  if (random.chance(0.8)) known.sessionId = `s-${random.below(1000)}`;
  if (random.chance(0.8)) known.remoteAddress = random.pick(ADDRESSES);
  return { theirs: { userId, ...known, properties }, key: userId, attributes: { ...known, ...properties } };
}

/** As the import says it: `true` and `false`, or a variant's name, `enabled`, `disabled`. */
function unleashValue(client, one, context) {
  const hasVariants = (one.variants ?? []).length > 0 || one.strategies.some((each) => (each.variants ?? []).length > 0);
  const isEnabled = client.isEnabled(one.name, context);
  if (!hasVariants) return isEnabled;
  const variant = client.getVariant(one.name, context);
  if (variant.enabled) return variant.name;
  return isEnabled ? 'enabled' : 'disabled';
}

export async function unleashWorld(seed, featureCount, caseCount) {
  const { Unleash } = require('unleash-client');
  const random = randomFrom(seed);
  const segments = list(5, (i) => ({ id: i + 1, name: `segment-${i}`, constraints: list(1 + random.below(2), () => constraint(random)) }));
  const features = [];
  for (let i = 0; i < featureCount; i++) {
    features.push(feature(random, `feature-${i}`, segments.map((one) => one.id), features.filter((one) => one.dependencies.length === 0)));
  }
  const document = structuredClone({ version: 2, features, segments });
  return serving('/api/client/features', document, async (url) => {
    const client = new Unleash({ url: `${url}/api`, appName: 'worlds', refreshInterval: 3_600_000, disableMetrics: true, disableAutoStart: true, storageProvider: { set: async () => {}, get: async () => undefined } });
    client.on('error', (error) => { throw error; });
    client.on('warn', () => {});
    try {
      const isReady = new Promise((ready) => { client.once('synchronized', ready); });
      await client.start();
      await isReady;
      const cases = [];
      for (let i = 0; i < caseCount; i++) {
        const { theirs, key, attributes } = unleashContext(random);
        cases.push({ key, attributes, values: features.map((one) => unleashValue(client, one, theirs)) });
      }
      return { importer: 'unleash', engine: engineOf('unleash-client'), document, flags: features.map((one) => one.name), cases };
    } finally {
      client.destroy();
    }
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const make = { launchdarkly: launchDarklyWorld, unleash: unleashWorld }[process.argv[2]];
  assert.ok(make, 'node worlds.mjs launchdarkly|unleash SEED [FLAGS] [CASES]');
  const world = await make(Number(process.argv[3] ?? 1), Number(process.argv[4] ?? 30), Number(process.argv[5] ?? 100));
  process.stdout.write(`${JSON.stringify(world)}\n`);
}
