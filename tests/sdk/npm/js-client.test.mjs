// SPDX-License-Identifier: Apache-2.0
//
// @amplitude/experiment-js-client as it runs on a server or in a worker: its HTTP client is Node's
// fetch, its storage a map. What a browser adds is in browser.test.mjs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import client from '@amplitude/experiment-js-client';
import { clientKey, essence, quiet, recorder } from './town.mjs';

const { Experiment, LogLevel, Source } = client;
let proxy;
let made = 0;

const kept = new Map();
globalThis.localStorage ??= {
  getItem: (name) => kept.get(name) ?? null,
  setItem: (name, value) => kept.set(name, String(value)),
  removeItem: (name) => kept.delete(name),
};

const fetchShim = {
  async request(url, method, headers, body, timeoutMillis) {
    const answer = await fetch(url, { method, headers, body: body ?? undefined, signal: AbortSignal.timeout(timeoutMillis ?? 10_000) });
    return { status: answer.status, body: await answer.text() };
  },
};

before(async () => { proxy = await recorder(); });
after(() => proxy.close());

function experiment(more = {}) {
  return Experiment.initialize(more.key ?? clientKey, {
    serverUrl: proxy.url, flagsServerUrl: proxy.url, instanceName: `js-${++made}`, httpClient: fetchShim, throwOnError: true,
    pollOnStart: false, logLevel: LogLevel.Disable, loggerProvider: quiet, ...more,
  });
}

test('start fetches variants and flags; remote and local flags both answer', async () => {
  const sdk = experiment();
  await sdk.start({ user_id: 'ann', country: 'Norway' });
  assert.deepEqual(essence(sdk.variant('colour-remote')), { key: 'treatment', value: 'treatment', payload: { hex: '#088' } });
  assert.deepEqual(essence(sdk.variant('colour')), { key: 'treatment', value: 'treatment', payload: { hex: '#088' } });
  assert.equal(sdk.variant('colour-remote').expKey, 'exp-1');
  const all = sdk.all();
  assert.equal(all['colour-remote'].value, 'treatment');
});

test('a flag without a variant is the fallback', async () => {
  const sdk = experiment();
  await sdk.start({ user_id: 'ann' });
  assert.equal(sdk.variant('dormant', { value: 'fallback' }).value, 'fallback');
  assert.equal(sdk.variant('testers-only', 'plain').value, 'plain');
  assert.equal(sdk.variant('no-such-flag', 'plain').value, 'plain');
});

test('fetching one flag leaves the others as they were', async () => {
  const sdk = experiment({ fetchOnStart: false });
  await sdk.start({ user_id: 'qa-1' });
  const first = proxy.seen.length;
  await sdk.fetch({ user_id: 'qa-1' }, { flagKeys: ['colour-remote'] });
  assert.equal(sdk.variant('colour-remote').key, 'control');
  const answer = proxy.seen.slice(first).find((one) => one.path.startsWith('/sdk/v2/vardata')
    && one.headers['x-amp-exp-flag-keys'] === 'WyJjb2xvdXItcmVtb3RlIl0');
  assert.deepEqual(Object.keys(JSON.parse(answer.answer)), ['colour-remote']);
});

test('exposures name flag, variant and experiment', async () => {
  const exposures = [];
  const sdk = experiment({ exposureTrackingProvider: { track: (one) => exposures.push(one) } });
  await sdk.start({ user_id: 'ann', country: 'Norway' });
  sdk.variant('colour-remote');
  sdk.variant('colour-remote');
  sdk.variant('testers-only');
  const [shown, left] = exposures;
  assert.equal(exposures.length, 2, 'one per flag and variant');
  assert.equal(shown.flag_key, 'colour-remote');
  assert.equal(shown.variant, 'treatment');
  assert.equal(shown.experiment_key, 'exp-1');
  assert.equal(left.flag_key, 'testers-only');
  assert.equal(left.variant, undefined);
});

test('switching assignment tracking off says so', async () => {
  const sdk = experiment({ fetchOnStart: false });
  await sdk.setTracksAssignment(false);
  const first = proxy.seen.length;
  await sdk.fetch({ user_id: 'untracked' });
  const sent = proxy.seen.slice(first).find((one) => one.headers['x-amp-exp-track']);
  assert.equal(sent.headers['x-amp-exp-track'], 'no-track');
  assert.equal(sent.status, 200);
});

test('variants bootstrapped and variants fetched do not mix', async () => {
  const sdk = experiment({ source: Source.InitialVariants, initialVariants: { 'colour-remote': { key: 'control', value: 'control' } } });
  await sdk.start({ user_id: 'ann', country: 'Norway' });
  assert.equal(sdk.variant('colour-remote').value, 'control');
  assert.equal(sdk.variant('half-remote').value, sdk.variant('half').value);
});

test('a wrong key is an error with its status, asked once', async () => {
  const key = 'client-33333333333333333333333333333333';
  const sdk = experiment({ key, retryFetchOnFailure: true, fetchOnStart: false });
  await assert.rejects(sdk.fetch({ user_id: 'ann' }), (error) => error.statusCode === 401);
  await new Promise((later) => setTimeout(later, 700)); // a background retry would come after 500 ms
  const asked = proxy.seen.filter((one) => one.headers.authorization === `Api-Key ${key}`);
  assert.deepEqual(asked.map((one) => one.status), [401]);
});

test('a hundred users hear the same from the engine inside and from the server', async () => {
  const sdk = experiment({ fetchOnStart: true });
  for (let i = 0; i < 100; i++) {
    const user = { user_id: `js-${i}` };
    await (i === 0 ? sdk.start(user) : sdk.fetch(user));
    assert.equal(sdk.variant('colour').key, sdk.variant('colour-remote').key, user.user_id);
    assert.equal(sdk.variant('half').key, sdk.variant('half-remote').key, user.user_id);
  }
});
