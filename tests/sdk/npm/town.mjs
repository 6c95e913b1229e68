// SPDX-License-Identifier: Apache-2.0
//
// What tests/sdk/stage.py built for this suite, and the means to build more: the Management API as
// a script would call it, and a recorder that stands between an SDK and the server.
import assert from 'node:assert/strict';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const told = (name) => process.env[`GUIDON_${name}`] ?? assert.fail(`run me through tests/sdk/run npm: no GUIDON_${name}`);

export const url = told('URL');
export const project = told('PROJECT');
export const serverKey = told('SERVER_KEY');
export const clientKey = told('CLIENT_KEY');
export const apiKey = told('API_KEY');
export const secretKey = told('SECRET_KEY');
export const cohort = told('COHORT');
export const owner = told('CLI_TOKEN');
export const token = told('TOKEN');

/** A project's scripts, as its management token lets them. */
export class Project {
  constructor(number, bearer, base = url) {
    this.number = number;
    this.bearer = bearer;
    this.base = base;
  }

  /** Waits as told when it calls too often; any other refusal fails the test. */
  async call(method, path, body) {
    for (let tries = 0; ; tries++) {
      const answer = await fetch(this.base + path, {
        method,
        headers: { Authorization: `Bearer ${this.bearer}`, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const text = await answer.text();
      if (answer.status === 429 && tries < 60) {
        await sleep(1000 * Number(answer.headers.get('Retry-After') ?? 1));
        continue;
      }
      assert.ok(answer.status === 200 || answer.status === 201,
        `${method} ${path} ${JSON.stringify(body)}: ${answer.status} ${text}`);
      return answer.headers.get('Content-Type')?.includes('json') ? JSON.parse(text) : text;
    }
  }

  async deployment(label, type) {
    const { id } = await this.call('POST', '/api/1/deployments', { projectId: this.number, label, type });
    const { deployments } = await this.call('GET', '/api/1/deployments');
    return deployments.find((one) => one.id === String(id));
  }

  /** Creates an item, then edits in what a create does not document; returns its id. */
  async item(resource, key, members, edit = {}) {
    const { id } = await this.call('POST', `/api/1/${resource}`,
      { projectId: this.number, key, bucketingKey: 'user_id', evaluationMode: 'local', ...members });
    await this.call('PATCH', `/api/1/${resource}/${id}`, { enabled: true, ...edit });
    return String(id);
  }

  flag(key, members, edit) {
    return this.item('flags', key, members, edit);
  }

  experiment(key, members, edit) {
    return this.item('experiments', key, members, edit);
  }
}

export const town = new Project(project, token);

/** An app of its own; its environments are projects nobody else touches. */
export async function newProject(name, environment = 'production') {
  const everything = new Project(undefined, owner);
  const { data } = await everything.call('POST', '/api/v1/apps', { name });
  const { items } = await everything.call('GET', '/admin/v1/environments?limit=1000');
  const { number } = items.find((one) => one.appId === data.id && one.name === environment);
  const made = await everything.call('POST', '/admin/v1/tokens', { name, environments: [number] });
  return new Project(String(number), made.token);
}

/** Uploads a cohort's members, one id per line. */
export async function putCohort(number, id, members, groupType = 'User') {
  const answer = await fetch(`${url}/admin/v1/environments/${number}/cohorts/${id}?name=${id}&groupType=${encodeURIComponent(groupType)}`,
    { method: 'PUT', headers: { Authorization: `Bearer ${owner}`, 'Content-Type': 'text/plain' }, body: members.join('\n') });
  assert.equal(answer.status, 200, await answer.text());
}

export async function until(condition, what, limitMs = 10_000) {
  for (const deadline = Date.now() + limitMs; ;) {
    const answer = await condition();
    if (answer) return answer;
    assert.ok(Date.now() < deadline, `waited ${limitMs} ms in vain for ${what}`);
    await sleep(20);
  }
}

/**
 * Stands between an SDK and the server, passes everything on unchanged, and remembers:
 * `seen` holds {method, path, headers, body, status, answer} per request, oldest first.
 */
export async function recorder() {
  const seen = [];
  const proxy = http.createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      const body = Buffer.concat(pieces);
      const note = { method: request.method, path: request.url, headers: request.headers, body: body.toString() };
      seen.push(note);
      const onward = http.request(url + request.url, { method: request.method, headers: { ...request.headers, host: new URL(url).host } }, (answer) => {
        note.status = answer.statusCode;
        note.answer = '';
        response.writeHead(answer.statusCode, answer.headers);
        answer.on('data', (piece) => {
          note.answer += piece;
          response.write(piece);
        });
        answer.on('end', () => response.end());
      });
      response.on('close', () => onward.destroy());
      onward.on('error', () => response.destroy());
      onward.end(body);
    });
  });
  await new Promise((ready) => proxy.listen(0, '127.0.0.1', ready));
  return {
    url: `http://127.0.0.1:${proxy.address().port}`,
    seen,
    close: () => new Promise((closed) => { proxy.close(closed); proxy.closeAllConnections(); }),
  };
}

/** The part of a variant that all SDKs agree on. */
export function essence(variant) {
  return variant === undefined ? undefined : { key: variant.key, value: variant.value, payload: variant.payload };
}

/** A loud SDK hides what a test has to say. */
export const quiet = { error() {}, warn() {}, info() {}, debug() {}, verbose() {} };
