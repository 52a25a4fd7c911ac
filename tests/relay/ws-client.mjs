#!/usr/bin/env node
// SPDX-License-Identifier: GPL-3.0-or-later
//
// ws-client.mjs URL [SUBPROTOCOL...]
//
// A client made of npm's `ws`, driven by lines of JSON on stdin: {"text":"..."}, {"binary":SIZE}
// for that many bytes of the pattern of test-peers.py, {"ping":"..."}, {"close":[CODE,"REASON"]}.
// What happens is a line of JSON on stdout. Without `ws` it exits with 77.

import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(import.meta.url);
let WebSocket;
try {
  WebSocket = require('ws');
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND')
    throw error;
  process.exit(77);
}

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const [url, ...subprotocols] = process.argv.slice(2);
const socket = new WebSocket(url, subprotocols, { maxPayload: 64 * 1024 * 1024 });

socket.on('open', () => say({ open: socket.protocol }));
socket.on('message', (data, binary) => {
  const hash = createHash('sha1').update(data).digest('hex');
  say({ message: [binary ? 'binary' : 'text', data.length, hash] });
});
socket.on('ping', (data) => say({ ping: data.toString() }));
socket.on('pong', (data) => say({ pong: data.toString() }));
socket.on('error', (error) => say({ error: error.message }));
socket.on('close', (code, reason) => {
  say({ close: [code, reason.toString()] });
  process.exit(0);
});

const pattern = Buffer.from(Array.from({ length: 251 }, (_, i) => i));
const commands = {
  text: (text) => socket.send(text),
  binary: (size) => socket.send(Buffer.alloc(size, pattern)),
  ping: (text) => socket.ping(text),
  close: (parameters) => socket.close(...parameters),
};
createInterface({ input: process.stdin }).on('line', (line) => {
  for (const [name, value] of Object.entries(JSON.parse(line)))
    commands[name](value);
}).on('close', () => process.exit(0));
