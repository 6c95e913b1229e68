// SPDX-License-Identifier: Apache-2.0
//
// @amplitude/experiment-js-client in headless Chromium, on a page of another origin, so that every
// call is preflighted by the browser itself.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { launch, open, origin } from './chromium.mjs';
import { clientKey, newProject, until, url } from './town.mjs';

const script = readFileSync(createRequire(import.meta.url).resolve('@amplitude/experiment-js-client'));

/** What the page does with the SDK; runs inside the browser. */
async function visit({ key, server, user, wait }) {
  const exposures = [];
  const sdk = window.Experiment.Experiment.initialize(key, {
    serverUrl: server, flagsServerUrl: server, throwOnError: true, pollOnStart: false, retryFetchOnFailure: false,
    logLevel: 0, exposureTrackingProvider: { track: (one) => exposures.push(one) },
  });
  try {
    await sdk.start(user);
  } catch (error) {
    return { name: error.name, message: error.message, status: error.statusCode };
  }
  if (wait) await new Promise((later) => setTimeout(later, wait));
  const one = (flag) => ({ key: sdk.variant(flag).key, value: sdk.variant(flag).value, payload: sdk.variant(flag).payload });
  return { remote: one('colour-remote'), local: one('colour'), dormant: sdk.variant('dormant', 'none').value, exposures,
    stored: Object.keys(localStorage).filter((name) => name.startsWith('amp-exp-')).length };
}

describe('in Chromium', () => {
  let pages;
  let browser;

  before(async () => {
    pages = await origin((path) => (path === '/experiment.js' ? { type: 'text/javascript', body: script }
      : { type: 'text/html', body: '<!doctype html><title>another origin</title><script src="/experiment.js"></script>' }));
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await pages.close();
  });

  const newPage = () => open(browser, pages.url, url);

  test('a page of another origin gets its variants, after real preflights', async () => {
    const { page, calls } = await newPage();
    const seen = await page.evaluate(visit, { key: clientKey, server: url, user: { user_id: 'ann', country: 'Norway' } });
    assert.deepEqual(seen.remote, { key: 'treatment', value: 'treatment', payload: { hex: '#088' } }, JSON.stringify(seen));
    assert.deepEqual(seen.local, seen.remote);
    assert.equal(seen.dormant, 'none');
    assert.equal(seen.exposures.find((one) => one.flag_key === 'colour-remote').variant, 'treatment');
    assert.ok(seen.stored >= 2);
    const preflights = await until(() => {
      const found = calls().filter((one) => one.method === 'OPTIONS' && one.status);
      return found.length >= 2 && found;
    }, 'the preflights of both calls');
    for (const { status, headers } of preflights) {
      assert.ok(status === 204 || status === 200);
      const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
      assert.equal(named['access-control-allow-origin'], '*');
      assert.equal(named['access-control-allow-credentials'], undefined);
      assert.match(named['access-control-allow-headers'], /authorization/i);
    }
    for (const path of ['/sdk/v2/vardata', '/sdk/v2/flags']) {
      assert.equal(calls().find((one) => one.method === 'GET' && one.url.startsWith(url + path)).status, 200, path);
    }
  });

  test('a wrong key is an answer with a status, not a network error', async () => {
    const { page, calls } = await newPage();
    const seen = await page.evaluate(visit, { key: 'client-44444444444444444444444444444444', server: url, user: { user_id: 'ann' } });
    assert.match(seen.message ?? '', /status=401/, JSON.stringify(seen));
    assert.deepEqual(calls().filter((one) => one.cors), []);
  });

  test('every header the SDKs send is allowed across origins, also by POST', async () => {
    const { page } = await newPage();
    const answers = await page.evaluate(async ({ key, server }) => {
      const headers = { Authorization: `Api-Key ${key}`, 'X-Amp-Exp-Flag-Keys': btoa('["colour-remote"]'), 'X-Amp-Exp-Track': 'no-track',
        'X-Amp-Exp-Exposure-Track': 'no-track', 'X-Amp-Exp-Library': 'page/1' };
      const user = { user_id: 'ann', country: 'Norway' };
      const calls = [
        fetch(`${server}/sdk/v2/vardata?v=0`, { headers: { ...headers, 'X-Amp-Exp-User': btoa(JSON.stringify(user)) } }),
        fetch(`${server}/sdk/v2/vardata`, { method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' }, body: JSON.stringify(user) }),
        fetch(`${server}/sdk/vardata`, { headers: { ...headers, 'X-Amp-Exp-User': btoa(JSON.stringify(user)) } }),
        fetch(`${server}/v1/vardata?user_id=ann&flag_keys=colour-remote&context=${encodeURIComponent(JSON.stringify(user))}`, { headers }),
      ];
      return Promise.all(calls.map(async (one) => {
        const answer = await one;
        return { status: answer.status, key: (await answer.json())['colour-remote']?.key };
      }));
    }, { key: clientKey, server: url });
    assert.deepEqual(answers, Array(4).fill({ status: 200, key: 'treatment' }));
  });

  test('a page sees a change at its next fetch', async () => {
    const project = await newProject('paged');
    const { id, key } = await project.deployment('paged', 'client');
    const flag = await project.flag('paged', { deployments: [id], evaluationMode: 'remote', variants: [{ key: 'on' }] }, { rolloutPercentage: 0 });
    const { page } = await newPage();
    await page.evaluate(async ({ key: own, server }) => {
      window.sdk = window.Experiment.Experiment.initialize(own, { serverUrl: server, flagsServerUrl: server, pollOnStart: false });
      await window.sdk.start({ user_id: 'ann' });
    }, { key, server: url });
    assert.equal(await page.evaluate(() => window.sdk.variant('paged').key), 'off');
    await project.call('PATCH', `/api/1/flags/${flag}`, { rolloutPercentage: 100 });
    assert.equal(await page.evaluate(async () => (await window.sdk.fetch()).variant('paged').key), 'on');
  });
});
