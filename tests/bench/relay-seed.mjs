#!/usr/bin/env node
// SPDX-License-Identifier: GPL-3.0-or-later
//
// relay-seed.mjs
//
// A relay as the project's first specification has it, on npm's `ws`, for bench-relay: whole
// messages go from one side to the other, whatever waits there. GET /api/websocket?backend=URL; the
// first message says that the backend is connected, and what a client sends before it is lost.
// Prints its port. Where `ws` is not installed it exits with 77.

import { createRequire } from 'node:module';
import http from 'node:http';

const require = createRequire(import.meta.url);
let ws;
try {
  ws = require('ws');
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND')
    throw error;
  process.exit(77);
}

const unlimited = { perMessageDeflate: false, maxPayload: 0 };

function relay(client, backendUrl) {
  if (backendUrl === null) {
    client.send(JSON.stringify({ error: 'Backend URL required' }));
    client.close(1008, 'Backend URL required');
    return;
  }
  const backend = new ws.WebSocket(backendUrl, unlimited);
  const closeClient = (code, reason) => {
    if (client.readyState === ws.WebSocket.OPEN)
      client.close(code === 1005 || code === 1006 ? 1000 : code, reason);
  };

  backend.on('open', () => {
    client.send(JSON.stringify({ status: 'connected', backend: backendUrl }));
  });
  backend.on('message', (data, binary) => client.send(data, { binary }));
  backend.on('close', closeClient);
  backend.on('error', () => closeClient(1011, 'Backend error'));
  client.on('message', (data, binary) => {
    if (backend.readyState === ws.WebSocket.OPEN)
      backend.send(data, { binary });
  });
  client.on('close', () => backend.close());
  client.on('error', () => backend.terminate());
}

const server = http.createServer((request, response) => {
  response.statusCode = 404;
  response.end();
});
const sockets = new ws.WebSocketServer({ noServer: true, ...unlimited });
server.on('upgrade', (request, socket, head) => {
  const url = new URL(request.url, 'http://relay');

  if (url.pathname !== '/api/websocket') {
    socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
    return;
  }
  sockets.handleUpgrade(request, socket, head, (client) => {
    relay(client, url.searchParams.get('backend'));
  });
});
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  console.log(server.address().port);
});
