#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test-metrics.py RELAY: what /metrics and /healthz of a running relay say.

The text is also read by Prometheus' own library, python3-prometheus-client; where it is not
installed that is skipped, unless CI or DUPLEX_REQUIRE_INTEROP is set.
"""

import asyncio
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from relaylib import (BINARY, CLOSE, PING, TEXT, Backend, End, ask, close_body,   # noqa: E402
                      connect, frame, pair, request, run, running)  # pylint: disable=C0413

try:
    from prometheus_client.parser import text_string_to_metric_families
except ModuleNotFoundError:
    text_string_to_metric_families = None

STRICT = 'CI' in os.environ or 'DUPLEX_REQUIRE_INTEROP' in os.environ
CERTIFICATES = pathlib.Path(__file__).resolve().parent.parent / 'interop/make-certificates'
PREFIX = 'duplex_relay_'


async def get(relay, path, *fields, method='GET'):
    """Return (status, fields by name in lower case, body) of a plain request."""
    answer = await ask(relay, '\r\n'.join(
        [f'{method} {path} HTTP/1.1', 'Host: relay', *fields, '', '']).encode())
    head, body = answer.split('\r\n\r\n', 1)
    first, *lines = head.split('\r\n')
    return int(first.split()[1]), {name.lower(): value for name, value in
                                   (line.split(': ', 1) for line in lines)}, body


async def scrape(relay):
    """Return the samples by name and labels."""
    status, _fields, body = await get(relay, '/metrics')
    assert status == 200, (status, body)
    samples = {}
    for line in body.splitlines():
        if not line.startswith('#'):
            key, value = line.rsplit(' ', 1)
            assert key not in samples, key
            samples[key] = float(value)
    return samples


async def until(relay, wanted):
    """Scrape until these samples have these values, since an end takes its time."""
    seen = {}
    try:
        async with asyncio.timeout(10):
            while seen != wanted:
                samples = await scrape(relay)
                seen = {key: samples[PREFIX + key] for key in wanted}
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f'{seen} instead of {wanted}') from None
    return samples


async def check_format():
    """Metrics are text of version 0.0.4 that Prometheus' own reader takes"""
    async with running() as relay, pair(relay):
        status, fields, body = await get(relay, '/metrics')
        assert status == 200 and 'no-store' in fields['cache-control'], (status, fields)
        assert fields['content-type'].startswith('text/plain; version=0.0.4'), fields
        assert int(fields['content-length']) == len(body), fields
        if text_string_to_metric_families is None:
            assert not STRICT, 'python3-prometheus-client is needed'
            check_format.__doc__ += ' # SKIP python3-prometheus-client is not installed'
            return
        read = list(text_string_to_metric_families(body))
        families = {family.name: family for family in read}
        # One name for a gauge and a counter, say, is not told apart without its "_total".
        assert len(families) == len(read), sorted(family.name for family in read)
        for name, family in families.items():
            assert family.documentation and family.type != 'unknown', name
            assert name.startswith((PREFIX, 'process_')), name
        assert families[PREFIX + 'clients'].type == 'gauge'
        assert families[PREFIX + 'messages'].type == 'counter'
        for name in 'forward_seconds', 'open_seconds':
            family = families[PREFIX + name]
            assert family.type == 'histogram', family
            buckets = [(float(sample.labels['le']), sample.value) for sample in family.samples
                       if sample.name.endswith('_bucket')]
            assert buckets == sorted(buckets), buckets
            assert [value for _le, value in buckets] == sorted(value for _le, value in buckets)
            count = next(sample.value for sample in family.samples
                         if sample.name.endswith('_count'))
            assert buckets[-1] == (float('inf'), count), (buckets, count)


async def check_counts():
    """Connections, messages, bytes and closes are counted as they were"""
    async with running('--no-status', '--workers', '2') as relay:
        for i in range(5):
            async with pair(relay) as (client, backend):
                up = frame(TEXT, b'abc') + frame(BINARY, b'x' * 1000) + frame(PING, b'p')
                down = frame(TEXT, b'one', mask=None)
                client.write(up)
                backend.write(down)
                await client.read_message()
                for _ in range(3):
                    await backend.read_message()
                await until(relay, {'open_connections': 1, 'connections_total': i + 1})
                client.write(frame(CLOSE, close_body(4000 + i)))
                assert (await backend.read_close())[0] == 4000 + i
                backend.write(frame(CLOSE, close_body(1000), mask=None))
                assert (await client.read_close())[0] == 1000
                close_bytes = len(frame(CLOSE, close_body(1000)))
        samples = await until(relay, {
            'clients': 1,   # who asks
            'open_connections': 0,
            'connections_total': 5,
            'messages_total{from="client"}': 10,
            'messages_total{from="backend"}': 5,
            'bytes_total{from="client"}': 5 * (len(up) + close_bytes),
            'bytes_total{from="backend"}': 5 * (len(down) + close_bytes - 4),
            'late_bytes_total{from="client"}': 0,
            'closes_total{from="client",code="4xxx"}': 5,
            'closes_total{from="backend",code="1000"}': 5,
            'closes_sent_total{to="client",code="1000"}': 5,
            'closes_sent_total{to="backend",code="4xxx"}': 5,
            'open_seconds_count': 5,
        })
        assert samples[PREFIX + 'forward_seconds_count'] >= 20, samples
        assert 0 < samples[PREFIX + 'forward_seconds_sum'] < 60, samples
        assert 0 < samples[PREFIX + 'open_seconds_sum'] < 60, samples


async def check_abrupt():
    """Ends without a Close, and what the relay says to the other end, are counted"""
    async with running('--no-status') as relay:
        async with pair(relay) as (client, backend):
            backend.reset()
            assert (await client.read_close())[0] == 1011
            client.write(frame(CLOSE, close_body(1011)))
            await client.read_end()
        async with pair(relay) as (client, backend):
            client.write(frame(3, b'no such opcode'))
            assert (await client.read_close())[0] == 1002
            assert (await backend.read_close())[0] == 1001
        await until(relay, {
            'open_connections': 0,
            'closes_total{from="backend",code="none"}': 2,
            'closes_total{from="client",code="1011"}': 1,
            'closes_sent_total{to="client",code="1011"}': 1,
            'closes_sent_total{to="client",code="1002"}': 1,
            'closes_sent_total{to="backend",code="1001"}': 1,
        })


async def refused(relay, *fields, backend=None):
    """Ask for an upgrade, and return the status."""
    target = '/api/websocket' + (f'?backend={backend}' if backend else '')
    end = End(*await asyncio.open_connection('127.0.0.1', relay.port))
    end.write(request(target, *fields))
    status = int((await end.read_head()).split()[1])
    await end.read_end()
    end.end()
    return status


async def check_refusals():
    """Refusals are counted by their reason"""
    async with running('--max-connections', '1') as relay, Backend() as backend:
        wanted = {f'refusals_total{{reason="{reason}"}}': 0 for reason in (
            'request', 'timeout', 'tls', 'origin', 'token', 'limit', 'not-allowed', 'unreachable',
            'left')}

        async def count(reason, number=1):
            wanted[f'refusals_total{{reason="{reason}"}}'] += number
            await until(relay, wanted)

        await count('request', 0)
        assert (await get(relay, '/nothing'))[0] == 404
        await ask(relay, b'what is this?\r\n\r\n')
        await count('request', 2)
        assert await refused(relay, 'Origin: https://evil.example', backend=backend.url) == 403
        await count('origin')
        for url, reason in (('ws://192.0.2.1', 'not-allowed'), ('ws://127.0.0.1:1', 'unreachable')):
            client = await connect(relay, url)
            await client.read_message()
            assert (await client.read_close())[0] in (1008, 1011)
            client.reset()
            await count(reason)
            await until(relay, {'clients': 1})
        client = await connect(relay, backend.url)
        assert await refused(relay, backend=backend.url) == 503
        await count('limit')
        client.reset()
        (await backend.accepted.get()).reset()


async def check_absent():
    """Clients that come too late, or leave before their backend has answered, are counted"""
    async def accept(reader, _writer):
        asked.set()
        await reader.read()

    asked = asyncio.Event()
    silent = await asyncio.start_server(accept, '127.0.0.1', 0)
    port = silent.sockets[0].getsockname()[1]
    async with silent, running('--handshake-timeout', '1') as relay:
        late = End(*await asyncio.open_connection('127.0.0.1', relay.port))
        late.write(b'GET /api/websocket')
        await late.read_end()
        await until(relay, {'refusals_total{reason="timeout"}': 1})
        hasty = End(*await asyncio.open_connection('127.0.0.1', relay.port))
        hasty.write(request(f'/api/websocket?backend=ws://127.0.0.1:{port}'))
        await asked.wait()
        hasty.end()
        await until(relay, {'refusals_total{reason="left"}': 1, 'clients': 1,
                            'open_connections': 0})


async def check_tls():
    """A TLS handshake that fails is counted"""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([CERTIFICATES, folder], check=True, capture_output=True)
        async with running('--tls-cert', f'{folder}/valid.pem', '--tls-key',
                           f'{folder}/valid.key') as relay:
            context = ssl.create_default_context(cafile=f'{folder}/ca.pem')
            end = End(*await asyncio.open_connection('127.0.0.1', relay.port))
            end.write(b'this is no TLS\r\n\r\n')
            await end.read_end()
            end.end()
            question = b'GET /metrics HTTP/1.1\r\nHost: relay\r\n\r\n'
            wanted, answer = 'duplex_relay_refusals_total{reason="tls"} 1\n', ''
            while wanted not in answer:
                end = End(*await asyncio.open_connection('127.0.0.1', relay.port, ssl=context))
                end.write(question)
                answer = (await end.read_end()).decode()
                assert answer.startswith('HTTP/1.1 200 '), answer
                end.end()


async def check_token():
    """Whoever has the token gets metrics, also through a proxy; others on this machine only"""
    proxied = 'X-Forwarded-For: 192.0.2.1'
    with tempfile.NamedTemporaryFile() as file:
        file.write(b'secret\n')
        file.flush()
        async with running('--token-file', file.name) as relay:
            assert await refused(relay) == 401
            samples = await until(relay, {'refusals_total{reason="token"}': 1})
            assert 'secret' not in str(samples)
            for fields, status in (((), 200), ((proxied,), 403),
                                   ((proxied, 'Authorization: Bearer secret'), 200),
                                   ((proxied, 'Authorization: Bearer other'), 403),
                                   (('Origin: https://evil.example',), 403)):
                assert (await get(relay, '/metrics', *fields))[0] == status, fields
                assert (await get(relay, '/healthz', *fields))[0] == 200, fields


async def check_process():
    """What a relay says of its process is what the system says"""
    start = time.time()
    async with running() as relay, pair(relay), pair(relay):
        samples = await scrape(relay)
        assert abs(samples[PREFIX + 'start_time_seconds'] - start) < 60, samples
        resident = relay.memory('VmRSS')
        assert resident / 2 < samples['process_resident_memory_bytes'] < resident * 2, samples
        # Who asked is gone, or is not yet.
        assert 0 <= samples['process_open_fds'] - relay.descriptors() <= 1, samples
        assert samples['process_open_fds'] < samples['process_max_fds'], samples
        assert 0 < samples['process_cpu_seconds_total'] < 60, samples


async def check_methods():
    """HEAD gets no body, and other methods are refused"""
    async with running() as relay:
        for path in '/healthz', '/metrics':
            status, fields, body = await get(relay, path, method='HEAD')
            assert (status, body) == (200, '') and int(fields['content-length']) > 0, fields
            assert (await get(relay, path, method='POST'))[0] == 405
        assert (await get(relay, '/healthz'))[::2] == (200, 'ok\n')


if __name__ == '__main__':
    run([check_format, check_counts, check_abrupt, check_refusals, check_absent, check_tls,
         check_token, check_process, check_methods])
