// SPDX-License-Identifier: Apache-2.0
//
// What tests/sdk/openfeature.py built: keys, the questions every provider is asked, and the
// server's own evaluation to hold answers against.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Project, owner, url } from './town.mjs';

const told = (name) => process.env[`GUIDON_OPENFEATURE_${name}`] ?? assert.fail(`run me through tests/sdk/run npm: no ${name}`);

export const number = told('PROJECT');
export const serverKey = told('KEY');
export const browserKey = told('BROWSER_KEY');
export const deploymentKey = told('SERVER_KEY');
export const clientDeploymentKey = told('CLIENT_KEY');
export const questions = JSON.parse(readFileSync(told('QUESTIONS')));
export const DEALT = {
  'am-colour': { type: 'object', default: {} },
  'am-half': { type: 'boolean', default: false },
  dealt: { type: 'string', default: '' },
};

const admin = new Project(undefined, owner);

export function edit(flag, patch) {
  return admin.call('PATCH', `/admin/v1/environments/${number}/flags/${flag}`, patch);
}

/** What the server itself says each of these contexts gets: a map of flag to variation per context. */
export async function decisions(contexts, flags = Object.keys(DEALT)) {
  const { results } = await admin.call('POST', `/admin/v1/environments/${number}/evaluate`, { contexts, flags });
  return results.map((one) => Object.fromEntries(one.flags.map(({ key, variation }) => [key, variation])));
}

/** What one person gets. */
export function rule(person) {
  const when = { op: 'match', attribute: '/context/user/user_id', operator: 'text is', value: [person] };
  return { rules: [{ id: 'person', when, serve: { variation: 'before' } }] };
}

/** An environment nobody else looks at, with a flag `live` that says 0 until it is told to say 1. */
export async function newEnvironment(name, server = { url, token: owner }) {
  const admin = new Project(undefined, server.token, server.url);
  const { environments } = await admin.call('POST', '/admin/v1/apps', { name });
  const own = environments[0].number;
  const create = (flag) => admin.call('POST', `/admin/v1/environments/${own}/flags`, flag);
  await create({ key: 'live', enabled: true, type: 'number', variations: [{ id: 'before', value: 0 }, { id: 'after', value: 1 }],
    offVariation: 'before', fallthrough: { variation: 'before' }, ...rule('ada') });
  await create({ key: 'unseen', enabled: true, visibility: 'server' });
  const { key } = await admin.call('POST', `/admin/v1/environments/${own}/keys`, { kind: 'browser' });
  return { key, url: server.url, edit: (flag, patch) => admin.call('PATCH', `/admin/v1/environments/${own}/flags/${flag}`, patch) };
}

/** Asks one question of openfeature.json through a client of either SDK. */
export function ask(client, { flag, type, default: otherwise, context }, ...more) {
  const method = { boolean: 'getBooleanDetails', string: 'getStringDetails', object: 'getObjectDetails' }[type] ?? 'getNumberDetails';
  return client[method](flag, otherwise, ...(context === undefined ? [] : [context]), ...more);
}

/** Holds an answer against what openfeature.json expects. */
export function judge(question, details) {
  const what = JSON.stringify(question);
  assert.deepEqual(details.value, question.value, what);
  assert.equal(details.errorCode, question.valueless ? details.errorCode : question.error, what);
  if (question.reason === undefined) return;
  assert.equal(details.reason, question.reason, what);
  assert.equal(details.variant, question.variant, what);
  assert.deepEqual(details.flagMetadata, question.metadata ?? {}, what);
}

/** A server of one's own, on a port that it keeps, for tests that stop and start it. */
export async function ownServer() {
  const directory = mkdtempSync(join(tmpdir(), 'guidon-own-'));
  let running;
  const start = async (listen) => {
    running = spawn(process.env.GUIDON_BINARY, ['serve', '--listen', listen, '--operations-listen', '127.0.0.1:0',
      '--data', join(directory, 'data'), '--bootstrap-token-file', join(directory, 'token')], { stdio: ['ignore', 'pipe', 'ignore'] });
    let said = '';
    for await (const piece of running.stdout.setEncoding('utf8')) {
      said += piece;
      const found = /^listening on (http:\S+)/m.exec(said);
      if (found) {
        running.stdout.resume();
        return found[1];
      }
    }
    throw new Error(`the server did not start: ${said}`);
  };
  const stop = async (signal = 'SIGTERM') => {
    const gone = once(running, 'exit');
    running.kill(signal);
    await gone;
  };
  const own = { url: await start('127.0.0.1:0'), stop, start: () => start(new URL(own.url).host) };
  own.close = async () => {
    if (running.exitCode === null && running.signalCode === null) await stop();
    rmSync(directory, { recursive: true, force: true });
  };
  own.token = readFileSync(join(directory, 'token'), 'utf8').trim();
  return own;
}
