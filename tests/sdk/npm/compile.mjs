// SPDX-License-Identifier: Apache-2.0
//
// What a managed item must look like as a flag configuration, worked out a second time from what
// was written through the Management API and from nothing else: segment order, selectors,
// operators, weights to ranges, groups. Order that means nothing is taken out by canonical().

const BUILT_IN = new Set(['user_id', 'device_id', 'country', 'version', 'language', 'amplitude_id']);
const OFF = { key: 'off', metadata: { default: true } };
const TICKETS = 42949673;

export function selectorOf(prop) {
  if (prop === 'userdata_cohort') return ['context', 'user', 'cohort_ids'];
  return BUILT_IN.has(prop) ? ['context', 'user', prop] : ['context', 'user', 'user_properties', prop.replace(/^gp:/, '')];
}

function conditionOf({ prop, op, values }) {
  const cohorts = { is: 'set contains any', 'is not': 'set does not contain any' };
  const globs = { 'glob match': 'regex match', 'glob does not match': 'regex does not match' };
  const ordered = prop === 'version' && /^(less|greater)/.test(op) ? `version ${op}` : op;
  return { selector: selectorOf(prop), op: (prop === 'userdata_cohort' ? cohorts[op] : globs[op]) ?? ordered, values };
}

/** Weights to ranges: start = floor(42949672 a / W), end = ceil(42949673 b / W), in whole numbers. */
function distributionsOf(weights) {
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
  let before = 0;
  return weights.flatMap(([variant, weight]) => {
    const start = Number((BigInt(TICKETS - 1) * BigInt(before)) / BigInt(total));
    before += weight;
    const end = Number((BigInt(TICKETS) * BigInt(before) + BigInt(total - 1)) / BigInt(total));
    return weight === 0 ? [] : [{ variant, range: [start, end] }];
  });
}

function rolloutOf(item, name, percentage, rolloutWeights, bucketingKey, conditions) {
  let weights = item.variants.map(({ key }) => [key, rolloutWeights[key] ?? 0]);
  if (weights.every(([, weight]) => weight === 0)) weights = weights.map(([key]) => [key, 1]);
  const served = weights.filter(([, weight]) => weight > 0);
  const segment = { metadata: { segmentName: name }, variant: 'off' };
  if (conditions.length > 0) segment.conditions = [conditions.map(conditionOf)];
  if (percentage === 0 || served.length === 0) return segment;
  if (percentage === 100 && served.length === 1) return { ...segment, variant: served[0][0] };
  const selector = item.bucketingUnit === undefined || item.bucketingUnit === 'User'
    ? selectorOf(bucketingKey) : ['context', 'groups', item.bucketingUnit, 'group_name'];
  segment.bucket = { selector, salt: item.bucketingSalt, allocations: [{ range: [0, percentage], distributions: distributionsOf(weights) }] };
  return segment;
}

function inclusionOf({ variant, users, cohorts }) {
  const conditions = [];
  if (users.length > 0) {
    conditions.push([{ selector: selectorOf('user_id'), op: 'is', values: users }], [{ selector: selectorOf('device_id'), op: 'is', values: users }]);
  }
  if (cohorts.length > 0) conditions.push([{ selector: selectorOf('userdata_cohort'), op: 'set contains any', values: cohorts }]);
  return { conditions, metadata: { segmentName: 'individual-inclusions' }, variant };
}

/**
 * An item: {key, flagType, evaluationMode, deployed, enabled, variants, rolloutPercentage, rolloutWeights, bucketingKey,
 * bucketingSalt, bucketingUnit, targetSegments, inclusions: [{variant, users, cohorts}], parents: {key: [variants]},
 * stickyBucketing}. `inFull` asks for what eval_mode=remote gives, else remote items are stubs.
 */
export function compiled(item, inFull) {
  const metadata = { deployed: item.deployed, evaluationMode: item.evaluationMode, flagType: item.flagType };
  if (item.flagType === 'experiment') metadata.experimentKey = 'exp-1';
  const variants = Object.fromEntries(item.variants.map((one) =>
    [one.key, { key: one.key, value: one.key, ...('payload' in one ? { payload: one.payload } : {}) }]));
  const flag = { key: item.key, metadata, variants: { ...variants, off: OFF }, segments: [] };
  if (!item.enabled || (item.evaluationMode === 'remote' && !inFull)) {
    flag.segments.push({ metadata: { segmentName: 'default' }, variant: 'off' });
    return flag;
  }
  for (const { key } of item.variants) {
    const included = item.inclusions.find((one) => one.variant === key);
    if (included) flag.segments.push(inclusionOf(included));
  }
  const parents = Object.entries(item.parents);
  if (parents.length > 0) {
    flag.dependencies = parents.map(([key]) => key);
    flag.segments.push({ conditions: parents.map(([key, values]) => [{ selector: ['result', key, 'key'], op: 'is not', values }]),
      metadata: { segmentName: 'flag-dependencies' }, variant: 'off' });
  }
  if (item.stickyBucketing) {
    for (const { key } of item.variants) {
      flag.segments.push({ conditions: [[{ selector: ['context', 'user', 'user_properties', `[Experiment] ${item.key}`], op: 'is', values: [key] }]],
        metadata: { segmentName: 'sticky-bucketing' }, variant: key });
    }
  }
  for (const one of item.targetSegments) {
    flag.segments.push(rolloutOf(item, one.name, one.percentage, one.rolloutWeights, one.bucketingKey, one.conditions));
  }
  flag.segments.push(rolloutOf(item, 'All Other Users', item.rolloutPercentage, item.rolloutWeights, item.bucketingKey, []));
  return flag;
}

/** The same configuration, with orders that mean nothing settled and the growing version left out. */
export function canonical(flag) {
  const copy = structuredClone(flag);
  delete copy.metadata.flagVersion;
  copy.dependencies?.sort();
  if (copy.metadata.flagType.endsWith('-group')) Object.values(copy.variants).forEach((one) => one.payload?.flagIds.sort());
  for (const segment of copy.segments) {
    if (segment.metadata.segmentName !== 'flag-dependencies') continue;
    segment.conditions.forEach(([one]) => one.values.sort());
    segment.conditions.sort(([left], [right]) => (left.selector[1] < right.selector[1] ? -1 : 1));
  }
  return copy;
}

/** Whether a glob means a text: `?` one character but `/`, `*` any run without it, `**` any run, classes, alternatives, `\`. */
export function globMeans(glob, text) {
  const marks = [...glob];
  const tail = (from) => marks.slice(from).join('');
  if (marks.length === 0) return text === '';
  const [first, ...rest] = [...text];
  const [mark, next] = marks;
  if (mark === '*') {
    const isDeep = next === '*';
    if (globMeans(tail(isDeep ? 2 : 1), text)) return true;
    return first !== undefined && (isDeep ? first !== '\n' : first !== '/') && globMeans(glob, rest.join(''));
  }
  if (mark === '{') {
    const end = marks.indexOf('}');
    return marks.slice(1, end).join('').split(',').some((one) => globMeans(one + tail(end + 1), text));
  }
  if (first === undefined) return false;
  if (mark === '?') return first !== '/' && globMeans(tail(1), rest.join(''));
  if (mark === '[') {
    const end = marks.indexOf(']');
    const isNegated = next === '!';
    const inside = marks.slice(isNegated ? 2 : 1, end).join('').replace(/(.)-(.)/gu, (_, from, to) =>
      Array.from({ length: to.codePointAt(0) - from.codePointAt(0) + 1 }, (__, i) => String.fromCodePoint(from.codePointAt(0) + i)).join(''));
    return inside.includes(first) !== isNegated && globMeans(tail(end + 1), rest.join(''));
  }
  if (mark === '\\') return first === next && globMeans(tail(2), rest.join(''));
  return first === mark && globMeans(tail(1), rest.join(''));
}
