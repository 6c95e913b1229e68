// SPDX-License-Identifier: Apache-2.0
//
// The pages a person signs in on for a command line, in headless Chromium with scripts switched off:
// what its content policies let through, above all the way back to the command line's own port.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { launch } from './chromium.mjs';
import { owner, url } from './town.mjs';

/** Stands where a command line listens; keeps what browsers bring. */
async function listener() {
  const brought = [];
  const server = http.createServer((request, response) => {
    if (request.url.startsWith('/callback')) brought.push({ url: request.url, headers: request.headers });
    response.writeHead(200, { 'Content-Type': 'text/html' });
    response.end('<!doctype html><title>command line</title>You may close this page.');
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return { port: server.address().port, brought, close: () => new Promise((done) => { server.close(done); server.closeAllConnections(); }) };
}

const me = async (token) => {
  const answer = await fetch(`${url}/api/v1/me`, { headers: { Authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200);
  return (await answer.json()).data.email;
};

describe('logins in Chromium', () => {
  let browser;
  let line;

  before(async () => {
    browser = await launch();
    line = await listener();
  });
  after(async () => {
    await browser?.close();
    await line?.close();
  });

  /** A page without scripts, and what the browser complains about on it. */
  async function open(address) {
    const page = await (await browser.createBrowserContext()).newPage();
    const complaints = [];
    await page.setJavaScriptEnabled(false);
    const wire = await page.createCDPSession();
    wire.on('Log.entryAdded', ({ entry }) => complaints.push(`${entry.source} ${entry.text}`));
    await wire.send('Log.enable');
    await page.goto(address, { waitUntil: 'load' });
    return { page, complaints };
  }

  const submit = async (page, button = 'button') => {
    await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.click(button)]);
  };

  test('a token typed into the page leads back to the port that asked', async () => {
    const { page, complaints } = await open(`${url}/cli/login?port=${line.port}&state=st4te`);
    assert.match(await page.title(), /Sign in/);
    await page.type('#token', owner);
    await submit(page);
    assert.ok(page.url().startsWith(`http://localhost:${line.port}/callback?`), `${page.url()} ${complaints}`);
    assert.equal(await page.title(), 'command line');
    const { searchParams } = new URL(page.url());
    assert.equal(searchParams.get('state'), 'st4te');
    assert.notEqual(searchParams.get('token'), owner);
    assert.equal(await me(searchParams.get('token')), searchParams.get('email'));
    assert.equal(line.brought.length, 1);
    assert.equal(line.brought[0].headers.referer, undefined);
    assert.deepEqual(complaints, []);
  });

  test('a refusal keeps the person on the page, with one sentence', async () => {
    const { page, complaints } = await open(`${url}/cli/login?port=${line.port}`);
    await page.type('#email', 'nobody@example.com');
    await page.type('#password', 'not a password of anybody');
    await submit(page);
    assert.equal(page.url(), `${url}/cli/login`);
    assert.equal(await page.$eval('[role=alert]', (one) => one.textContent),
      'This e-mail address and this password do not belong together.');
    assert.equal(await page.$eval('#email', (one) => one.value), 'nobody@example.com');
    assert.deepEqual(complaints.filter((one) => !one.includes('403')), []);
  });

  test('the policy lets a form lead to no other port', async () => {
    const { page, complaints } = await open(`${url}/cli/login?port=${line.port}`);
    const other = await listener();
    try {
      await page.$eval('input[name=port]', (one, port) => { one.value = port; }, String(other.port));
      await page.type('#token', owner);
      await page.click('button');
      for (let waited = 0; complaints.length === 0 && waited < 50; waited++) await new Promise((later) => setTimeout(later, 100));
      assert.match(complaints.join(), /form-action/);
      assert.deepEqual(other.brought, []);
    } finally {
      await other.close();
    }
  });

  test('a page of another site can neither frame nor post the form', async () => {
    const target = `${url}/cli/login`;
    const site = http.createServer((request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' });
      response.end(request.url === '/frame' ? `<iframe src="${target}"></iframe>`
        : `<form method="post" action="${target}"><input name="token" value="${owner}"><button>go</button></form>`);
    });
    await new Promise((ready) => site.listen(0, '127.0.0.1', ready));
    try {
      // Another name: another site to the browser, which is where this matters.
      const base = `http://localhost:${site.address().port}`;
      const framing = await open(`${base}/frame`);
      assert.match(framing.complaints.join(), /frame-ancestors|X-Frame-Options/);
      const posting = await open(`${base}/post`);
      await submit(posting.page);
      assert.equal(posting.page.url(), target);
      assert.match(await posting.page.$eval('main', (one) => one.textContent), /another site/);
    } finally {
      await new Promise((done) => { site.close(done); site.closeAllConnections(); });
    }
  });

  test('a code is allowed on its page', async () => {
    const begun = await (await fetch(`${url}/cli/device`, { method: 'POST' })).json();
    const { page, complaints } = await open(begun.verification_uri);
    await page.type('#code', begun.user_code.toLowerCase().replace('-', ''));
    await submit(page);
    assert.match(await page.$eval('main', (one) => one.textContent), new RegExp(begun.user_code));
    await page.type('#token', owner);
    await submit(page, 'button[value=allow]');
    assert.match(await page.title(), /Allowed/);
    const got = await fetch(`${url}/cli/device/token`, { method: 'POST', body: new URLSearchParams({ device_code: begun.device_code }) });
    assert.equal(got.status, 200);
    const { token, email } = await got.json();
    assert.equal(await me(token), email);
    assert.deepEqual(complaints, []);
  });
});
