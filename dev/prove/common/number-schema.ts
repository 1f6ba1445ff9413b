import type { StandardSchema } from '../../../src';

/** A hand-made validator: an object with a number of that name. Its issue quotes the value, as those of validators do. */
export function numberSchema<T>(name: string): StandardSchema<T> {
  return {
    '~standard': {
      version: 1,
      vendor: 'tidemark-prove',
      validate: (given) => {
        const value = (given as Record<string, unknown> | null)?.[name];
        if (typeof value === 'number') return { value: given as T };
        const text = String(value);
        return { issues: [{ message: `Expected ${name} to be a number, received ${text}`, path: [name, text] }] };
      },
    },
  };
}
