/** Ends a command with an exit code. It has said why itself. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';

  constructor(readonly exitCode = 1) {
    super();
  }
}
