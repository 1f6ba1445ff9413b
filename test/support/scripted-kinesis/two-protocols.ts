import type { Server } from 'node:http';
import type { Http2Server } from 'node:http2';
import type { Socket } from 'node:net';

/** The preface of HTTP/2 is `PRI * HTTP/2.0`; no method of HTTP/1.1 begins so. */
const PREFACE = 'PRI';

/** Hands a connection without TLS to the server of what its first bytes begin. */
export function acceptEither(socket: Socket, http1: Pick<Server, 'emit'>, http2: Pick<Http2Server, 'emit'>): void {
  socket.once('data', (first: Buffer) => {
    socket.pause();
    socket.unshift(first);
    // An HTTP/2 session takes what was read from the socket by itself.
    if (first.subarray(0, PREFACE.length).toString('latin1') === PREFACE) return void http2.emit('connection', socket);
    http1.emit('connection', socket);
    socket.resume();
  });
}
