/** Statuses with which an endpoint may say that it does not know the form of a request. */
const REFUSALS = new Set([400, 404, 406, 415]);
const ABOUT_THE_FORM = /^(Unknown|Serialization|UnsupportedMediaType)/;

/** Thrown in place of the answer of an endpoint that does not understand, or cannot write, CBOR. */
export class CborRefused extends Error {
  override readonly name = 'CborRefused';
}

/**
 * Whether an error's answer refuses CBOR itself: an unknown operation, a body that could not be read, or no error of Kinesis at all. An error that
 * Kinesis names (an expired iterator, throttling) has understood the call.
 */
export function isRefusal(status: number, type: string | undefined): boolean {
  if (!REFUSALS.has(status)) return false;
  return status === 415 || type === undefined || ABOUT_THE_FORM.test(type);
}

/** The name of the error, from the header, or from the body in the forms that services use: `prefix#Name`, `Name:address`. */
export function errorTypeOf(header: string | undefined, fields: Readonly<Record<string, unknown>>): string | undefined {
  const given = [header, fields.__type, fields.code].find((value) => typeof value === 'string' && value !== '');
  return typeof given === 'string' ? given.split('#').at(-1)?.split(':')[0] : undefined;
}
