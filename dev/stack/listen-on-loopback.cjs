// Preloaded into kinesis-local, which has no setting for the address it listens on and would listen on all of them.
const { Server } = require('node:net');

const listen = Server.prototype.listen;

Server.prototype.listen = function listenOnLoopback(port, ...rest) {
  if (typeof port !== 'number' || typeof rest[0] === 'string') return listen.call(this, port, ...rest);
  return listen.call(this, port, '127.0.0.1', ...rest);
};
