// SPDX-License-Identifier: Apache-2.0
// @amplitude/experiment-node-server, local evaluation: polling, cohorts, events. Unmodified.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Experiment, LogLevel } from '@amplitude/experiment-node-server';
import { apiKey, cohort, essence, newProject, quiet, recorder, secretKey, serverKey, town, until } from './town.mjs';

const USERS = 400;
let proxy;
let made = 0;

before(async () => { proxy = await recorder(); });
after(() => proxy.close());

function local(key = serverKey, more = {}) {
  return Experiment.initializeLocal(key, {
    serverUrl: proxy.url, streamServerUrl: proxy.url, flagConfigPollingIntervalMillis: 200,
    instanceName: `local-${++made}`, logLevel: LogLevel.Disable, loggerProvider: quiet, ...more,
  });
}

const cohorts = (pair = { apiKey, secretKey }) => ({ cohortSyncConfig: { ...pair, cohortServerUrl: proxy.url } });

/** Stops the client whatever the test says. */
async function running(client, body) {
  await client.start();
  try {
    return await body(client);
  } finally {
    client.stop();
  }
}

test('local and remote evaluation agree on every user', async () => {
  const remote = Experiment.initializeRemote(serverKey, { serverUrl: proxy.url, instanceName: 'agree' });
  await running(local(serverKey, cohorts()), async (client) => {
    const reached = new Set();
    for (let i = 0; i < USERS; i++) {
      const user = { user_id: i % 40 === 0 ? `tester-${i / 40}` : `user-${i}`, country: i % 3 === 0 ? 'Norway' : 'Chile' };
      const here = client.evaluateV2({ ...user });
      const there = await remote.fetchV2({ ...user }, { tracksAssignment: false });
      for (const key of ['colour', 'half', 'dormant', 'laned', 'testers-only', 'streamed']) {
        assert.deepEqual(essence(here[key]), essence(there[key]), `${key} for ${user.user_id}`);
        assert.equal(here[key].metadata.segmentName, there[key].metadata.segmentName, `${key} for ${user.user_id}`);
        reached.add(`${key} ${here[key].key} ${here[key].metadata.segmentName}`);
      }
      assert.deepEqual(essence(here.colour), essence(there['colour-remote']));
    }
    assert.deepEqual([...reached].sort(), [
      'colour control All Other Users', 'colour treatment All Other Users', 'colour treatment Nordics',
      'dormant off default', 'half off All Other Users', 'half on All Other Users',
      'laned off flag-dependencies', 'laned on All Other Users', 'streamed on All Other Users',
      'testers-only off All Other Users', 'testers-only on individual-inclusions']);
  });
});

test('a remote flag is a stub: its default and its variants, none of its targeting', async () => {
  await running(local(), async (client) => {
    const { 'colour-remote': stub } = client.evaluateV2({ user_id: 'qa-1', country: 'Norway' });
    assert.equal(stub.key, 'off');
    assert.equal(stub.metadata.evaluationMode, 'remote');
    assert.equal(stub.metadata.segmentName, 'default');
  });
  const sent = proxy.seen.find((one) => one.path === '/sdk/v2/flags' && one.status === 200);
  const flag = JSON.parse(sent.answer).find((one) => one.key === 'colour-remote');
  assert.deepEqual(flag.segments, [{ metadata: { segmentName: 'default' }, variant: 'off' }]);
  assert.deepEqual(Object.keys(flag.variants).sort(), ['control', 'off', 'treatment']);
});

test('groups ride along as parents and are evaluated', async () => {
  await running(local(), async (client) => {
    const variants = client.evaluateV2({ user_id: 'held-out' });
    assert.equal(variants['holdout-town'].key, 'holdout');
    assert.equal(variants['holdout-town'].metadata.deployed, false);
    assert.equal(variants['holdout-town'].metadata.flagType, 'holdout-group');
    assert.ok(['slot-1', 'slot-2'].includes(variants['mutex-lanes'].key));
    assert.equal(variants['mutex-lanes'].metadata.flagType, 'mutual-exclusion-group');
    assert.equal(variants.laned.key, 'off');
    assert.equal(variants.laned.metadata.segmentName, 'flag-dependencies');
  });
});

test('evaluate with keys leaves out the rest, the default and the undeployed', async () => {
  await running(local(), async (client) => {
    const variants = await client.evaluate({ user_id: 'qa-1' }, ['colour', 'dormant']);
    assert.deepEqual(Object.keys(variants), ['colour']);
  });
});

test('a change reaches a poller', async () => {
  const project = await newProject('polled');
  const { id, key } = await project.deployment('polled', 'server');
  const flag = await project.flag('polled', { deployments: [id], variants: [{ key: 'on' }] }, { rolloutPercentage: 0 });
  await running(local(key), async (client) => {
    const answer = () => client.evaluateV2({ user_id: 'ann' }).polled;
    assert.equal(answer().key, 'off');
    const version = answer().metadata.flagVersion;
    await project.call('PATCH', `/api/1/flags/${flag}`, { rolloutPercentage: 100 });
    await until(() => answer().key === 'on', 'the poller to see the change');
    assert.ok(answer().metadata.flagVersion > version, 'flagVersion grows');
  });
});

test('cohorts are synchronised with the project key and secret', async () => {
  await running(local(serverKey, cohorts()), async (client) => {
    const answer = client.evaluateV2({ user_id: 'tester-0' });
    assert.equal(answer['testers-only'].key, 'on');
    assert.equal(answer['testers-only'].metadata.segmentName, 'individual-inclusions');
    assert.equal(client.evaluateV2({ user_id: 'stranger' })['testers-only'].key, 'off');
  });
  const asked = proxy.seen.filter((one) => one.path.startsWith(`/sdk/v1/cohort/${cohort}`));
  assert.ok(asked.length > 0);
  for (const one of asked.filter(({ status }) => status === 200)) {
    const { memberIds, ...description } = JSON.parse(one.answer);
    assert.equal(memberIds.length, 10);
    assert.equal(description.cohortId, cohort);
    assert.equal(description.groupType, 'User');
    assert.equal(description.size, 10);
    assert.ok(Number.isSafeInteger(description.lastModified));
    assert.equal(Object.keys(JSON.parse(one.answer)).at(-1), 'memberIds', 'streaming readers want it last');
  }
});

test('a cohort that is too large for the client is refused, not cut', async () => {
  const first = proxy.seen.length;
  const { cohortSyncConfig } = cohorts();
  await running(local(serverKey, { cohortSyncConfig: { ...cohortSyncConfig, maxCohortSize: 9 } }), async (client) => {
    assert.equal(client.evaluateV2({ user_id: 'tester-0' })['testers-only'].key, 'off');
  });
  const answers = proxy.seen.slice(first).filter((one) => /maxCohortSize=9(&|$)/.test(one.path));
  assert.ok(answers.some((one) => one.status === 413), JSON.stringify(answers.map((one) => [one.path, one.status])));
});

test('a wrong secret opens no cohort', async () => {
  const first = proxy.seen.length;
  await running(local(serverKey, cohorts({ apiKey, secretKey: '0'.repeat(32) })), async (client) => {
    assert.equal(client.evaluateV2({ user_id: 'tester-0' })['testers-only'].key, 'off');
  });
  const wrong = `Basic ${Buffer.from(`${apiKey}:${'0'.repeat(32)}`).toString('base64')}`;
  const answers = proxy.seen.slice(first).filter((one) => one.headers.authorization === wrong);
  assert.ok(answers.length > 0);
  assert.ok(answers.every((one) => one.status === 401));
});

test('a flag bucketed by group asks the group, not the person', async () => {
  const project = await newProject('grouped');
  const { id, key } = await project.deployment('grouped', 'server');
  await project.flag('by-org', { deployments: [id], variants: [{ key: 'on' }] }, { rolloutPercentage: 50, bucketingUnit: 'org' });
  const remote = Experiment.initializeRemote(key, { serverUrl: proxy.url, instanceName: 'grouped' });
  await running(local(key), async (client) => {
    const seen = new Set();
    for (let i = 0; i < 60; i++) {
      const answers = [];
      for (const person of ['ann', 'bo']) {
        const user = { user_id: person, groups: { org: [`org-${i}`, 'second'] } };
        answers.push(essence(client.evaluateV2(structuredClone(user))['by-org']),
          essence((await remote.fetchV2(structuredClone(user), { tracksAssignment: false }))['by-org']));
      }
      answers.forEach((answer) => assert.deepEqual(answer, answers[0], `org-${i}`));
      seen.add(answers[0].key);
    }
    assert.deepEqual([...seen].sort(), ['off', 'on']);
    assert.equal(client.evaluateV2({ user_id: 'ann' })['by-org'].key, 'off');
  });
});

test('assignments and exposures of local evaluation are taken in', async () => {
  const first = proxy.seen.length;
  const events = { apiKey, serverUrl: `${proxy.url}/2/httpapi`, flushQueueSize: 1, flushIntervalMillis: 50 };
  const batches = { ...events, serverUrl: `${proxy.url}/batch`, useBatch: true };
  await running(local(serverKey, { assignmentConfig: events, exposureConfig: batches }), async (client) => {
    client.evaluateV2({ user_id: 'exposed', device_id: 'd-1', country: 'Norway' }, ['colour', 'dormant'], { tracksExposure: true });
    const sent = await until(() => {
      const posts = proxy.seen.slice(first).filter((one) => one.method === 'POST' && one.status);
      const types = new Set(posts.flatMap((one) => JSON.parse(one.body).events.map((event) => event.event_type)));
      return types.has('[Experiment] Assignment') && types.has('[Experiment] Exposure')
        && new Set(posts.map((one) => one.path)).size === 2 && posts;
    }, 'both kinds of events');
    for (const { status, answer, body } of sent) {
      assert.equal(status, 200, answer);
      assert.equal(JSON.parse(answer).code, 200);
      assert.equal(JSON.parse(answer).events_ingested, JSON.parse(body).events.length);
    }
  });
});

test('a wrong key starts nothing and is not tried again', async () => {
  const wrong = 'server-11111111111111111111111111111111';
  const client = local(wrong, { flagConfigPollingIntervalMillis: 60_000 });
  await client.start().catch(() => {});
  client.stop();
  assert.deepEqual(client.evaluateV2({ user_id: 'ann' }), {});
  const asked = proxy.seen.filter((one) => one.headers.authorization === `Api-Key ${wrong}`);
  assert.ok(asked.length > 0);
  assert.ok(asked.every((one) => one.status === 401));
});

test('an archived deployment lets nobody in', async () => {
  const { id, key } = await town.deployment('short-lived', 'server');
  const remote = Experiment.initializeRemote(key, { serverUrl: proxy.url, instanceName: 'archived', logLevel: LogLevel.Disable });
  assert.deepEqual(await remote.fetchV2({ user_id: 'ann' }), {});
  await town.call('PATCH', `/api/1/deployments/${id}`, { archive: true });
  await assert.rejects(remote.fetchV2({ user_id: 'ann' }), (error) => error.statusCode === 401);
});
