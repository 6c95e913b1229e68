// SPDX-License-Identifier: Apache-2.0
//
// Headless Chromium on pages of an origin of their own, so that every call to the server is
// preflighted by the browser itself, and what its network log says of those calls.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import http from 'node:http';
import puppeteer from 'puppeteer-core';

const BROWSERS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'];

/** Serves pages: answer(path) is {type, body}. */
export async function origin(answer) {
  const server = http.createServer((request, response) => {
    const { type, body } = answer(request.url);
    response.writeHead(body === undefined ? 404 : 200, { 'Content-Type': type });
    response.end(body);
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => new Promise((closed) => { server.close(closed); server.closeAllConnections(); }),
  };
}

export function launch() {
  const executablePath = BROWSERS.find((path) => path && existsSync(path)) ?? assert.fail('no Chromium: tools/install npm');
  return puppeteer.launch({
    executablePath, headless: true, pipe: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--no-first-run', '--no-proxy-server',
      '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost'],
  });
}

/** A fresh page at `address`, and the browser's calls to the server at `url`, oldest first. */
export async function open(browser, address, url) {
  const page = await (await browser.createBrowserContext()).newPage();
  const calls = new Map();
  const wire = await page.createCDPSession();
  const call = (id) => calls.get(id) ?? calls.set(id, {}).get(id);
  wire.on('Network.requestWillBeSent', ({ requestId, type, request }) => {
    Object.assign(call(requestId), { type, method: request.method, url: request.url, sent: request.headers });
  });
  wire.on('Network.responseReceived', ({ requestId, response }) => {
    Object.assign(call(requestId), { status: response.status, headers: response.headers });
  });
  wire.on('Network.loadingFailed', ({ requestId, errorText, corsErrorStatus }) => {
    Object.assign(call(requestId), { failed: errorText, cors: corsErrorStatus?.corsError });
  });
  await wire.send('Network.enable');
  await page.goto(address, { waitUntil: 'load' });
  return { page, calls: () => [...calls.values()].filter((one) => one.url?.startsWith(url)) };
}
