import type { DeadLetter, DeadLetterHead } from '../core/dead-letter';
import { headAttributes } from './letter-items';

/**
 * A letter as a JSON document: the fields of AWS Lambda's failure record, then Tidemark's own. `payload` is the record's data in base64,
 * if the letter has it.
 */
export function toFailureRecord(letter: DeadLetterHead | DeadLetter): Record<string, unknown> {
  const { schema: _schema, errorCode: _errorCode, ...attributes } = headAttributes(letter);
  const payload = 'data' in letter ? { payload: Buffer.from(letter.data).toString('base64') } : {};
  return { ...attributes, ...payload };
}
