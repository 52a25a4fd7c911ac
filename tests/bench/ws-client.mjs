#!/usr/bin/env node
// SPDX-License-Identifier: GPL-3.0-or-later
//
// ws-client.mjs URL
//
// What plain-client does, with npm's `ws`. Where that is not installed it exits with 77.

import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
let WebSocket;
try {
  WebSocket = require('ws');
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND')
    throw error;
  process.exit(77);
}

const begun = process.hrtime.bigint();
let received = 0;
const socket = new WebSocket(process.argv[2], { perMessageDeflate: false });
socket.on('message', () => received++);
socket.on('error', (error) => console.error(`ws-client: ${error.message}`));
socket.on('close', () => {
  console.log(`${received} ${(Number(process.hrtime.bigint() - begun) / 1e9).toFixed(6)}`);
});
