#!/usr/bin/env node
// SPDX-License-Identifier: GPL-3.0-or-later
//
// ws-deflate.mjs serve PARAMETERS
// ws-deflate.mjs connect PARAMETERS URL
//
// One end of compressed connections, made of npm's `ws`. PARAMETERS is a JSON object of the four of
// RFC 7692 as this end wishes them: {"server_max_window_bits": 9}. websockets-deflate.py does the
// same.
//
// serve: prints "ready PORT", and for each connection "agreed VALUE", the value of the response's
// Sec-WebSocket-Extensions; sends every message back. Ends when its stdin does.
//
// connect: sends messages of many sizes to a server that sends them back, checks what comes, and
// prints "agreed VALUE" and "fine WIRE PLAIN": the bytes that came, and those of the messages.
//
// Where `ws` is not installed it says "missing ws" and exits with 77.

import { createRequire } from 'node:module';

const NAMES = {
  server_no_context_takeover: 'serverNoContextTakeover',
  client_no_context_takeover: 'clientNoContextTakeover',
  server_max_window_bits: 'serverMaxWindowBits',
  client_max_window_bits: 'clientMaxWindowBits',
};
const LINE = 'all work and no play makes jack a dull boy ';
const SIZES = [0, 1, 125, 126, 2000, 2000, 2000, 65535, 65536, 1 << 20];

const require = createRequire(import.meta.url);
let library;
try {
  library = require('ws');
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND')
    throw error;
  console.log('missing ws');
  process.exit(77);
}

// Also small messages are compressed.
function makeOptions(text) {
  const perMessageDeflate = { threshold: 0 };
  for (const [name, value] of Object.entries(JSON.parse(text)))
    perMessageDeflate[NAMES[name]] = value;
  return { perMessageDeflate, maxPayload: 0 };
}

function fail(text) {
  console.log(`error ${text}`);
  process.exit(1);
}

function serve(options) {
  const server = new library.WebSocketServer({ ...options, host: '127.0.0.1', port: 0 });
  server.on('listening', () => console.log(`ready ${server.address().port}`));
  server.on('headers', (headers) => {
    const field = headers.find((line) => /^Sec-WebSocket-Extensions: /i.test(line));
    console.log(`agreed ${field ? field.slice(field.indexOf(':') + 2) : ''}`);
  });
  server.on('connection', (socket) => {
    socket.on('error', (error) => console.log(`error ${error.message}`));
    socket.on('message', (data, binary) => socket.send(data, { binary }));
  });
  process.stdin.on('end', () => process.exit(0)).resume();
}

function connect(options, url) {
  const socket = new library.WebSocket(url, options);
  const messages = [];
  for (const size of SIZES) {
    const text = LINE.repeat(size / LINE.length + 1).slice(0, size);
    messages.push(text, Buffer.from(text));
  }
  let next = 0;
  let plain = 0;

  socket.on('error', (error) => fail(error.message));
  socket.on('upgrade', (response) =>
    console.log(`agreed ${response.headers['sec-websocket-extensions'] ?? ''}`));
  socket.on('open', () => messages.forEach((message) => socket.send(message)));
  socket.on('message', (data, binary) => {
    const expected = messages[next++];
    if (binary !== (typeof expected !== 'string') || !data.equals(Buffer.from(expected)))
      fail(`message ${next} is another`);
    plain += data.length;
    if (next === messages.length) {
      console.log(`fine ${socket._socket.bytesRead} ${plain}`);
      socket.close(1000);
    }
  });
  socket.on('close', (code) => (code === 1000 ? process.exit(0) : fail(`closed with ${code}`)));
}

const [verb, parameters, url] = process.argv.slice(2);
if (verb === 'serve')
  serve(makeOptions(parameters));
else
  connect(makeOptions(parameters), url);
