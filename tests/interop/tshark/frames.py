# SPDX-License-Identifier: GPL-3.0-or-later
"""The frames of a connection as two programs that do not know of each other tell them: tshark, from
a packet capture, and duplex-cli show, from a capture of ours."""

import base64
import dataclasses
import json
import os
import shutil
import subprocess
import tempfile

from pcap import CLIENT, PORTS, SERVER
from support import DEADLINE, Skip, cli, ends, events

CONTROL = 8     # and above: opcodes of control frames
CLOSE = 8
# The protocols that tshark shows a whole message as, once it is unmasked, put together, inflated.
MESSAGE = 'data_raw', 'data-text-lines_raw'
# An empty message, compressed (RFC 7692 §7.2.3.6), which tshark shows as it is.
EMPTY = b'\0'


@dataclasses.dataclass
class Frame:
    """One frame, with all that both tell of it."""

    sender: int
    fin: bool
    rsv: int                    # 4 for RSV1, 2, 1
    opcode: int                 # of the frame itself
    mask: str                   # the key in hex, None where the mask bit is not set
    length_bits: int            # 7, 16 or 64
    length: int
    header: str                 # all of it, in hex
    payload: bytes              # as on the wire, but unmasked
    close_code: int = None
    close_reason: str = None
    inflated: bytes = None      # of an unfragmented compressed message
    # Of the last frame of a message of fragments that is not compressed.
    n_frames: int = None
    message_size: int = None

    def differences(self, other):
        """Return the fields in which the two are not the same, as text."""
        pairs = [(field.name, getattr(self, field.name), getattr(other, field.name))
                 for field in dataclasses.fields(self)]
        return [f'{name}: {short(one)} and {short(two)}' for name, one, two in pairs if one != two]


def short(value):
    """Return a value as text that is not too long."""
    size = f' ({len(value)} bytes)' if isinstance(value, bytes) else ''
    return f'{value!r:.200}{size}'


class Messages:
    """Follows the messages of both directions."""

    def __init__(self, deflate):
        self.deflate = deflate              # whether RSV1 means anything
        self.compressed = [False, False]
        self.has_empty = [False, False]     # one of the frames is empty

    def take(self, frame):
        """Look at the next frame; return which of a frame's last fields it can have."""
        here = frame.sender
        if frame.opcode >= CONTROL:
            return None
        if frame.opcode != 0:
            self.compressed[here] = self.deflate and frame.rsv & 4 != 0
            self.has_empty[here] = False
        self.has_empty[here] |= frame.length == 0
        if frame.opcode != 0 and frame.fin:
            return 'inflated' if self.compressed[here] else None
        # tshark does not inflate fragments, and puts none together of which one is empty.
        if not frame.fin or self.compressed[here] or self.has_empty[here]:
            return None
        return 'fragments'


# ---- tshark ----

class Pairs(list):
    """A JSON object, whose names tshark repeats."""

    def find(self, name, default=None):
        """Return the first value of that name."""
        return next((value for key, value in self if key == name), default)

    def raw(self, name):
        """Return the bytes of a field, None where it is not there."""
        value = self.find(name + '_raw')
        return None if value is None else bytes.fromhex(value[0])


def find_tshark():
    """Return the program's path, or say that there is none."""
    path = shutil.which('tshark')
    if path is None:
        if 'CI' in os.environ or 'DUPLEX_REQUIRE_INTEROP' in os.environ:
            raise AssertionError('tshark is not installed')
        raise Skip('tshark is not installed')
    return path


def run_tshark(path):
    """Return what tshark's dissectors make of a packet capture, as packets of layers."""
    command = [find_tshark(), '-n', '-r', str(path), '-d', f'tcp.port=={PORTS[SERVER]},http',
               '-o', 'tcp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE',
               '-T', 'json', '-x', '-Y', 'websocket or _ws.malformed or tcp.analysis.flags',
               '-J', 'tcp websocket websocket.fragments data data-text-lines']
    # What its user has set must not decide.
    with tempfile.TemporaryDirectory(prefix='duplex-tshark.') as home:
        result = subprocess.run(command, capture_output=True, timeout=4 * DEADLINE, check=False,
                                env={**os.environ, 'HOME': home, 'WIRESHARK_CONFIG_DIR': home})
    if result.returncode != 0:
        raise AssertionError(f'tshark ends with {result.returncode}: {result.stderr.decode()}')
    packets = json.loads(result.stdout.decode(errors='surrogateescape'), object_pairs_hook=Pairs)
    return [packet.find('_source').find('layers') for packet in packets]


def frame_of_tshark(sender, header, websocket):
    """Return what one websocket layer says."""
    length, bits = int(websocket.find('websocket.payload_length')), 7
    for extended in 16, 64:
        field = websocket.find(f'websocket.payload_length_ext_{extended}')
        if field is not None:
            length, bits = int(field), extended
    key = websocket.raw('websocket.masking_key')
    frame = Frame(sender,
                  fin=websocket.find('websocket.fin') == '1',
                  rsv=int(websocket.find('websocket.rsv'), 16),
                  opcode=int(websocket.find('websocket.opcode')),
                  mask=key.hex() if key is not None else None,
                  length_bits=bits, length=length, header=header,
                  payload=websocket.raw('websocket.payload') or b'')
    if (websocket.find('websocket.mask') == '1') != (key is not None):
        raise AssertionError(f'the mask bit and the key of {frame} do not agree')
    close = websocket.find('websocket.payload', '')
    close = close.find('websocket.payload.close') if isinstance(close, Pairs) else None
    if close is not None:
        frame.close_code = int(close.find('websocket.payload.close.status_code'))
        frame.close_reason = close.find('websocket.payload.close.reason', '')
    return frame


def frames_of_tshark(path, deflate=False):
    """Return the frames of a packet capture. deflate: whether that was agreed on."""
    frames, messages = [], Messages(deflate)
    for layers in run_tshark(path):
        sender = CLIENT if int(layers.find('tcp').find('tcp.dstport')) == PORTS[SERVER] else SERVER
        header, last = None, None
        for name, value in layers:
            if name == 'websocket_raw':
                header = value[0]
            elif name == 'websocket':
                frames.append(frame_of_tshark(sender, header, value))
                last = messages.take(frames[-1])
                if last == 'inflated':
                    frames[-1].inflated = b''
            elif name == 'websocket.fragments' and last == 'fragments':
                frames[-1].n_frames = int(value.find('websocket.fragment.count'))
                frames[-1].message_size = int(value.find('websocket.reassembled.length'))
            elif name in MESSAGE and last == 'inflated' and frames[-1].payload != EMPTY:
                frames[-1].inflated = bytes.fromhex(value[0])
            elif name.startswith('_ws.malformed'):
                raise AssertionError(f'tshark calls a packet malformed after {frames[-1]}')
    return frames


# ---- ours ----

def payload_of(event, name=''):
    """Return a payload of an event: its text, or its bytes in base64."""
    if f'{name}text' in event:
        return event[f'{name}text'].encode()
    return base64.b64decode(event.get(f'{name}base64', ''))


def frame_of_event(event):
    """Return what an object of JSON Lines says of a frame."""
    second = int(event['header'][2:4], 16)
    return Frame(CLIENT if event['direction'] == 'sent' else SERVER,
                 fin=event['fin'], rsv=event['rsv'], opcode=event['opcode'],
                 mask=event.get('mask'),
                 length_bits={126: 16, 127: 64}.get(second & 0x7f, 7),
                 length=event['length'], header=event['header'], payload=payload_of(event),
                 close_code=event.get('close_code'), close_reason=event.get('close_reason'))


def frames_of_capture(path, deflate=False):
    """Return the frames of a capture of ours. deflate: as above."""
    result = cli('show', '--json', path, timeout=4 * DEADLINE)
    ends(result, 0)
    frames, messages = [], Messages(deflate)
    for event in events(result.stdout):
        if event['event'] != 'frame':
            continue
        frame = frame_of_event(event)
        last = messages.take(frame)
        if last == 'inflated':
            frame.inflated = payload_of(event, 'inflated_')
        elif last == 'fragments' and event['frames'] > 1:
            frame.n_frames, frame.message_size = event['frames'], event['message_size']
        frames.append(frame)
    return frames
