#!/usr/bin/env node
// SPDX-License-Identifier: GPL-3.0-or-later
//
// ws-echo.mjs DEFLATE
//
// A server made of npm's `ws` that sends everything back, compressed as DEFLATE, the option
// perMessageDeflate in JSON, has it. Prints its port. Without `ws` it exits with 77.

import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
let WebSocketServer;
try {
  ({ WebSocketServer } = require('ws'));
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND')
    throw error;
  process.exit(77);
}

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: JSON.parse(process.argv[2]),
});
server.on('listening', () => process.stdout.write(`${server.address().port}\n`));
server.on('connection', (socket) => {
  socket.on('message', (data, binary) => socket.send(data, { binary }));
});
process.stdin.on('end', () => process.exit(0)).resume();
