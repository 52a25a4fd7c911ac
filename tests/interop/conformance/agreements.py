# SPDX-License-Identifier: GPL-3.0-or-later
"""Class 13: what permessage-deflate is agreed on (RFC 7692 §5, §7.1): every combination of the
parameters, from both sides, and what must be declined or refused."""

import itertools

from compression import PACKED, small
from deflate import NAME, parse
from opening import answered_with, chosen, negotiated, without_offer
from steps import Case, echoes, fails, sends, step
from wire import RSV1, text

PARAMETERS = 'RFC 7692 §7.1'
FLAGS = ('server_no_context_takeover', 'client_no_context_takeover')


def combinations():
    """Each combination of the parameters, as (words, flags, server bits, client bits); None: it is
    absent."""
    for flags in itertools.product((False, True), repeat=2):
        for server, client in itertools.product((None, *range(8, 16)), repeat=2):
            yield flags, server, client


def parameters(flags, server, client):
    """Return the text of the parameters; client may be '' for the name alone."""
    words = [NAME, *[name for name, there in zip(FLAGS, flags) if there]]
    if server is not None:
        words.append(f'server_max_window_bits={server}')
    if client is not None:
        words.append('client_max_window_bits' + (f'={client}' if client != '' else ''))
    return '; '.join(words)


def is_telling(flags, server, client):
    """Whether a combination is worth the time of each run: one parameter at a time, or all."""
    return server is None or client is None or server == client or (server, client) in (
        (8, 15), (15, 8), (9, 12), (12, 9))


def agreements():
    """13.1 to 13.4: every combination, offered to the server, and answered to the client."""
    number = 0
    for flags, server, client in combinations():
        number += 1
        words = parameters(flags, server, client)
        yield Case(f'13.1.{number}', f'offer "{words}"', PARAMETERS, small(), programs=('server',),
                   connect=negotiated(offer=words), full=not is_telling(flags, server, client))
        yield Case(f'13.2.{number}', f'answer "{words}"', PARAMETERS, small(), programs=('client',),
                   connect=negotiated(answer=words), full=not is_telling(flags, server, client))
    number = 0
    for flags in itertools.product((False, True), repeat=2):
        for server in (None, 8, 9, 11, 15):
            number += 1
            words = parameters(flags, server, '')
            yield Case(f'13.3.{number}', f'offer "{words}"', PARAMETERS, small(),
                       programs=('server',), connect=negotiated(offer=words))


def offers():
    """13.4 and 13.5: several offers, and offers that are none."""
    bad = ['server_max_window_bits=7', 'server_max_window_bits=16', 'server_max_window_bits=08',
           'server_max_window_bits=x', 'server_max_window_bits', 'server_max_window_bits=-9',
           'server_max_window_bits=1.0', 'client_max_window_bits=7', 'client_max_window_bits=16',
           'client_max_window_bits=010', 'client_max_window_bits=x', 'unknown', 'unknown=9',
           'server_no_context_takeover=1', 'client_no_context_takeover=true',
           'server_no_context_takeover; server_no_context_takeover',
           'client_max_window_bits; client_max_window_bits=9',
           'server_max_window_bits=9; server_max_window_bits=10']
    for number, words in enumerate(bad, 1):
        yield Case(f'13.5.{number}', f'offer "{words}" is declined', PARAMETERS,
                   [echoes(text('plain')), sends(text(PACKED, rsv=RSV1)), fails(1002)],
                   programs=('server',), connect=negotiated(f'{NAME}; {words}', refuses=True))
        yield Case(f'13.6.{number}', f'offer "{words}", then a good one', 'RFC 7692 §5', small(),
                   programs=('server',), connect=chosen(f'{NAME}; {words}, {NAME}'))
    rows = ['x-unknown, permessage-deflate', 'x-unknown; a="b, c", permessage-deflate',
            'permessage-deflate; server_max_window_bits=10, permessage-deflate',
            'permessage-deflate; client_max_window_bits="10"',
            'permessage-deflate;server_max_window_bits=10;client_max_window_bits',
            ' permessage-deflate ; client_max_window_bits = 10 '.replace(' = ', '='),
            'permessage-deflate; server_max_window_bits="9"',
            'permessage-deflate, permessage-deflate']
    for number, words in enumerate(rows, 1):
        yield Case(f'13.7.{number}', f'offers "{words}"', 'RFC 7692 §5', small(),
                   programs=('server',), connect=chosen(words))


def answers():
    """13.8: answers that a client must refuse; it offers client_max_window_bits without a value."""
    rows = [[f'{NAME}; {words}'] for words in (
        'server_max_window_bits=7', 'server_max_window_bits=16', 'server_max_window_bits=08',
        'server_max_window_bits', 'server_max_window_bits=', 'server_max_window_bits=x',
        'client_max_window_bits', 'client_max_window_bits=7', 'client_max_window_bits=16',
        'client_max_window_bits=+9', 'unknown', 'unknown=1', 'server_no_context_takeover=1',
        'client_no_context_takeover=false',
        'server_no_context_takeover; server_no_context_takeover',
        'client_max_window_bits=9; client_max_window_bits=9')]
    rows += [[f'{NAME}, {NAME}'], [NAME, NAME], [f'{NAME}, x-unknown'], ['x-unknown', NAME],
             [f'{NAME};'], [f'{NAME} client_max_window_bits=9']]
    for number, extensions in enumerate(rows, 1):
        yield Case(f'13.8.{number}', f'answer "{" and ".join(extensions)}" is refused', PARAMETERS,
                   [answered_with(extensions)], programs=('client',), connect=lambda run: None)
    for number, (words, extensions) in enumerate((
            ('server_max_window_bits="10"', f'{NAME}; server_max_window_bits="10"'),
            ('no spaces', f'{NAME};client_max_window_bits=9;server_max_window_bits=10'),
            ('parameters in another order', f'{NAME}; client_max_window_bits=9; '
             'server_max_window_bits=11; client_no_context_takeover; server_no_context_takeover')),
            1):
        yield Case(f'13.9.{number}', f'answer with {words}', PARAMETERS, small(),
                   programs=('client',), connect=negotiated(answer=extensions))


# ---- 13.10: what the client offers, as its profile says ----

def saved(flags, server, client):
    """Return what a profile says; client may be True, for the parameter without a value."""
    return {'offer': True, 'server-no-context-takeover': flags[0],
            'client-no-context-takeover': flags[1], 'server-max-window-bits': server,
            'client-max-window-bits': client}


@step
def offers_exactly(run, words):
    """The client's offer was this one, and the only one."""
    seen = [element for value in run.program.fields['sec-websocket-extensions']
            for element in parse(value)]
    if seen != parse(words):
        raise AssertionError(f'the client offers {seen}, not {words!r}')


def profiles():
    """Offers of each kind, and the answers that they allow and forbid."""
    number = 0
    for flags in itertools.product((False, True), repeat=2):
        for server, client in itertools.product((None, 8, 9, 12, 15), (None, True, 8, 10, 15)):
            number += 1
            offer = parameters(flags, server, '' if client is True else client)
            # What the client has promised holds, though the answer does not say it again.
            short = parameters((flags[0], False), server, None)
            for part, answer in ((10, short), (11, parameters(
                    flags, server and max(8, server - 1), 9 if client is True else client))):
                yield Case(f'13.{part}.{number}', f'offer "{offer}", answer "{answer}"', PARAMETERS,
                           [offers_exactly(offer), *small()], programs=('client',),
                           connect=negotiated(answer=answer),
                           compression=saved(flags, server, client), full=number % 4 != 1)
    none, forgets = (False, False), (True, False)
    for number, (offer, answer) in enumerate((
            ((forgets, None, None), ''), ((none, 10, None), ''),
            ((none, 10, None), 'server_max_window_bits=11'),
            ((none, None, None), 'client_max_window_bits=15'),
            ((none, None, 10), 'client_max_window_bits=11'),
            ((forgets, 9, True), 'server_max_window_bits=9'),
            ((forgets, 9, True), 'server_no_context_takeover')), 1):
        flags, server, client = offer
        words = parameters(flags, server, '' if client is True else client)
        answer = '; '.join([NAME, answer]) if answer else NAME
        yield Case(f'13.12.{number}', f'offer "{words}", answer "{answer}" is refused', PARAMETERS,
                   [answered_with([answer])], programs=('client',), connect=lambda run: None,
                   compression=saved(*offer))
    yield Case('13.12.20', 'nothing is offered', PARAMETERS,
               [echoes(text('plain')), sends(text(PACKED, rsv=RSV1)), fails(1002)],
               programs=('client',), connect=without_offer, compression={'offer': False})
    yield Case('13.12.21', 'nothing is offered, and the answer agrees all the same', PARAMETERS,
               [answered_with([NAME])], programs=('client',), connect=lambda run: None,
               compression={'offer': False})


def cases():
    """All of them."""
    for part in (agreements, offers, answers, profiles):
        yield from part()
