import type { OptionDoc } from './read-options';

export interface OptionSection {
  readonly title: string;
  readonly introduction: string;
  readonly options: readonly OptionDoc[];
}

const HEAD = `<!-- Generated from the source by \`npm run docs:generate\`. Change the doc comments there, not this page. -->

# Options

Times are in milliseconds and sizes in bytes; the unit is part of the name. A wrong option stops the program before it does
anything: the error names every wrong option, what was expected and what was given.
`;

/** The page of all options, Markdown. */
export function renderOptions(sections: readonly OptionSection[]): string {
  return [HEAD, ...sections.map(renderSection)].join('\n');
}

function renderSection({ title, introduction, options }: OptionSection): string {
  const rows = options.map(
    (option) => `| [\`${option.name}\`](#${anchorOf(option)}) | ${limitsOf(option)} | ${defaultOf(option)} |`,
  );
  const table = ['| Option | Limits | Default |', '| --- | --- | --- |', ...rows].join('\n');
  return [`## ${title}`, introduction, table, ...options.map(renderOption)].join('\n\n').concat('\n');
}

function renderOption(option: OptionDoc): string {
  const facts = [
    `Type: \`${option.type}\``,
    `unit: ${option.unit}`,
    `limits: ${limitsOf(option)}`,
    `default: ${defaultOf(option)}`,
  ];
  const known = facts.filter((fact) => !fact.endsWith('undefined') && !fact.endsWith('—'));
  return [`### ${option.name}`, `${known.join('; ')}.`, option.description].join('\n\n');
}

function limitsOf({ minimum, maximum, type }: OptionDoc): string {
  if (minimum !== undefined && maximum !== undefined) return `${readable(minimum)} to ${readable(maximum)}`;
  return type.includes("'") && !type.includes('{')
    ? type
        .split(' | ')
        .map((value) => `\`${value}\``)
        .join(' or ')
    : '—';
}

function defaultOf({ isRequired, defaultValue, type }: OptionDoc): string {
  if (isRequired) return 'none (required)';
  if (defaultValue === undefined) return '—';
  if (/^\d+$/.test(defaultValue)) return readable(defaultValue);
  const isWord = /^[\w-]+$/.test(defaultValue) && (type === 'string' || type.includes("'"));
  return isWord ? `\`'${defaultValue}'\`` : defaultValue;
}

/** Digits in groups, as people read them. */
function readable(digits: string): string {
  return Number(digits).toLocaleString('en-US');
}

function anchorOf({ name }: OptionDoc): string {
  return name.toLowerCase();
}
