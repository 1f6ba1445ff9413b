import { readFileSync } from 'node:fs';
import path from 'node:path';

import { renderErrors } from '../../dev/docs/errors-page';
import { optionSections } from '../../dev/docs/pages';
import type { OptionDoc } from '../../dev/docs/read-options';
import { errorCodes } from '../../src/core/errors';
import { defaultConsumerOptions, optionRanges } from '../../src/core/options';

const sections = optionSections();
const all = sections.flatMap(({ title, options }) => options.map((option) => ({ title, ...option })));
const consumerOptions = sections.find(({ title }) => title === 'Consumer options')?.options ?? [];

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

  it.each(all.filter(({ unit }) => unit !== undefined))('$title: $name says its unit', ({ description, unit }) => {
    expect(description.toLowerCase()).toContain(unit);
  });

  it.each(Object.entries(defaultConsumerOptions))('the default of %s is the one in force', (name, value) => {
    expect(find(name).defaultValue).toBe(String(value));
  });

  it.each(Object.entries(optionRanges))('the limits of %s are those in force', (name, [minimum, maximum]) => {
    expect(find(name)).toMatchObject({ minimum: String(minimum), maximum: String(maximum) });
  });

  it('only required options and the group `aws` have no default', () => {
    const without = consumerOptions.filter(({ defaultValue }) => defaultValue === undefined).map(({ name }) => name);
    expect(without).toEqual([...consumerOptions.filter(({ isRequired }) => isRequired).map(({ name }) => name), 'aws']);
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

function find(name: string): OptionDoc {
  const option = consumerOptions.find((candidate) => candidate.name === name);
  if (option === undefined) throw new Error(`no option ${name}`);
  return option;
}

function read(file: string): string {
  return readFileSync(path.resolve(__dirname, '../..', file), 'utf8');
}
