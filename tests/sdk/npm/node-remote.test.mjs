// SPDX-License-Identifier: Apache-2.0
// @amplitude/experiment-node-server, remote evaluation, unmodified.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Experiment, LogLevel } from '@amplitude/experiment-node-server';
import { apiKey, essence, newProject, quiet, recorder, serverKey, until } from './town.mjs';

let proxy;
const made = [];

before(async () => { proxy = await recorder(); });
after(() => proxy.close());

/** The SDK keeps one client per key and name; each test has a name of its own. */
function client(key = serverKey, more = {}) {
  made.push(key);
  return Experiment.initializeRemote(key, {
    serverUrl: proxy.url, instanceName: `remote-${made.length}`, logLevel: LogLevel.Disable, loggerProvider: quiet, ...more,
  });
}

test('fetchV2 answers every flag of the deployment, assigned or not', async () => {
  const variants = await client().fetchV2({ user_id: 'ann', country: 'Norway' });
  assert.deepEqual(Object.keys(variants).sort(), ['colour', 'colour-remote', 'dormant', 'half', 'half-remote',
    'laned', 'streamed', 'testers-only']);
  assert.deepEqual(essence(variants['colour-remote']), { key: 'treatment', value: 'treatment', payload: { hex: '#088' } });
  const { evaluationId, ...metadata } = variants['colour-remote'].metadata;
  assert.equal(typeof evaluationId, 'string');
  assert.equal(typeof metadata.flagVersion, 'number');
  delete metadata.flagVersion;
  assert.deepEqual(metadata, { deployed: true, evaluationMode: 'remote', experimentKey: 'exp-1',
    flagType: 'experiment', segmentName: 'Nordics' });
  assert.deepEqual(essence(variants.dormant), { key: 'off', value: undefined, payload: undefined });
  assert.equal(variants.dormant.metadata.default, true);
  assert.equal(variants.dormant.metadata.segmentName, 'default');
});

test('fetch leaves out whoever has no variant', async () => {
  const variants = await client().fetch({ user_id: 'ann', country: 'Norway' });
  assert.equal(variants.dormant, undefined);
  assert.equal(variants['testers-only'], undefined);
  assert.equal(variants['colour-remote'].key, 'treatment');
});

test('flagKeys answers those and nothing else, unknown ones in silence', async () => {
  const variants = await client().fetchV2({ user_id: 'ann' }, { flagKeys: ['half', 'dormant', 'no such flag'] });
  assert.deepEqual(Object.keys(variants).sort(), ['dormant', 'half']);
});

test('an empty list of flagKeys asks for all', async () => {
  const variants = await client().fetchV2({ user_id: 'ann' }, { flagKeys: [] });
  assert.equal(Object.keys(variants).length, 8);
});

test('an inclusion wins by user and by device', async () => {
  for (const user of [{ user_id: 'qa-1', country: 'Norway' }, { device_id: 'qa-device', country: 'Norway' }]) {
    const { 'colour-remote': colour } = await client().fetchV2(user);
    assert.equal(colour.key, 'control');
    assert.equal(colour.metadata.segmentName, 'individual-inclusions');
  }
});

test('members of the uploaded cohort are known without being told', async () => {
  const inside = await client().fetchV2({ user_id: 'tester-3' });
  assert.equal(inside['testers-only'].key, 'on');
  assert.equal(inside['testers-only'].metadata.segmentName, 'individual-inclusions');
  const outside = await client().fetchV2({ user_id: 'tester-10' });
  assert.equal(outside['testers-only'].key, 'off');
});

test('an empty user is answered', async () => {
  const variants = await client().fetchV2({});
  assert.equal(variants.half.key, 'off');
  assert.equal(variants['colour-remote'].key, 'off');
});

test('a user beyond ASCII survives the header', async () => {
  const { 'colour-remote': colour } = await client().fetchV2({ user_id: 'Ærøskøbing/日本語/🦊?>>', country: 'Iceland',
    user_properties: { 'ключ': ['значение', '~~~???'] } });
  assert.equal(colour.metadata.segmentName, 'Nordics');
});

test('a user of twenty thousand bytes is answered', async () => {
  const { 'colour-remote': colour } = await client().fetchV2({ user_id: 'large', country: 'Norway',
    user_properties: Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`p${i}`, 'x'.repeat(1200)])) });
  assert.equal(colour.key, 'treatment');
});

test('the tracking options travel as documented', async () => {
  const user = { user_id: 'tracked' };
  const remote = client();
  const first = proxy.seen.length;
  await remote.fetchV2(user, { flagKeys: ['half'], tracksAssignment: false, tracksExposure: true });
  await remote.fetchV2(user, { flagKeys: ['half'], tracksAssignment: true });
  await remote.fetchV2(user, { flagKeys: ['half'] });
  const sent = proxy.seen.slice(first).filter((one) =>
    Buffer.from(one.headers['x-amp-exp-user'], 'base64url').toString().includes('"tracked"'));
  assert.deepEqual(sent.map(({ headers, status }) => [headers['x-amp-exp-track'], headers['x-amp-exp-exposure-track'], status]),
    [['no-track', 'track', 200], ['track', undefined, 200], [undefined, undefined, 200]]);
});

test('a tracked assignment sticks, an untracked one does not', async () => {
  const project = await newProject('sticky');
  const { id, key } = await project.deployment('sticky', 'server');
  const experiment = await project.experiment('sticky-colour',
    { evaluationMode: 'remote', deployments: [id], variants: [{ key: 'red' }, { key: 'blue' }], rolloutWeights: { red: 1, blue: 0 } },
    { rolloutPercentage: 100, stickyBucketing: true });
  const remote = client(key);
  const colourOf = async (user, options) => (await remote.fetchV2({ user_id: user }, options))['sticky-colour'];

  assert.equal((await colourOf('seen', { tracksAssignment: true })).key, 'red');
  assert.equal((await colourOf('unseen', { tracksAssignment: false })).key, 'red');
  await project.call('PATCH', `/api/1/experiments/${experiment}`, { rolloutWeights: { red: 0, blue: 1 } });

  // Stored off the request path, so it may take a moment.
  const kept = await until(async () => {
    const answer = await colourOf('seen', { tracksAssignment: false });
    return answer.metadata.segmentName === 'sticky-bucketing' && answer;
  }, 'the assignment to be known', 5000);
  assert.equal(kept.key, 'red');
  assert.equal((await colourOf('unseen', { tracksAssignment: false })).key, 'blue');
});

test('amplitude_id is one person: the user, and the device seen with them', async () => {
  const project = await newProject('identified');
  const { id, key } = await project.deployment('identified', 'server');
  await project.flag('coin', { evaluationMode: 'remote', deployments: [id], bucketingKey: 'amplitude_id', variants: [{ key: 'on' }] },
    { rolloutPercentage: 50 });
  const remote = client(key);
  const coinOf = async (user) => (await remote.fetchV2(user)).coin.key;
  const first = [];
  for (let i = 0; i < 40; i++) first.push(await coinOf({ user_id: `person-${i}`, device_id: `phone-${i}` }));
  assert.deepEqual([...new Set(first)].sort(), ['off', 'on']);
  for (let i = 0; i < 40; i++) {
    assert.equal(await coinOf({ user_id: `person-${i}` }), first[i], `person-${i}`);
    assert.equal(await coinOf({ device_id: `phone-${i}` }), first[i], `phone-${i}`);
    assert.equal(await coinOf({ user_id: `person-${i}`, device_id: `borrowed-${i}` }), first[i], `person-${i} on another device`);
  }
});

test("the project's API key is a deployment key, and a slash too many is none", async () => {
  assert.deepEqual(await client(apiKey).fetchV2({ user_id: 'ann' }), {});
  const variants = await client(serverKey, { serverUrl: `${proxy.url}/` }).fetchV2({ user_id: 'ann', country: 'Norway' });
  assert.equal(variants.colour.key, 'treatment');
});

test('a wrong key is told once, without a retry', async () => {
  const first = proxy.seen.length;
  const wrong = 'server-00000000000000000000000000000000';
  await assert.rejects(client(wrong, { fetchRetries: 3, fetchRetryBackoffMinMillis: 1 }).fetchV2({ user_id: 'ann' }),
    (error) => error.statusCode === 401);
  const asked = proxy.seen.slice(first).filter((one) => one.headers.authorization === `Api-Key ${wrong}`);
  assert.deepEqual(asked.map((one) => one.status), [401]);
  assert.ok(!Array.isArray(JSON.parse(asked[0].answer)));
});
