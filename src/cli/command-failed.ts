/** Ends a command with exit code 1. It has said why itself. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}
