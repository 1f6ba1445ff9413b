// Preloaded into kinesis-local. It has no setting for the address it listens on and would listen on all of them;
// and on SIGTERM it would wait for clients to close their connections, though it has no state to save.
const { Server } = require('node:net');

const listen = Server.prototype.listen;
const exit = process.exit; // kinesis-local replaces it by one that waits.

Server.prototype.listen = function listenOnLoopback(port, ...rest) {
  if (typeof port !== 'number' || typeof rest[0] === 'string') return listen.call(this, port, ...rest);
  return listen.call(this, port, '127.0.0.1', ...rest);
};

process.once('SIGTERM', () => exit.call(process, 0));
