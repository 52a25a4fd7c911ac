#!/usr/bin/env node
// SPDX-License-Identifier: GPL-3.0-or-later
//
// relay-http-proxy.mjs BACKEND-PORT
//
// npm's http-proxy in front of a backend of this machine, for bench-relay. Prints its port. Where
// the package is not installed it exits with 77.

import { createRequire } from 'node:module';
import http from 'node:http';

const require = createRequire(import.meta.url);
let httpProxy;
try {
  httpProxy = require('http-proxy');
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND')
    throw error;
  process.exit(77);
}

const target = `ws://127.0.0.1:${process.argv[2]}`;
const proxy = httpProxy.createProxyServer({ target, ws: true });
// A client that leaves is nothing to end for.
proxy.on('error', (error, request, socket) => socket.destroy());
const server = http.createServer((request, response) => {
  response.statusCode = 404;
  response.end();
});
server.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head));
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  console.log(server.address().port);
});
