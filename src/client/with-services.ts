import { createConsumerServices, type ConsumerServices } from '../aws/consumer-services';
import type { ConsumerDefinition } from '../handler/define-consumer';

/** Runs an action with the AWS services of a consumer, which are closed afterwards. */
export async function withServices<T>(
  { options }: Pick<ConsumerDefinition, 'options'>,
  action: (services: ConsumerServices) => Promise<T>,
): Promise<T> {
  const services = createConsumerServices(options);
  try {
    return await action(services);
  } finally {
    services.close();
  }
}
