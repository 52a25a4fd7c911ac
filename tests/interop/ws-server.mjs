#!/usr/bin/env node
// SPDX-License-Identifier: GPL-3.0-or-later
//
// ws-server.mjs [CERTIFICATES]
//
// A server on loopback made of npm's `ws`, for the interoperability tests: what it does depends on
// the path of the request, see `modes` and `verify` below; websockets-server.py does the same.
//
// The first line on stdout is "ready NAME=PORT...": "plain", and with a folder of certificates (see
// make-certificates) one port a certificate. Later lines are reports:
//
//   closed ID CODE REASON    a connection whose URL had id=ID is over, and the Close that came
//   total ID MESSAGES BYTES  what came on a connection to /total
//   stalled                  half of a response's head is on its way to who asked for /stall
//   error TEXT               the library complains about what the client did
//
// The server ends when its stdin does. Where `ws` is not installed it says "missing ws" and exits
// with 77.

import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const CERTIFICATES = ['valid', 'expired', 'self-signed', 'wrong-host'];
const SIZES = [0, 125, 126, 65535, 65536, 16 * 1024 * 1024];
const FRAGMENTS = 1000;

// The table stands in test-interop-messages.c too.
const UTF8 = [
  'nul \0 inside', '\0', '\u007f\u0080', '\u07ff\u0800', '\ud7ff\ue000', '\ufdd0\ufffd\ufffe\uffff',
  '\u{10000}\u{10ffff}', '\u{1f469}\u200d\u{1f680}', 'e\u0301 n\u0303', '\ufeffbom', 'bom\ufeff',
  '\u202eright to left\u202c', '\u2028\u2029\r\n\t',
];

// `import` does not look at NODE_PATH, which is where build-aux/test puts the package; this does.
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

// 89 and 251 are primes, so that no byte looks right at another place of a power of two.
function textPattern(size) {
  return Buffer.alloc(size, Buffer.from(Array.from({ length: 89 }, (_, i) => 0x20 + i)));
}

function binaryPattern(size) {
  return Buffer.alloc(size, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));
}

// What a connection does once it is open, by path.
const modes = {
  '/echo'(socket) {
    socket.on('message', (data, binary) => socket.send(data, { binary }));
  },

  '/sizes'(socket) {
    for (const size of SIZES) {
      socket.send(textPattern(size), { binary: false });
      socket.send(binaryPattern(size), { binary: true });
    }
  },

  '/utf8'(socket) {
    for (const text of UTF8)
      socket.send(text);
  },

  '/fragments/text'(socket) {
    socket.send('one, ', { fin: false });
    socket.send('two, ', { fin: false });
    socket.ping('between');
    socket.send('three');
  },

  '/fragments/binary'(socket) {
    const all = binaryPattern(65538);
    for (const [from, to, fin] of [[0, 0], [0, 1], [1, 65537], [65537, 65538, true]])
      socket.send(all.subarray(from, to), { binary: true, fin: fin === true });
  },

  '/fragments/many'(socket) {
    const all = textPattern(FRAGMENTS);
    for (let i = 0; i < FRAGMENTS; i++)
      socket.send(all.subarray(i, i + 1), { binary: false, fin: i === FRAGMENTS - 1 });
  },

  // A fragment may end inside a character, RFC 6455 §5.6.
  '/fragments/part'(socket) {
    const all = Buffer.from('\u{10ffff}\u20ac');
    for (let i = 0; i < all.length; i++)
      socket.send(all.subarray(i, i + 1), { binary: false, fin: i === all.length - 1 });
  },

  // Pings, each after the pong to the last, and says in a message whether the pong was right.
  '/ping'(socket) {
    const payloads = [Buffer.alloc(0), Buffer.from('are you there?'), binaryPattern(125)];
    socket.on('pong', (payload) => {
      const right = payload.equals(payloads.shift());
      socket.send(`pong ${payload.length} ${right ? 'as sent' : 'different'}`);
      if (payloads.length > 0)
        socket.ping(payloads[0]);
    });
    socket.ping(payloads[0]);
  },

  // Reports what came: "total ID MESSAGES BYTES".
  '/total'(socket, query) {
    let messages = 0;
    let bytes = 0;
    socket.on('message', (data) => {
      messages++;
      bytes += data.length;
    });
    socket.on('close', () => console.log(`total ${query.get('id')} ${messages} ${bytes}`));
  },

  // Without a code: a Close with no body.
  '/close'(socket, query) {
    const code = query.has('code') ? Number(query.get('code')) : undefined;
    try {
      socket.close(code, query.get('reason') ?? undefined);
    } catch {
      socket.send(`refused ${code}`);
    }
  },

  '/headers'(socket, query, request) {
    const raw = request.rawHeaders;
    const lines = [`${request.method} ${request.url}\n`];
    for (let i = 0; i < raw.length; i += 2)
      lines.push(`${raw[i]}: ${raw[i + 1]}\n`);
    socket.send(lines.join(''));
  },

  '/subprotocol'(socket) {
    socket.send(`subprotocol ${socket.protocol}`);
  },
};

// What is refused and how, by path.
function verify(info, done) {
  const url = new URL(info.req.url, 'http://localhost');
  const query = url.searchParams;
  if (url.pathname === '/refuse') {
    const headers = {};
    if (query.has('name'))
      headers[query.get('name')] = query.get('value');
    const body = query.get('body').repeat(Number(query.get('times') ?? 1));
    done(false, Number(query.get('status')), body, headers);
  } else if (url.pathname === '/auth') {
    const expected = `Basic ${Buffer.from('us er:pa:ss/wörd').toString('base64')}`;
    if (info.req.headers.authorization === expected)
      done(true);
    else
      done(false, 401, 'Who is there?', { 'WWW-Authenticate': 'Basic realm="interop"' });
  } else if (modes[url.pathname] === undefined) {
    done(false, 404);
  } else {
    done(true);
  }
}

modes['/auth'] = modes['/echo'];

const upgrader = new library.WebSocketServer({
  noServer: true,
  verifyClient: (info, done) => verify(info, done),
  handleProtocols(offered, request) {
    return new URL(request.url, 'http://localhost').searchParams.get('choose') || false;
  },
});

upgrader.on('wsClientError', (error, socket) => {
  console.log(`error ${error.message}`);
  socket.destroy();
});

// An HTTP server in front of the application: the body of its refusal follows the head late, and
// its end is marked as `framing` says.
function refuseLate(socket, query) {
  const body = query.get('body');
  const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const [header, text, ends] = {
    length: [`Content-Length: ${body.length}`, body, false],
    chunked: ['Transfer-Encoding: chunked', chunks, false],
    close: ['Connection: close', body, true],
  }[query.get('framing')];
  socket.setNoDelay();
  socket.on('error', () => socket.destroy());
  socket.write(`HTTP/1.1 503 Service Unavailable\r\n${header}\r\n\r\n`);
  setTimeout(() => ends ? socket.end(text) : socket.write(text), 20);
}

function upgrade(request, stream, head) {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname === '/refuse-late') {
    refuseLate(stream, url.searchParams);
    return;
  }
  if (url.pathname === '/stall') {
    stream.on('error', () => stream.destroy());
    stream.write('HTTP/1.1 101 Switching Pro', () => console.log('stalled'));
    return;
  }
  upgrader.handleUpgrade(request, stream, head, (socket) => {
    const id = url.searchParams.get('id');
    socket.on('error', (error) => console.log(`error ${error.message}`));
    socket.on('close', (code, reason) => {
      if (id !== null)
        console.log(`closed ${id} ${code} ${reason}`);
    });
    modes[url.pathname](socket, url.searchParams, request);
  });
}

async function listen(name, server) {
  server.on('upgrade', upgrade);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `${name}=${server.address().port}`;
}

const ports = [await listen('plain', http.createServer())];
const folder = process.argv[2];
for (const name of folder !== undefined ? CERTIFICATES : []) {
  const read = (file) => readFileSync(join(folder, file));
  const server = https.createServer({ key: read(`${name}.key`), cert: read(`${name}.pem`) });
  ports.push(await listen(name, server));
}
console.log(`ready ${ports.join(' ')}`);

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
