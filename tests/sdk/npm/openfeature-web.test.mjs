// SPDX-License-Identifier: Apache-2.0
//
// @openfeature/web-sdk with @openfeature/ofrep-web-provider, unmodified, in headless Chromium, on a
// page of another origin: all flags at once, once per context, and an event stream for changes.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { launch, open, origin } from './chromium.mjs';
import { browserKey, DEALT, decisions, judge, newEnvironment, ownServer, questions, rule } from './openfeature.mjs';
import { until, url } from './town.mjs';

const VISIBLE_MS = 2000;
const QUIET_MS = 500;
const modules = fileURLToPath(new URL('node_modules/@openfeature/', import.meta.url));
const imports = {
  '@openfeature/core': '/core/dist/esm/index.js',
  '@openfeature/web-sdk': '/web-sdk/dist/esm/index.js',
  '@openfeature/ofrep-core': '/ofrep-web-provider/node_modules/@openfeature/ofrep-core/index.esm.js',
  '@openfeature/ofrep-web-provider': '/ofrep-web-provider/index.esm.js',
};
const html = `<!doctype html><title>another origin</title>
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module">
  import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
  import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
  window.happened = [];
  window.enter = async (baseUrl, headers, context, more) => {
    await OpenFeature.setContext(context);
    for (const event of Object.values(ProviderEvents)) {
      OpenFeature.addHandler(event, (details) => window.happened.push({ event, at: Date.now(), flags: details?.flagsChanged, message: details?.message }));
    }
    try {
      await OpenFeature.setProviderAndWait(new OFREPWebProvider({ baseUrl, headers: Object.entries(headers), cacheMode: 'disabled', ...more }));
    } catch (error) {
      return { error: error.message, code: error.code };
    }
    window.client = OpenFeature.getClient();
    return { status: window.client.providerStatus };
  };
  window.become = (context) => OpenFeature.setContext(context);
  window.ask = ({ flag, type, default: otherwise }) => window.client[
    { boolean: 'getBooleanDetails', string: 'getStringDetails', object: 'getObjectDetails' }[type] ?? 'getNumberDetails'](flag, otherwise);
  window.isLoaded = true;
</script>`;

function answer(path) {
  const file = modules + path.slice(1);
  if (path === '/') return { type: 'text/html', body: html };
  return { type: 'text/javascript', body: Object.values(imports).includes(path) && existsSync(file) ? readFileSync(file) : undefined };
}

const bearer = (key) => ({ Authorization: `Bearer ${key}` });
const live = { flag: 'live', type: 'integer', default: -1 };
const bulks = (calls) => calls().filter((one) => one.method === 'POST' && one.url.includes('/ofrep/v1/evaluate/flags') && one.status);
// A stream's first event makes the provider ask once more, whenever the stream is there.
const bulksOfItsOwn = (calls) => bulks(calls).filter((one) => !one.url.includes('flagConfigEtag='));
const streams = (calls) => calls().filter((one) => one.type === 'EventSource' && one.status === 200);
const header = (headers, name) => Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];

describe('OpenFeature in Chromium', () => {
  let pages;
  let browser;

  before(async () => {
    pages = await origin(answer);
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await pages.close();
  });

  /** A page whose provider is ready. */
  async function enter(headers, context, server = url, more = {}) {
    const { page, calls } = await open(browser, pages.url, server);
    await page.waitForFunction('window.isLoaded');
    const entered = await page.evaluate((...given) => window.enter(...given), server, headers, context, more);
    return { entered, calls, page, become: (next) => page.evaluate((one) => window.become(one), next),
      ask: (question) => page.evaluate((one) => window.ask(one), question), happened: () => page.evaluate('window.happened'),
      close: () => page.browserContext().close() };
  }

  for (const [name, headers] of [['Authorization', bearer(browserKey)], ['X-API-Key', { 'X-API-Key': browserKey }]]) {
    test(`every question has its answer, with ${name}`, async () => {
      const { entered, ask, become, calls, close } = await enter(headers, {});
      assert.deepEqual(entered, { status: 'READY' });
      for (const question of questions) {
        await become(question.context);
        const found = await ask(question);
        if (question.flag === 'hidden') assert.deepEqual([found.value, found.errorCode], [false, 'FLAG_NOT_FOUND'], 'browsers do not see it');
        else judge(question, found);
        if (question.valueless) assert.equal(found.errorCode, undefined, `${question.flag}: no value is no error`);
      }
      for (const preflight of calls().filter((one) => one.method === 'OPTIONS' && one.status)) {
        assert.equal(preflight.status, 204);
        assert.equal(header(preflight.headers, 'access-control-allow-origin'), '*');
      }
      assert.ok(calls().some((one) => one.method === 'OPTIONS'));
      assert.deepEqual(calls().filter((one) => one.cors), []);
      await close();
    });
  }

  test('everybody is dealt what the server itself says', async () => {
    const contexts = Array.from({ length: 30 }, (_, i) => ({ targetingKey: `user-${i}`, country: i % 3 ? 'Chile' : 'Norway' }));
    const expected = await decisions(contexts);
    const { ask, become, close } = await enter(bearer(browserKey), {});
    for (const [i, context] of contexts.entries()) {
      await become(context);
      for (const [flag, question] of Object.entries(DEALT)) {
        assert.equal((await ask({ flag, ...question })).variant, expected[i][flag], `${flag} for ${context.targetingKey}`);
      }
    }
    await close();
  });

  test('a context may change in what is not its key, and what is unchanged is 304', async () => {
    const own = await newEnvironment('openfeature-contexts');
    const norway = { op: 'match', attribute: '/context/user/country', operator: 'text is', value: ['Norway'] };
    await own.edit('live', { rules: [{ id: 'norway', when: norway, serve: { variation: 'after' } }] });
    const { ask, become, calls, close } = await enter(bearer(own.key), { targetingKey: 'ann', country: 'Chile' });
    assert.equal((await ask(live)).value, 0);
    await become({ targetingKey: 'ann', country: 'Norway' });
    assert.equal((await ask(live)).value, 1);
    await become({ targetingKey: 'ann', country: 'Norway' });
    assert.equal((await ask(live)).value, 1);
    const [first, changed, unchanged] = bulksOfItsOwn(calls);
    assert.deepEqual([first.status, changed.status, unchanged.status], [200, 200, 304]);
    assert.equal(header(changed.sent, 'if-none-match'), header(first.headers, 'etag'));
    assert.equal(header(unchanged.sent, 'if-none-match'), header(changed.headers, 'etag'));
    await close();
  });

  test('a change reaches the page by itself, and what it does not concern does not', async () => {
    const own = await newEnvironment('openfeature-live');
    const { ask, calls, happened, close } = await enter(bearer(own.key), { targetingKey: 'ann' });
    assert.equal((await ask(live)).value, 0);
    await until(() => streams(calls).length === 1, 'the event stream');
    assert.equal(header(streams(calls)[0].sent, 'authorization'), undefined, 'an EventSource has no headers: its address is its credential');
    await sleep(QUIET_MS);

    const times = [];
    for (const [variation, value] of [['after', 1], ['before', 0], ['after', 1]]) {
      const seen = (await happened()).length;
      const began = Date.now();
      await own.edit('live', { fallthrough: { variation } });
      const told = await until(async () => (await happened()).slice(seen).find((one) => one.event === 'PROVIDER_CONFIGURATION_CHANGED'), 'the change', VISIBLE_MS);
      times.push(told.at - began);
      assert.deepEqual(told.flags, ['live']);
      assert.equal((await ask(live)).value, value);
      assert.ok(told.at - began < VISIBLE_MS);
    }
    console.log(`from the API's request to the page's event: ${times.join(', ')} ms (the provider waits 50 ms of them)`);

    const asked = bulks(calls).length;
    await own.edit('unseen', { enabled: false });
    await sleep(QUIET_MS);
    assert.equal(bulks(calls).length, asked, 'a flag that browsers do not see is no news');
    assert.equal(streams(calls).length, 1);

    await own.edit('live', rule('bob'));
    const { status, url: address } = await until(() => bulks(calls)[asked], 'the question whether anything is new', VISIBLE_MS);
    assert.equal(status, 304, 'news for bob is none for ann');
    assert.match(address, /flagConfigEtag=/);
    await close();
  });

  test('the stream comes back after the server, with what was missed', async () => {
    const server = await ownServer();
    const own = await newEnvironment('openfeature-restarted', server);
    const { ask, calls, close } = await enter(bearer(own.key), { targetingKey: 'ann' }, server.url);
    await until(() => streams(calls).length === 1, 'the event stream');
    await server.stop();
    await sleep(QUIET_MS);
    assert.equal((await ask(live)).value, 0, 'the page goes on with what it knows');
    await server.start();
    await own.edit('live', { fallthrough: { variation: 'after' } });
    await until(async () => (await ask(live)).value === 1, 'what was missed', 30_000);
    await until(() => streams(calls).length >= 2, 'the next event stream');
    const began = Date.now();
    await own.edit('live', { fallthrough: { variation: 'before' } });
    await until(async () => (await ask(live)).value === 0, 'the change on the new stream', VISIBLE_MS);
    console.log(`after the restart: ${Date.now() - began} ms`);
    await close();
    await server.close();
  });

  test('a wrong key is fatal at once, and the values are those of the code', async () => {
    const { entered, happened, close } = await enter(bearer('pub_prod_0000000000000000'), { targetingKey: 'ann' });
    assert.equal(entered.code, 'PROVIDER_FATAL', JSON.stringify(entered));
    assert.ok((await happened()).some((one) => one.event === 'PROVIDER_ERROR'));
    await close();
  });
});
