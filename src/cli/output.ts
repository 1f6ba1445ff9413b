/** What was asked for: may be piped on. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** What is going on. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
