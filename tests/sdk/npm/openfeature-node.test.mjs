// SPDX-License-Identifier: Apache-2.0
//
// @openfeature/server-sdk with @openfeature/ofrep-provider, unmodified: one call per evaluation.
// This provider calls an answer without a value an error; the value is the code's all the same.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { ErrorCode, OpenFeature } from '@openfeature/server-sdk';
import { ask, browserKey, clientDeploymentKey, DEALT, decisions, deploymentKey, edit, judge, questions, serverKey } from './openfeature.mjs';
import { quiet, recorder, url } from './town.mjs';

// Variations that have no value to serve; this provider does not tell them from errors.
const VALUELESS = ['am-colour control', 'am-half off'];
let proxy;
let domains = 0;

before(async () => {
  OpenFeature.setLogger(quiet);
  proxy = await recorder();
});
after(async () => {
  await OpenFeature.close();
  await proxy.close();
});

async function client(headers, baseUrl = url) {
  const domain = `node-${++domains}`;
  await OpenFeature.setProviderAndWait(domain, new OFREPProvider({ baseUrl, headers: Object.entries(headers) }));
  return OpenFeature.getClient(domain);
}
const withKey = (key) => client({ Authorization: `Bearer ${key}` });

for (const [name, headers] of [['Authorization', { Authorization: `Bearer ${serverKey}` }], ['X-API-Key', { 'X-API-Key': serverKey }]]) {
  test(`every question has its answer, with ${name}`, async () => {
    const asked = await client(headers);
    for (const question of questions) judge(question, await ask(asked, question));
  });
}

test('everybody is dealt what the server itself says', async () => {
  const contexts = Array.from({ length: 60 }, (_, i) => ({ targetingKey: `user-${i}`, country: i % 3 ? 'Chile' : 'Norway' }));
  const expected = await decisions(contexts);
  const asked = await withKey(serverKey);
  const reached = new Set();
  for (const [i, context] of contexts.entries()) {
    for (const [flag, question] of Object.entries(DEALT)) {
      const found = await ask(asked, { flag, context, ...question });
      const variation = expected[i][flag];
      assert.ok(found.variant === variation || (found.variant === undefined && VALUELESS.includes(`${flag} ${variation}`)),
        `${flag} for ${context.targetingKey}: ${JSON.stringify(found)}, not ${variation}`);
      reached.add(`${flag} ${variation}`);
    }
  }
  assert.deepEqual([...reached].sort(), ['am-colour control', 'am-colour treatment', 'am-half off', 'am-half on', 'dealt blue', 'dealt red']);
});

test('deployments evaluate too; what browsers may not see, their keys do not find', async () => {
  assert.equal(await (await withKey(deploymentKey)).getBooleanValue('hidden', false), true);
  for (const key of [browserKey, clientDeploymentKey]) {
    const asked = await withKey(key);
    assert.equal((await asked.getBooleanDetails('hidden', false)).errorCode, ErrorCode.FLAG_NOT_FOUND);
    assert.equal(await asked.getStringValue('sf-text', 'code'), 'classic');
  }
});

test('a wrong key leaves the values of the code', async () => {
  const found = await (await withKey('sdk_prod_00000000000000000000')).getStringDetails('sf-text', 'code');
  assert.deepEqual([found.value, found.errorCode], ['code', ErrorCode.GENERAL]);
});

test('a change is in the next answer', async () => {
  const asked = await withKey(serverKey);
  for (const [variation, value] of [['after', 1], ['before', 0]]) {
    await edit('live', { fallthrough: { variation } });
    assert.equal(await asked.getNumberValue('live', -1), value);
  }
});

test('a call is one POST of JSON', async () => {
  const asked = await client({ Authorization: `Bearer ${serverKey}` }, proxy.url);
  await asked.getStringDetails('greeting', 'code', { targetingKey: 'ann', plan: 'pro' });
  const [{ method, path, body, status, answer }] = proxy.seen;
  assert.deepEqual([method, path, status], ['POST', '/ofrep/v1/evaluate/flags/greeting', 200]);
  assert.deepEqual(JSON.parse(body), { context: { targetingKey: 'ann', plan: 'pro' } });
  assert.equal(JSON.parse(answer).value, 'good day');
  assert.equal(proxy.seen.length, 1);
});
