// SPDX-License-Identifier: Apache-2.0
//
// Random flags, as a Management API client may write them, and random users to ask about them.
// Everything comes from one seed. Values are picked so that conditions meet properties often, and
// so that text, numbers, versions, lists and their odd cousins all come by.

export const CONDITION_OPS = ['is', 'is not', 'contains', 'does not contain', 'less', 'less or equal', 'greater',
  'greater or equal', 'set is', 'set is not', 'set contains', 'set does not contain', 'glob match', 'glob does not match'];

const TEXT_OPS = ['is', 'is not', 'contains', 'does not contain'];
const ORDER_OPS = ['less', 'less or equal', 'greater', 'greater or equal'];
const SET_OPS = ['set is', 'set is not', 'set contains', 'set does not contain'];
const GLOB_OPS = ['glob match', 'glob does not match'];

const COUNTRIES = ['Norway', 'Iceland', 'Chile', 'Côte d’Ivoire', '日本', 'norway', ''];
const PLANS = ['free', 'pro', 'Pro', 'team plus', 'true', 'TRUE', 'false', '(none)', 'ünïcode 🦊', '[', '["free","pro"]', '{"a":1}'];
const NUMBERS = ['0', '1', '-1', '1.5', '10', '9', '100', '1e3', '0x10', '5.', '.5', '1000000'];
// Of those, the ones every engine reads alike: others are refused where numbers are compared.
const PLAIN_NUMBERS = NUMBERS.filter((one) => !one.startsWith('0x'));
const VERSIONS = ['1.2', '1.2.3', '1.10.0', '01.2.3', '2.0.0', '2.0.0-beta', '2.0.0-beta.10', '2.0.0-beta.2', '10.0.1', '1.2.4'];
const TAGS = ['a', 'b', 'c', 'true', 'FALSE', 'ü', 'a b'];
const GLOBS = ['*', '**', 'p*', '?ro', '[pt]*', '[!f]*', '{free,pro}', 'team*', 'a/*', 'a/**', '*.*', 'f[a-r]ee', '*plus', 'no\\*'];
export const PATHS = ['a/b', 'a/b/c', 'free', 'pro', 'tro', 'team plus', 'x.y', '', 'no*', 'a', 'f.ee', 'frée', 'a\nb'];
const COHORTS = ['c0000001', 'c0000002', 'c0000003'];

/** mulberry32: small, quick, and the same everywhere. */
export function randomFrom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = (count) => Math.floor(next() * count);
  const pick = (list) => list[below(list.length)];
  const chance = (odds) => next() < odds;
  const some = (list, most) => {
    const left = [...list];
    return Array.from({ length: 1 + below(most) }, () => left.splice(below(left.length), 1)[0]);
  };
  const text = (length) => Array.from({ length }, () => pick('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789')).join('');
  return { next, below, pick, chance, some, text };
}

// ---- flags ------------------------------------------------------------------------------------

function condition(random) {
  const at = (prop, ops, values, most = 3) => ({ type: 'property', prop, op: random.pick(ops), values: random.some(values, most) });
  return random.pick([
    () => at('country', TEXT_OPS, COUNTRIES),
    () => at('gp:plan', TEXT_OPS, PLANS),
    () => at('gp:plan', TEXT_OPS, [...NUMBERS, ...PLANS]),
    () => at('gp:score', ORDER_OPS, PLAIN_NUMBERS, 2),
    () => at('gp:score', TEXT_OPS, NUMBERS),
    () => at('version', ORDER_OPS, VERSIONS, 2),
    () => at('gp:tags', SET_OPS, TAGS),
    () => at('gp:tags', TEXT_OPS, TAGS),
    () => at('gp:path', GLOB_OPS, GLOBS, 2),
    () => at('device_id', TEXT_OPS, ['d-1', 'd-2', 'd'], 2),
    () => at('gp:missing', [...TEXT_OPS, ...SET_OPS], ['(none)', 'x'], 2),
    () => at('gp:nested', TEXT_OPS, ['{"deep":[1,2]}', '{"deep":{"er":"x"}}', 'deep'], 2),
    () => at('userdata_cohort', ['is', 'is not'], COHORTS, 2),
    () => at('language', ['is', 'contains'], ['English', 'nor', 'ISH'], 2),
  ])();
}

const weightsOf = (random, variants) => Object.fromEntries(variants.map(({ key }) => [key, random.pick([0, 1, 1, 2, 7, 33, 99])]));
const percentageOf = (random) => random.pick([0, 1, 25, 50, 50, 90, 99, 100, 100, 100]);
const bucketingKeyOf = (random) => random.pick(['user_id', 'user_id', 'device_id', 'gp:bucket', 'amplitude_id']);

function payload(random) {
  return random.pick([undefined, undefined, { hex: '#088', n: [1, 2.5, null, true] }, ['a', { b: 'c' }], 'text', 12.25, true, false, 0, '', [], {}]);
}

function variantsOf(random) {
  return random.some(['on', 'control', 'treatment', 'b-2', 'long_name', 'x'], 4).map((key) => {
    const load = payload(random);
    return load === undefined ? { key } : { key, payload: load };
  });
}

function segment(random, variants, index, isByPerson) {
  return {
    name: random.pick([`Segment ${index}`, `Ségment "${index}"`, `seg/${index}`]),
    conditions: Array.from({ length: random.pick([0, 1, 1, 2, 3]) }, () => condition(random)),
    percentage: percentageOf(random), rolloutWeights: weightsOf(random, variants),
    ...(isByPerson ? { bucketingKey: bucketingKeyOf(random) } : {}),
  };
}

/** One flag or experiment: what to create it with, what to edit, whom to include. */
export function randomItem(random, key, mode) {
  const resource = random.chance(0.5) ? 'flags' : 'experiments';
  const variants = variantsOf(random);
  const isByPerson = random.chance(0.9);
  const inclusions = random.chance(0.3)
    ? variants.slice(0, 2).map((variant) => ({ variant: variant.key, users: random.some(['u-1', 'u-2', 'u-3', 'd-1', 'd-2'], 3),
      cohorts: random.chance(0.3) ? random.some(COHORTS, 2) : [] }))
    : [];
  return {
    key, resource, inclusions, isDormant: random.chance(0.07),
    create: { evaluationMode: mode, variants, bucketingKey: bucketingKeyOf(random), rolloutWeights: weightsOf(random, variants),
      targetSegments: Array.from({ length: random.pick([0, 1, 1, 2, 3]) }, (_, i) => segment(random, variants, i + 1, isByPerson)) },
    edit: {
      enabled: true, rolloutPercentage: percentageOf(random), bucketingSalt: random.text(8),
      ...(isByPerson ? {} : { bucketingUnit: 'org' }),
      ...(resource === 'experiments' && mode === 'remote' && random.chance(0.4) ? { stickyBucketing: true } : {}),
    },
  };
}

// ---- users ------------------------------------------------------------------------------------

function oddly(random, usual) {
  return random.pick([...usual, ...usual, ...usual, '', null, 0, 1, -0, 1.5, 1e21, 1e-7, 123456789012, true, false, [], ['a', ''], {},
    { deep: [1, 2] }, '[1,2]', '["a","b"]', '[broken', 'true', 'tRuE', 'NaN', 'Infinity', ' 5 ', '0x10', 'İstanbul']);
}

const numberOf = (random) => random.pick([() => random.pick(NUMBERS), () => Number(random.pick(NUMBERS)), () => random.below(20), () => random.next() * 1000,
  () => ' 5 ', () => '5,0', () => '１', () => '1_0', () => '-Infinity', () => [1, '9'], () => ''])();

function tagsOf(random) {
  return random.pick([() => random.some(TAGS, 3), () => random.some(TAGS, 5), () => JSON.stringify(random.some(TAGS, 2)), () => [], () => ['a', 'a', 'b'],
    () => [1, true, null, ''], () => 'a', () => [['a'], { b: 1 }]])();
}

/** `stuck` are flag keys whose stored assignment may come along, for sticky bucketing. */
export function randomUser(random, index, stuck) {
  const user = { amplitude_id: String(7_000_000 + index * 13), user_properties: {} };
  const maybe = (odds, name, value, into = user) => { if (random.chance(odds)) into[name] = value(); };
  maybe(0.95, 'user_id', () => (random.chance(0.08) ? random.pick(['u-1', 'u-2', 'u-3', '']) : random.chance(0.1) ? `пользователь-${index}🦊` : `user-${index}`));
  maybe(0.85, 'device_id', () => (random.chance(0.1) ? random.pick(['d-1', 'd-2']) : `device-${random.text(6)}`));
  maybe(0.8, 'country', () => random.pick(COUNTRIES));
  maybe(0.7, 'version', () => random.pick([...VERSIONS, ...VERSIONS, '1.2.3-', '1', 'v1.2', '1.2.3+4', '1.2.', '', 'latest']));
  maybe(0.4, 'language', () => random.pick(['English', 'Norwegian', '', null]));
  maybe(0.3, 'cohort_ids', () => random.some(COHORTS, 3));
  const has = user.user_properties;
  maybe(0.8, 'plan', () => oddly(random, PLANS), has);
  maybe(0.85, 'score', () => (random.chance(0.15) ? oddly(random, NUMBERS) : numberOf(random)), has);
  maybe(0.8, 'tags', () => (random.chance(0.15) ? oddly(random, TAGS) : tagsOf(random)), has);
  maybe(0.8, 'path', () => random.pick(PATHS), has);
  maybe(0.8, 'bucket', () => random.pick([random.text(5), random.text(5), '', 17, true, 1e21, ['x'], { y: 1 }]), has);
  maybe(0.3, 'nested', () => random.pick([{ deep: [1, 2] }, { deep: { er: 'x' } }, { 10: 'a', 9: 'b' }, 'deep']), has);
  maybe(0.5, 'groups', () => ({ org: random.pick([[`org-${random.below(40)}`], ['acme', 'second'], []]) }));
  for (const { key, variants } of stuck) {
    maybe(0.3, `[Experiment] ${key}`, () => random.pick([...variants, 'off', 'unheard-of']), has);
  }
  return user;
}
