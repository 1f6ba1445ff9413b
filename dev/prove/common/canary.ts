/** A short text that stands in every poison record and nowhere else: where it is found, record data has leaked. */
export function canaryOf(seed: number): string {
  // Short: the engine's SyntaxError quotes ten characters around the place.
  return `CNRY${(seed % 36 ** 4).toString(36).padStart(4, '0')}`;
}

/** Whether a text or bytes hold the canary, as it is or in an encoding that payloads are often logged in. */
export function holdsCanary(canary: string): (content: string | Uint8Array) => boolean {
  const forms = formsOf(canary);
  return (content) => {
    const text = typeof content === 'string' ? content : Buffer.from(content).toString('latin1');
    return forms.some((form) => text.includes(form));
  };
}

function formsOf(canary: string): string[] {
  const hex = Buffer.from(canary).toString('hex');
  // Base64 of a text depends on what stands before it; the first and last characters depend on its neighbours.
  const base64 = [0, 1, 2].map((before) => {
    const encoded = Buffer.from(`${'x'.repeat(before)}${canary}`)
      .toString('base64')
      .replaceAll('=', '');
    return encoded.slice(before === 0 ? 0 : before + 1, (before + canary.length) % 3 === 0 ? undefined : -1);
  });
  const bytes = [...Buffer.from(canary)].join(',');
  return [canary, hex, bytes, ...base64];
}
