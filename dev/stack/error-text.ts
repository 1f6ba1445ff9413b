/** The message of an error with its cause's. Not `instanceof`: under jest, Node's own errors are of another realm. */
export function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return String(error);
  const cause = 'cause' in error && error.cause ? ` (${errorText(error.cause)})` : '';
  return `${String(error.message)}${cause}`;
}
