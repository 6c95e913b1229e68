// SPDX-License-Identifier: Apache-2.0
//
// @amplitude/experiment-node-server with streamUpdates. The one about keep-alives takes twenty
// seconds by nature: the SDK drops a stream that is silent for seventeen.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Experiment, LogLevel } from '@amplitude/experiment-node-server';
import { apiKey, newProject, quiet, recorder, secretKey, serverKey, until } from './town.mjs';

const VISIBLE_MS = 2000;
const SILENCE_MS = 20_000;
let made = 0;

function streaming(key, proxy, more = {}) {
  return Experiment.initializeLocal(key, {
    serverUrl: proxy.url, streamServerUrl: proxy.url, streamUpdates: true, flagConfigPollingIntervalMillis: 600_000,
    instanceName: `stream-${++made}`, logLevel: LogLevel.Disable, loggerProvider: quiet, ...more,
  });
}

const streams = (proxy) => proxy.seen.filter((one) => one.path === '/sdk/stream/v1/flags');
const polls = (proxy) => proxy.seen.filter((one) => one.path.startsWith('/sdk/v2/flags'));

describe('streaming', { concurrency: true }, () => {
  let proxy;
  let project;
  let deployment;
  before(async () => {
    proxy = await recorder();
    project = await newProject('streamed');
    deployment = await project.deployment('streamed', 'server');
  });
  after(() => proxy.close());

  test('the stream alone is enough to start, within its second and a half', async () => {
    const own = await recorder();
    const client = streaming(serverKey, own, { cohortSyncConfig: { apiKey, secretKey, cohortServerUrl: own.url } });
    await client.start();
    try {
      assert.equal(client.evaluateV2({ user_id: 'ann', country: 'Norway' }).colour.metadata.segmentName, 'Nordics');
      assert.equal(client.evaluateV2({ user_id: 'tester-1' })['testers-only'].key, 'on');
      assert.equal(streams(own).length, 1);
      assert.equal(polls(own).length, 0, 'no download beside the stream');
    } finally {
      client.stop();
      await own.close();
    }
  });

  test('a change, a new flag and an archived one are seen at once', async () => {
    const client = streaming(deployment.key, proxy);
    await client.start();
    try {
      const answer = (key) => client.evaluateV2({ user_id: 'ann' })[key];
      const flag = await project.flag('news', { deployments: [deployment.id], variants: [{ key: 'on' }] }, { rolloutPercentage: 0 });
      await until(() => answer('news')?.key === 'off', 'the new flag', VISIBLE_MS);
      const version = answer('news').metadata.flagVersion;
      await project.call('PATCH', `/api/1/flags/${flag}`, { rolloutPercentage: 100 });
      await until(() => answer('news')?.key === 'on', 'the change', VISIBLE_MS);
      assert.ok(answer('news').metadata.flagVersion > version);
      await project.call('PATCH', `/api/1/flags/${flag}`, { archive: true });
      await until(() => answer('news') === undefined, 'the archived flag to go', VISIBLE_MS);
    } finally {
      client.stop();
    }
  });

  test('slow: keep-alives hold a quiet stream past the seventeen seconds', async () => {
    const own = await recorder();
    const quietProject = await newProject('quiet');
    const { id, key } = await quietProject.deployment('quiet', 'server');
    const flag = await quietProject.flag('late', { deployments: [id], variants: [{ key: 'on' }] }, { rolloutPercentage: 0 });
    const client = streaming(key, own);
    await client.start();
    try {
      await sleep(SILENCE_MS);
      assert.equal(streams(own).length, 1, 'one stream, never reopened');
      assert.equal(polls(own).length, 0, 'never fell back to polling');
      assert.match(streams(own)[0].answer, /(^|\n)data:  \n\n/, 'a keep-alive is one blank');
      await quietProject.call('PATCH', `/api/1/flags/${flag}`, { rolloutPercentage: 100 });
      await until(() => client.evaluateV2({ user_id: 'ann' }).late.key === 'on', 'the change on the old stream', VISIBLE_MS);
      assert.equal(streams(own).length, 1);
    } finally {
      client.stop();
      await own.close();
    }
  });

  test('a wrong key is refused on the stream and on the download', async () => {
    const own = await recorder();
    const client = streaming('server-22222222222222222222222222222222', own);
    await client.start().catch(() => {});
    client.stop();
    assert.ok(streams(own).length > 0);
    assert.ok([...streams(own), ...polls(own)].every((one) => one.status === 401));
    await own.close();
  });
});
