/** An error in AWS JSON 1.1 form: `{"__type":"<type>","message":"…"}`. */
export class AwsError extends Error {
  constructor(
    readonly type: string,
    message: string,
    readonly status = statusOf(type),
  ) {
    super(message);
    this.name = type;
  }

  toBody(): { __type: string; message: string } {
    return { __type: this.type, message: this.message };
  }
}

/** The HTTP status AWS sends with an error type: its own failures are 5xx, everything else (throttling too) is 400. */
export function statusOf(type: string): number {
  if (type.startsWith('ServiceUnavailable')) return 503;
  if (type.startsWith('InternalFailure') || type.startsWith('InternalServerError')) return 500;
  return 400;
}

export const invalidArgument = (message: string): AwsError => new AwsError('InvalidArgumentException', message);
export const validationError = (message: string): AwsError => new AwsError('ValidationException', message);
export const notFound = (message: string): AwsError => new AwsError('ResourceNotFoundException', message);
