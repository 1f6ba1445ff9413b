// Runs one server and outlives whoever asked for it: `node keeper.mjs <command> [args…]`, spawned with an IPC channel.
// The channel closes when the parent stops the server, ends, or is killed with -9; then the server is ended too.
// Messages to the parent: { started: pid }, { failed: text }, { exited: { code, signal } }.
import { spawn } from 'node:child_process';

const KILL_AFTER_MS = 3_000;

const [command, ...args] = process.argv.slice(2);
// A group of its own: Ctrl-C in a terminal must not reach the server before its clients have drained.
const server = spawn(command, args, { detached: true, stdio: ['ignore', 'inherit', 'inherit'] });
let terminating = false;

function tell(message, then = () => {}) {
  if (!process.connected) return then();
  process.send(message, () => then());
}

function signalGroup(signal) {
  try {
    process.kill(-server.pid, signal);
  } catch {
    // Nobody is left in the group.
  }
}

function terminate() {
  if (terminating || server.pid === undefined) return;
  terminating = true;
  signalGroup('SIGTERM');
  signalGroup('SIGCONT'); // A server frozen by a test cannot handle SIGTERM.
  setTimeout(() => signalGroup('SIGKILL'), KILL_AFTER_MS).unref();
}

server.once('spawn', () => tell({ started: server.pid }));
server.once('error', (error) => tell({ failed: error.message }, () => process.exit(1)));
server.once('exit', (code, signal) => {
  signalGroup('SIGKILL');
  tell({ exited: { code, signal } }, () => process.exit(0));
});
process.once('disconnect', terminate);
// The parent may have died while this module was still loading, before anyone listened.
if (!process.connected) terminate();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, terminate);
