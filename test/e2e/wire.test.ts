import { adapterOn } from '../support/page-contract';
import { isJsonForced } from '../support/scripted-kinesis';
import { stackEnv } from '../support/stack-env';
import { wireContract } from '../support/wire.contract';

const STREAM = { streamName: 'never-created' };

describe("the stack's Kinesis", () => {
  wireContract({
    endpoint: () => stackEnv().kinesisEndpoint,
    // Where the tests run as if no endpoint knew CBOR, `cbor` can only be shown to fail.
    wires: isJsonForced() ? ['json', 'auto'] : ['cbor', 'json', 'auto'],
  });

  if (isJsonForced())
    it('refuses CBOR in these tests', async () => {
      const asked = adapterOn(stackEnv().kinesisEndpoint, 'cbor').getRecords(STREAM, 'no iterator', 1);
      await expect(asked).rejects.toMatchObject({ context: { httpStatus: 404 } });
    });
});
