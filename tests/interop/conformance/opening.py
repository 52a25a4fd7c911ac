# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections with permessage-deflate: we offer it to a server, or answer a client's offer, and
judge what the other side says (RFC 7692 §5, §7.1)."""

from deflate import NAME, Deflater, agree, parse
from steps import step
from wire import Inflater

def negotiated(offer=None, answer=None, refuses=False, **ours):
    """Return a function that opens a connection with compression.

    offer: what we say to a server; answer: what we say to a client. refuses: the server must agree
    on nothing. ours: of our compressor.
    """
    def connect(run):
        agreement = (to_client if run.program.name == 'client' else to_server)(
            run, answer if run.program.name == 'client' else offer, refuses)
        if agreement is None:
            return run.end
        ends = [(agreement.server_bits, agreement.server_forgets),
                (agreement.client_bits, agreement.client_forgets)]
        if run.program.name == 'server':
            ends.reverse()
        run.held['deflater'] = Deflater(*ends[0], **ours)
        run.held['theirs'] = ends[1]
        run.end.reader.inflater = Inflater(*ends[1])
        return run.end

    return connect


def to_server(run, offer, refuses):
    """Offer, and judge the answer."""
    offer = offer if offer is not None else f'{NAME}; client_max_window_bits'
    run.end = run.program.end
    run.end.send([run.program.request(f'Sec-WebSocket-Extensions: {offer}')])
    run.program.check_response()
    answers = run.program.fields.get('sec-websocket-extensions', [])
    if refuses:
        if answers:
            raise AssertionError(f'the server agrees on {answers}')
        return None
    answer = parse(', '.join(answers)) if answers else []
    if len(answer) != 1 or answer[0][0] != NAME:
        raise AssertionError(f'the server answers the offer with {answers}')
    # A well-formed offer of those that were made is what it has taken up.
    for name, parameters in parse(offer):
        try:
            if name == NAME:
                return agree(parameters, answer[0][1])
        except AssertionError as error:
            problem = error
    raise problem


def to_client(run, answer, refuses):
    """Read the offer, and answer it."""
    key = run.program.accept()
    run.end = run.program.end
    offers = [parameters for value in run.program.fields.get('sec-websocket-extensions', [])
              for name, parameters in parse(value) if name == NAME]
    if not offers:
        raise AssertionError('the client does not offer permessage-deflate')
    run.held['offer'] = offers[0]
    answer = answer if answer is not None else NAME
    if refuses or not answer:
        run.end.send([run.program.answer(key)])
        return None
    agreement = agree(offers[0], parse(answer)[0][1])
    run.end.send([run.program.answer(key, f'Sec-WebSocket-Extensions: {answer}')])
    return agreement


def chosen(offer):
    """Return a function that opens a connection with one of several offers; the first that is
    well-formed is what the server takes, and its answer has to be one to any of them."""
    def connect(run):
        run.end = run.program.end
        run.end.send([run.program.request(f'Sec-WebSocket-Extensions: {offer}')])
        run.program.check_response()
        answers = run.program.fields.get('sec-websocket-extensions', [])
        answer = parse(', '.join(answers)) if answers else []
        if len(answer) != 1 or answer[0][0] != NAME:
            raise AssertionError(f'the server answers with {answers}')
        for element in offer.replace('"b, c"', 'b').split(','):
            try:
                (name, wanted), = parse(element)
                if name == NAME:
                    agreement = agree(wanted, answer[0][1])
                    break
            except AssertionError:
                continue
        else:
            raise AssertionError(f'{answers} is no answer to any of the offers')
        run.held['deflater'] = Deflater(agreement.client_bits, agreement.client_forgets)
        run.end.reader.inflater = Inflater(agreement.server_bits, agreement.server_forgets)
        return run.end

    return connect


@step
def answered_with(run, extensions):
    """Answer the client with a Sec-WebSocket-Extensions that it must refuse (§7.1)."""
    key = run.program.accept()
    run.end = run.program.end
    run.end.send([run.program.answer(key, *[f'Sec-WebSocket-Extensions: {value}'
                                            for value in extensions])])
    rest = run.end.read_rest()
    if rest:
        raise AssertionError(f'the client wrote {rest!r}')
    run.status, run.over = 3, True


def without_offer(run):
    """Open a connection whose client must not offer anything."""
    run.end = run.program.open()
    if 'sec-websocket-extensions' in run.program.fields:
        raise AssertionError(f'it offers {run.program.fields["sec-websocket-extensions"]}')
    return run.end
