// SPDX-License-Identifier: Apache-2.0
// Loaded before every test process: no SDK may open a connection that leaves this machine.
'use strict';
const net = require('node:net');

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function guarded(...given) {
  const [first] = net._normalizeArgs(Array.isArray(given[0]) ? given[0] : given);
  if (!first.path && !LOOPBACK.has(first.host ?? 'localhost')) {
    process.exitCode = 1;
    console.error(`loopback: an SDK tried to reach ${first.host}:${first.port}`);
    process.on('exit', () => { process.exitCode = 1; });
    throw new Error(`${first.host} is not this machine`);
  }
  return connect.apply(this, given);
};
