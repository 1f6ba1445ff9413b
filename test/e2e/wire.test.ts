import { isJsonForced } from '../support/scripted-kinesis';
import { stackEnv } from '../support/stack-env';
import { wireContract } from '../support/wire.contract';

describe("the stack's Kinesis", () => {
  wireContract({
    endpoint: () => stackEnv().kinesisEndpoint,
    // Where the tests run as if no endpoint knew CBOR, `cbor` can only be shown to fail.
    wires: isJsonForced() ? ['json', 'auto'] : ['cbor', 'json', 'auto'],
  });
});
