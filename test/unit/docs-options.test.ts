import { readFileSync } from 'node:fs';
import path from 'node:path';

import { renderErrors } from '../../dev/docs/errors-page';
import { optionSections } from '../../dev/docs/pages';
import type { OptionDoc } from '../../dev/docs/read-options';
import { errorCodes } from '../../src/core/errors';
import { defaultFailureOptions, failureRanges } from '../../src/core/failure-options';
import { DEAD_LETTER_TTL_RANGE, defaultConsumerOptions, optionRanges } from '../../src/core/option-values';

const sections = optionSections();
const all = sections.flatMap(({ title, introduction, options }) =>
  options.map((option) => ({ title, introduction, ...option })),
);
const consumerOptions = optionsOf('Consumer options');
const failureOptions = optionsOf('Failure options');

function optionsOf(wanted: string): readonly OptionDoc[] {
  return sections.find(({ title }) => title === wanted)?.options ?? [];
}

/** A text without prettier's alignment of tables, and without empty lines. */
function words(text: string): string {
  return text.replace(/[\s|*_-]+/g, ' ').trim();
}

describe('the doc comments of options', () => {
  it('are found', () => {
    expect(consumerOptions.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['name', 'stream', 'historyIntervalMs']),
    );
  });

  it.each(all)('$title: $name is described', ({ description }) => {
    expect(description).toMatch(/^[A-Z`][^]{15,}[.)]$/);
  });

  it.each(all.filter(({ unit }) => unit !== undefined))(
    '$title: $name says its unit, or its section does',
    ({ description, introduction, unit }) => {
      expect(`${introduction} ${description}`.toLowerCase()).toContain(unit);
    },
  );

  it.each(Object.entries(defaultConsumerOptions))('the default of %s is the one in force', (name, value) => {
    expect(find(name).defaultValue).toBe(String(value));
  });

  it.each(Object.entries(defaultFailureOptions))('the default of onFailure.%s is the one in force', (name, value) => {
    expect(find(name, failureOptions).defaultValue).toBe(String(value));
  });

  it.each([...Object.entries(optionRanges), ['deadLetterTtlMs', DEAD_LETTER_TTL_RANGE] as const])(
    'the limits of %s are those in force',
    (name, [minimum, maximum]) => {
      expect(find(name)).toMatchObject({ minimum: String(minimum), maximum: String(maximum) });
    },
  );

  it.each(Object.entries(failureRanges))('the limits of onFailure.%s are those in force', (name, range) => {
    const [minimum, maximum] = range;
    expect(find(name, failureOptions)).toMatchObject({ minimum: String(minimum), maximum: String(maximum) });
  });

  it('only required options and groups of options have no default', () => {
    const without = consumerOptions.filter(({ defaultValue }) => defaultValue === undefined).map(({ name }) => name);
    const required = consumerOptions.filter(({ isRequired }) => isRequired).map(({ name }) => name);
    expect(without).toEqual([...required, 'onFailure', 'aws']);
    expect(failureOptions.filter(({ defaultValue }) => defaultValue === undefined)).toEqual([]);
  });
});

describe('the generated pages', () => {
  it.each(all)('docs/options.md has $name', ({ name, description }) => {
    expect(words(read('docs/options.md'))).toContain(words(`### ${name}`));
    expect(words(read('docs/options.md'))).toContain(words(description));
  });

  it('docs/errors.md has every code', () => {
    for (const code of Object.keys(errorCodes)) expect(renderErrors()).toContain(`| \`${code}\` |`);
    expect(words(read('docs/errors.md'))).toBe(words(renderErrors()));
  });
});

function find(name: string, options: readonly OptionDoc[] = consumerOptions): OptionDoc {
  const option = options.find((candidate) => candidate.name === name);
  if (option === undefined) throw new Error(`no option ${name}`);
  return option;
}

function read(file: string): string {
  return readFileSync(path.resolve(__dirname, '../..', file), 'utf8');
}
