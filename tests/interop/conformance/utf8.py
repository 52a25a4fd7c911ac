# SPDX-License-Identifier: GPL-3.0-or-later
"""Class 6: text is UTF-8 (RFC 6455 §5.6, §8.1), by the ABNF of RFC 3629 §4."""

from steps import AT_ONCE, Case, echoes, fails, gets, sends, step, syncs
from wire import Frame, fragments, more, text

RULE = 'RFC 6455 §8.1'

# RFC 3629 §4: first byte, range of the second, and how many more follow.
LEADS = {
    **{byte: (0x80, 0xbf, 0) for byte in range(0xc2, 0xe0)},
    0xe0: (0xa0, 0xbf, 1),
    **{byte: (0x80, 0xbf, 1) for byte in (*range(0xe1, 0xed), 0xee, 0xef)},
    0xed: (0x80, 0x9f, 1),
    0xf0: (0x90, 0xbf, 2),
    **{byte: (0x80, 0xbf, 2) for byte in (0xf1, 0xf2, 0xf3)},
    0xf4: (0x80, 0x8f, 2),
}


def first_bad(data):
    """Return the offset of the byte with which no text can begin so, or None; len(data) where only
    its end is too early."""
    at = 0
    while at < len(data):
        if data[at] < 0x80:
            at += 1
            continue
        if data[at] not in LEADS:
            return at
        low, high, count = LEADS[data[at]]
        at += 1
        for index in range(count + 1):
            if at == len(data):
                return at
            if not (low if index == 0 else 0x80) <= data[at] <= (high if index == 0 else 0xbf):
                return at
            at += 1
    return None


# ---- what is text ----

# Each end of each length, and of the ranges around the surrogates.
EDGES = (0x00, 0x01, 0x1f, 0x20, 0x7e, 0x7f, 0x80, 0xa0, 0x7fe, 0x7ff, 0x800, 0x801, 0xfff, 0x1000,
         0xcfff, 0xd000, 0xd7ff, 0xe000, 0xf8ff, 0xfdcf, 0xfdd0, 0xfdef, 0xfdf0, 0xfeff, 0xfffc,
         0xfffd, 0xfffe, 0xffff, 0x10000, 0x10001, 0x3ffff, 0x40000, 0xfffff, 0x100000, 0x10ffff)

TEXTS = (
    ('nothing', ''),
    ('Latin', 'Zwölf Boxkämpfer jagen Viktor quer über den Sylter Deich'),
    ('Greek', 'Ξεσκεπάζω την ψυχοφθόρα βδελυγμία'),
    ('Cyrillic', 'Съешь же ещё этих мягких французских булок'),
    ('Hebrew and Arabic', 'שלום עולם · مرحبا بالعالم'),
    ('Devanagari and Thai', 'नमस्ते दुनिया · สวัสดีชาวโลก'),
    ('Chinese, Japanese, Korean', '你好，世界 · こんにちは世界 · 안녕하세요'),
    ('beyond the first plane', '\U0001d11e\U0002070e\U0001f600'),
    ('joined and tagged', '\U0001f469\u200d\U0001f467\ufe0f\U0001f3f4\U000e0067\U000e007f'),
    ('combining marks', 'e' + ''.join(map(chr, range(0x300, 0x370)))),
    ('byte order mark first', '\ufeffmarked'),
    ('byte order mark inside', 'in\ufeffside'),
    ('controls', ''.join(map(chr, range(0x20))) + '\x7f' + ''.join(map(chr, range(0x80, 0xa0)))),
    ('bidirectional overrides', 'a\u202eb\u202ac\u2066d\u2069e\u200ff'),
    ('line and paragraph separators', 'a\u2028b\u2029c\u0085d'),
    ('one of each length', 'aä€😀' * 10),
)


def valid():
    """Return (name, bytes) of text."""
    rows = [(f'U+{code:04X}', chr(code).encode()) for code in EDGES]
    rows += [(f'U+{plane:X}FFFE and U+{plane:X}FFFF',
              chr(plane << 16 | 0xfffe).encode() + chr(plane << 16 | 0xffff).encode())
             for plane in range(1, 17)]
    rows += [(name, words.encode()) for name, words in TEXTS]
    rows.append(('all non-characters from U+FDD0',
                 ''.join(map(chr, range(0xfdd0, 0xfdf0))).encode()))
    return rows


# ---- what is none ----

def beyond(code):
    """Return a number in the pattern of UTF-8, also where it is none: six bytes at most."""
    if code < 0x80:
        return bytes([code])
    size = next(size for size, top in ((2, 11), (3, 16), (4, 21), (5, 26), (6, 31))
                if code < 1 << top)
    return padded(code, size)


def padded(code, size):
    """Return a number in size bytes, also where fewer would do."""
    lead = (0xff << (8 - size)) & 0xff
    tail = [0x80 | code >> 6 * i & 0x3f for i in range(size - 1)]
    return bytes([lead | code >> 6 * (size - 1), *reversed(tail)])


def invalid():
    """Return (group, name, bytes) of what is not text."""
    rows = []
    # Bytes that stand nowhere in UTF-8.
    rows += [('impossible', f'{byte:02X}', bytes([byte]))
             for byte in (0xc0, 0xc1, *range(0xf5, 256))]
    rows += [('impossible', 'FE FE FF FF', b'\xfe\xfe\xff\xff')]
    # Continuations of nothing.
    rows += [('continuation', f'{byte:02X}', bytes([byte])) for byte in range(0x80, 0xc0)]
    rows += [('continuation', f'{count} in a row', (b'\x80\xbf' * 4)[:count])
             for count in range(2, 8)]
    rows += [('continuation', 'all of them', bytes(range(0x80, 0xc0)))]
    rows += [('continuation', f'one too many after U+{code:04X}', chr(code).encode() + b'\x80')
             for code in (0x7f, 0xe4, 0x20ac, 0x1f600)]
    # First bytes with nothing behind.
    rows += [('alone', f'{byte:02X} and a space', bytes([byte, 0x20])) for byte in LEADS]
    rows += [('alone', 'all of two', b''.join(bytes([byte, 0x20]) for byte in range(0xc2, 0xe0)))]
    # Cut off: at the end, by a letter, by the next character.
    for code in (0x80, 0x7ff, 0x800, 0x20ac, 0xd7ff, 0xffff, 0x10000, 0x1f600, 0x10ffff):
        whole = chr(code).encode()
        for size in range(1, len(whole)):
            cut = whole[:size]
            rows.append(('cut', f'U+{code:04X} after {size}, at the end', cut))
            rows.append(('cut', f'U+{code:04X} after {size}, by a letter', cut + b'a'))
            rows.append(('cut', f'U+{code:04X} after {size}, by itself', cut + whole))
    rows += [('cut', 'six in a row', b'\xc3\xe2\x82\xf0\x9f\x98\xdf\xef\xbf')]
    # More bytes than the character takes.
    for code in (0x00, 0x2f, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff):
        least = len(chr(code).encode())
        rows += [('overlong', f'U+{code:04X} in {size} bytes', padded(code, size))
                 for size in range(least + 1, 7)]
    # Halves of UTF-16.
    for code in (0xd800, 0xd801, 0xdb7f, 0xdb80, 0xdbff, 0xdc00, 0xdf80, 0xdffe, 0xdfff):
        rows.append(('surrogate', f'U+{code:04X}', padded(code, 3)))
    for high, low in ((0xd800, 0xdc00), (0xd83d, 0xde00), (0xdbff, 0xdfff), (0xdc00, 0xd800)):
        rows.append(('surrogate', f'U+{high:04X} U+{low:04X}', padded(high, 3) + padded(low, 3)))
    # Past the last character.
    for code in (0x110000, 0x110001, 0x13ffff, 0x140000, 0x1fffff, 0x200000, 0x3ffffff, 0x4000000,
                 0x7fffffff):
        rows.append(('too large', f'{code:X}', beyond(code)))
    return rows


# ---- the cases ----

@step
def each_cut(run, payload, opcode=1):
    """Send it in two fragments, once for each byte between which it can be cut."""
    for at in range(len(payload) + 1):
        run.end.send([Frame(opcode, payload[:at], fin=False), more(payload[at:], fin=True)])
    for _ in range(len(payload) + 1):
        gets(text(payload))(run)


@step
def half_known(run, payload):
    """Send it a byte a fragment; a beginning of a character is no fault until it is seen as one."""
    frames = fragments(1, payload, 1)
    for frame in frames[:-1]:
        run.end.send([frame])
        syncs()(run)
    run.end.send(frames[-1:])
    gets(text(payload))(run)


@step
def begins(run, data, promised):
    """Send the header of a longer text and only so much of it."""
    frame = text(data + b'.' * promised)
    whole = len(frame.head(run.end.masks)) + (4 if run.end.masks else 0)
    run.end.send([frame], upto=whole + len(data))


def valid_cases():
    """Text comes back."""
    rows = valid()
    for number, (name, payload) in enumerate(rows, 1):
        yield Case(f'6.1.{number}', f'{name}, whole and in fragments of a byte', RULE, [
            echoes(text(payload)), sends(*fragments(1, payload, 1)), gets(text(payload)),
            echoes(text(payload), chop=1)])
    for number, (name, payload) in enumerate(rows, 1):
        yield Case(f'6.2.{number}', f'{name}, cut at each byte', RULE, [each_cut(payload)])
    everything = b''.join(payload for _name, payload in rows)
    yield Case('6.3.1', 'all of the table in one text', RULE, [echoes(text(everything))])
    yield Case('6.3.2', 'all of the table, a byte a fragment', RULE, [
        sends(*fragments(1, everything, 1)), gets(text(everything))])
    yield Case('6.3.3', 'one of each length, and a ping at each byte', RULE, [
        half_known('aä€😀'.encode())])
    # Whoever looks at many bytes at a time has borders of its own.
    for number, code in enumerate((0xe4, 0x20ac, 0x1f600), 4):
        yield Case(f'6.3.{number}', f'U+{code:04X} at each place of 130', RULE, [
            echoes(*[text('a' * at + chr(code) + 'b' * (130 - at)) for at in range(131)])])
    for number, code in enumerate((0xe4, 0x20ac, 0x1f600), 7):
        yield Case(f'6.3.{number}', f'65536 bytes of U+{code:04X} in fragments of 997', RULE, [
            sends(*fragments(1, chr(code).encode() * (65536 // len(chr(code).encode())), 997)),
            gets(text(chr(code) * (65536 // len(chr(code).encode()))))])


def invalid_cases():
    """What is no text fails the connection with 1007: whole, in fragments, and at once."""
    greeting, rest = 'κόσμε'.encode(), b' and more'
    for number, (group, name, payload) in enumerate(invalid(), 1):
        words = f'{group} {name}'
        bad = first_bad(payload)
        around = greeting + payload + (rest if bad < len(payload) else b'')
        yield Case(f'6.4.{number}', words, RULE, [sends(text(payload)), fails(1007)])
        yield Case(f'6.5.{number}', f'{words}, between text, in fragments of a byte', RULE, [
            sends(*fragments(1, around, 1)), fails(1007)])
        if bad == len(payload):
            # Only the end shows it: an empty last fragment.
            yield Case(f'6.6.{number}', f'{words}, then an empty fragment', RULE, [
                sends(text(payload, fin=False)), syncs(), sends(more(fin=True)), fails(1007)])
            continue
        # Not a byte of what follows is needed to know: it fails before the end.
        seen = greeting + payload[:bad + 1]
        yield Case(f'6.6.{number}', f'{words}, the message does not end', RULE, [
            sends(*fragments(1, seen, 1)[:-1], more(seen[-1:])), fails(1007, seconds=AT_ONCE)])
        yield Case(f'6.7.{number}', f'{words}, the frame does not end', RULE, [
            begins(seen, 100), fails(1007, answer=False, seconds=AT_ONCE)])


def placed_cases():
    """A bad byte at any place is seen, whoever looks at many at a time."""
    number = 0
    for at in (*range(0, 20), *range(28, 36), *range(60, 68), 124, 125, 126, 127, 128, 4095, 65535):
        for name, bad in (('FF', b'\xff'), ('ED A0', b'\xed\xa0'),
                          ('E2 82 and a letter', b'\xe2\x82a')):
            number += 1
            yield Case(f'6.8.{number}', f'{name} after {at} letters', RULE, [
                sends(text(b'a' * at + bad + b'b' * 70)), fails(1007)])
    yield Case('6.9.1', 'text that is none after one that came back', RULE, [
        echoes(text('good')), sends(text(b'\xff')), fails(1007)])
    yield Case('6.9.2', 'text that is none after one, in one write', RULE, [
        sends(text('good'), text(b'\xff')), fails(1007, before=[text('good')])])
    yield Case('6.9.3', 'binary need not be text', RULE, [
        echoes(*[Frame(2, payload) for _group, _name, payload in invalid()])])
    yield Case('6.9.4', 'a character cut by a ping', RULE, [
        sends(text(b'\xe2', fin=False)), syncs(), sends(more(b'\x82')), syncs(),
        sends(more(b'\xac', fin=True)), gets(text('€'))])
    yield Case('6.9.5', 'bad text in the second of three fragments of 40 kB', RULE, [
        sends(text(b'a' * 40000, fin=False), more(b'a' * 20000 + b'\xff' + b'a' * 20000)),
        fails(1007, seconds=AT_ONCE)])


def cases():
    """All of them."""
    yield from valid_cases()
    yield from invalid_cases()
    yield from placed_cases()
