import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { defineConsumer } from '../../../src';
import { describeFiles } from '../../../src/worker/consumer-file';

function consumer(file?: string) {
  return defineConsumer({ name: 'delays', stream: 's', startFrom: 'LATEST', file, handler: () => undefined });
}

it('the file of a consumer is named with its SHA-256, where it is known', () => {
  const hash = createHash('sha256').update(readFileSync(__filename)).digest('hex');
  expect(describeFiles([consumer(), consumer(__filename)])).toEqual([
    `Consumer delays is ${__filename}, SHA-256 ${hash}`,
  ]);
  expect(describeFiles([consumer('/no/such/file.ts')])).toEqual([expect.stringContaining('cannot be read (ENOENT)')]);
});
