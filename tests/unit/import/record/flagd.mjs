// SPDX-License-Identifier: Apache-2.0
//
// flagd - records what the vendor's own evaluator decides, for ../flagd_test.c to compare with.
//
//     npm install @openfeature/flagd-core@4.0.1 @openfeature/core
//     node flagd.mjs > ../flagd.json
//
// Every flag is asked with every context; `variant` is null where the program's own value is what
// it gets. Nothing here depends on the time but the flags that ask for it, whose instants lie far
// from today on both sides. Who is dealt a share is named in ASCII: this evaluator hashes units of
// UTF-16, the vendor's others bytes of UTF-8, as we do.
import { FlagdCore } from '@openfeature/flagd-core';

const quiet = { error() {}, warn() {}, info() {}, debug() {} };
const text = { red: '#f00', green: '#0f0', blue: '#00f' };
const onOff = { on: true, off: false };
const said = { true: 'yes', false: 'no', default: 'neither' };

const when = (condition) => ({ variants: onOff, defaultVariant: 'off', targeting: { if: [condition, 'on'] } });
const chosen = (targeting, extra = {}) => ({ variants: text, defaultVariant: 'red', targeting, ...extra });
const answer = (targeting) => ({ variants: said, defaultVariant: 'default', targeting });

const flags = {
  'plain': { variants: onOff, defaultVariant: 'on' },
  'plain-numbers': { variants: { small: 1, large: 100.5 }, defaultVariant: 'small', targeting: {} },
  'plain-objects': { variants: { a: { x: [1] }, b: {} }, defaultVariant: 'a', metadata: { team: 'web' } },
  'off': { state: 'DISABLED', variants: onOff, defaultVariant: 'on' },
  'no-default': { variants: onOff, defaultVariant: null, targeting: { if: [{ '===': [{ var: 'plan' }, 'pro'] }, 'on'] } },
  'no-default-but-always': { variants: onOff, targeting: { if: [{ '===': [{ var: 'plan' }, 'pro'] }, 'on', 'off'] } },
  'unknown-variant': chosen({ if: [{ '===': [{ var: 'plan' }, 'pro'] }, 'purple', 'green'] }),

  'equal-text': when({ '==': [{ var: 'plan' }, 'pro'] }),
  'equal-turned': when({ '==': ['pro', { var: ['plan'] }] }),
  'unequal': when({ '!=': [{ var: 'plan' }, 'pro'] }),
  'unequal-strictly': when({ '!==': [{ var: 'plan' }, 'pro'] }),
  'equal-null': when({ '==': [{ var: 'plan' }, null] }),
  'unequal-null': when({ '!=': [{ var: 'plan' }, null] }),
  'equal-zero': when({ '===': [{ var: 'age' }, 0] }),
  'equal-zero-loosely': when({ '==': [{ var: 'age' }, 0] }),
  'equal-false-loosely': when({ '==': [{ var: 'beta' }, false] }),
  'equal-true': when({ '===': [{ var: 'beta' }, true] }),
  'constants': when({ '==': ['a', 'a'] }),
  'own-key': when({ '==': [{ var: '$flagd.flagKey' }, 'own-key'] }),
  'below': when({ '<': [{ var: 'age' }, 18] }),
  'above': when({ '>': [{ var: 'age' }, 18] }),
  'above-negative': when({ '>': [{ var: 'age' }, -1] }),
  'at-least': when({ '>=': [{ var: 'age' }, 18] }),
  'at-most-zero': when({ '<=': [{ var: 'age' }, 0] }),
  'turned-order': when({ '<': [18, { var: 'age' }] }),
  'between': when({ '<': [10, { var: 'age' }, 30] }),
  'between-or-equal': when({ '<=': [18, { var: 'age' }, 18] }),
  'in-list': when({ in: [{ var: 'country' }, ['DE', 'FR', 'NO']] }),
  'in-numbers': when({ in: [{ var: 'age' }, [17, 18]] }),
  'in-nothing': when({ in: [{ var: 'country' }, []] }),
  'within-text': when({ in: ['@example.com', { var: 'email' }] }),
  'within-roles': when({ in: ['admin', { var: 'roles' }] }),
  'starts': when({ starts_with: [{ var: 'email' }, 'ann'] }),
  'ends': when({ ends_with: [{ var: 'email' }, '.com'] }),
  'missing': when({ missing: ['plan', 'age'] }),
  'nested-path': when({ '==': [{ var: 'company.name' }, 'Acme'] }),
  'shadowed-path': when({ '==': [{ var: 'attributes.plan' }, 'pro'] }),
  'targeting-key': when({ in: [{ var: 'targetingKey' }, ['u-1', 'u-3']] }),
  'truthy': when({ var: 'plan' }),
  'truthy-roles': when({ '!!': [{ var: 'roles' }] }),
  'falsy': when({ '!': { var: 'age' } }),
  'not': when({ '!': [{ or: [{ '==': [{ var: 'plan' }, 'pro'] }, { in: [{ var: 'country' }, ['DE']] }] }] }),
  'and-or': when({ and: [{ or: [{ '==': [{ var: 'plan' }, 'pro'] }, { '===': [{ var: 'beta' }, true] }] }, { '>=': [{ var: 'age' }, 18] }] }),
  'empty-and': when({ and: [{ '==': [{ var: 'plan' }, 'pro'] }] }),
  'if-in-condition': when({ if: [{ '==': [{ var: 'plan' }, 'pro'] }, { in: [{ var: 'country' }, ['DE']] }, { '===': [{ var: 'beta' }, true] }] }),
  'version-at-least': when({ sem_ver: [{ var: 'version' }, '>=', '1.2'] }),
  'version-below': when({ sem_ver: [{ var: 'version' }, '<', 'v2.0.0'] }),
  'version-unequal': when({ sem_ver: [{ var: 'version' }, '!=', '1.2.3'] }),
  'version-caret': when({ sem_ver: [{ var: 'version' }, '^', '1.2.3'] }),
  'version-tilde': when({ sem_ver: [{ var: 'version' }, '~', '1.2.3'] }),
  'reference': when({ and: [{ $ref: 'staff' }, { $ref: 'adult' }] }),
  'since-2001': when({ '>=': [{ var: '$flagd.timestamp' }, 1000000000] }),
  'from-2096': when({ and: [{ '>': [{ var: '$flagd.timestamp' }, 4000000000] }, { '==': [{ var: 'plan' }, 'pro'] }] }),
  'until-2096': when({ and: [{ '==': [{ var: 'plan' }, 'pro'] }, { '<': [1000000000, { var: '$flagd.timestamp' }, 4000000000] }] }),

  'branches': chosen({ if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'green', { in: [{ var: 'country' }, ['DE', 'NO']] }, 'blue', 'red'] }),
  'nested-branches': chosen({ if: [{ '>=': [{ var: 'age' }, 18] }, { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'green', { '==': [{ var: 'plan' }, 'free'] }, 'blue'] }, { if: [{ '===': [{ var: 'beta' }, true] }, 'blue', null] }] }),
  'ternary': chosen({ '?:': [{ '==': [{ var: 'plan' }, 'pro'] }, 'green', 'blue'] }),
  'literal': chosen('blue'),
  'answer-equal': answer({ '==': [{ var: 'plan' }, 'pro'] }),
  'answer-in': answer({ in: [{ var: 'country' }, ['DE']] }),
  'answer-not': answer({ '!': [{ '==': [{ var: 'plan' }, 'pro'] }] }),
  'answer-and': answer({ and: [{ '==': [{ var: 'plan' }, 'pro'] }, { '>': [{ var: 'age' }, 17] }] }),
  'answer-ends': answer({ ends_with: [{ var: 'email' }, '.com'] }),
  'answer-version': answer({ sem_ver: [{ var: 'version' }, '>=', '1.0.0'] }),
  'answer-chain': answer({ or: [{ '==': [{ var: 'plan' }, 'pro'] }, 'false'] }),
  'answer-chain-and': answer({ and: [{ '==': [{ var: 'plan' }, 'pro'] }, 'default'] }),

  'shares': chosen({ fractional: [['red', 20], ['green', 30], ['blue', 50]] }),
  'shares-of-1000': chosen({ fractional: [['red', 333], ['green', 333], ['blue', 334]] }),
  'shares-unweighted': chosen({ fractional: [['red'], ['green'], ['blue']] }),
  'shares-thirds': chosen({ fractional: [['red', 1], ['green', 1], ['blue', 1]] }),
  'shares-negative': chosen({ fractional: [['red', -5], ['green', 30], ['blue', 70]] }),
  'shares-all-zero': chosen({ fractional: [['green', 0], ['blue', 0]] }),
  'shares-with-null': chosen({ fractional: [[null, 50], ['blue', 50]] }),
  'shares-by-email': chosen({ fractional: [{ var: 'email' }, ['green', 50], ['blue', 50]] }),
  'shares-by-key-and-email': chosen({ fractional: [{ cat: [{ var: '$flagd.flagKey' }, { var: 'email' }] }, ['green', 50], ['blue', 50]] }),
  'shares-salted': chosen({ fractional: [{ cat: ['salt:', { var: 'targetingKey' }] }, ['green', 25], ['blue', 75]] }),
  'shares-in-branch': chosen({ if: [{ in: ['@example.com', { var: 'email' }] }, { fractional: [['green', 50], ['blue', 50]] }, 'red'] }),
  'shares-boolean': { variants: { true: true, false: false }, defaultVariant: 'false', targeting: { fractional: [[true, 10], [false, 90]] } },
};
for (const flag of Object.values(flags)) flag.state ??= 'ENABLED';

const people = [
  {},
  { plan: 'pro', age: 30, country: 'DE', email: 'ann@example.com', roles: ['admin'], beta: true, version: '1.2.3', company: { name: 'Acme' } },
  { plan: 'free', age: 18, country: 'FR', email: 'bo@example.org', roles: [], beta: false, version: '2.0.0-rc.1', company: {} },
  { plan: 'pro', age: 17, country: 'US', email: 'annika@shop.com', roles: ['editor', 'admin'], version: '1.2.3+build.5', attributes: { plan: 'pro' } },
  { plan: null, age: 0, country: '', email: '', roles: ['x'], beta: true, version: '0.9.0' },
  { plan: 'Pro', age: -3, country: 'NO', email: 'ANN@example.com', version: '1.9.12' },
  { age: 18.5, country: 'DE', version: '1.2.4-alpha', beta: false },
];
const contexts = people.map((person, index) => ({ targetingKey: `u-${index}`, ...person }));
for (let i = 0; i < 60; i++)
  contexts.push({ targetingKey: `user-${i}`, email: `someone${i}@${i % 2 ? 'example.com' : 'shop.org'}` });

const definition = {
  $schema: 'https://flagd.dev/schema/v0/flags.json',
  $evaluators: {
    staff: { in: ['@example.com', { var: 'email' }] },
    adult: { '>=': [{ var: 'age' }, 18] },
  },
  metadata: { flagSetId: 'shop', version: '7' },
  flags,
};
const source = JSON.stringify(definition);
const core = new FlagdCore(undefined, quiet);
core.setConfigurations(source);
const now = Date.now();

const cases = [];
for (const key of Object.keys(flags)) {
  const few = !key.startsWith('shares');
  for (const context of few ? contexts.slice(0, people.length + 2) : contexts) {
    // Compiled, this evaluator joins a missing attribute as "null"; interpreted, as nothing, as others do.
    if (key === 'shares-by-key-and-email' && context.email === undefined) continue;
    const flag = core.getFlag(key);
    const result = flag.state === 'DISABLED' ? {} : flag.evaluate(context, quiet);
    cases.push({ flag: key, context, now, variant: result.value === undefined ? null : result.variant });
  }
}
const rows = cases.map((one) => JSON.stringify(one)).join(',\n');
process.stdout.write(`{"about":"what @openfeature/flagd-core 4.0.1 decides; see record/flagd.mjs","documents":[{"name":"definition","vendor":"flagd",\n"text":${JSON.stringify(source)},\n"cases":[\n${rows}]}]}\n`);
