import { hostname, userInfo } from 'node:os';

/** Who asks, as history keeps it: `user@host`. A container may run under a user id that has no name. */
export function whoAmI(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}@${hostname()}`;
  }
}
