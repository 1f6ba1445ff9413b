import { readFileSync } from 'node:fs';

import ts from 'typescript';

/** One option as its doc comment describes it. */
export interface OptionDoc {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string;
  readonly unit?: string;
  readonly defaultValue?: string;
  readonly minimum?: string;
  readonly maximum?: string;
}

/** Units are part of names. */
const UNITS: readonly (readonly [suffix: string, unit: string])[] = [
  ['Ms', 'milliseconds'],
  ['Bytes', 'bytes'],
  ['Records', 'records'],
  ['Shards', 'shards'],
];

/** The properties of an interface with their doc comments, in the order of the source. */
export function readOptions(file: string, interfaceName: string): OptionDoc[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found = source.statements.find(
    (statement): statement is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(statement) && statement.name.text === interfaceName,
  );
  if (found === undefined) throw new Error(`${file} has no interface ${interfaceName}`);
  return found.members.filter(ts.isPropertySignature).map(toOptionDoc);
}

function toOptionDoc(property: ts.PropertySignature): OptionDoc {
  const name = property.name.getText();
  return {
    name,
    type: property.type?.getText().replace(/\s+/g, ' ').replaceAll('readonly ', '') ?? 'unknown',
    isRequired: property.questionToken === undefined,
    description: descriptionOf(property),
    unit: UNITS.find(([suffix]) => name.endsWith(suffix))?.[1],
    defaultValue: tagOf(property, 'default'),
    minimum: tagOf(property, 'minimum'),
    maximum: tagOf(property, 'maximum'),
  };
}

/** Paragraphs of the comment, each on one line. */
function descriptionOf(property: ts.PropertySignature): string {
  const comments = ts.getJSDocCommentsAndTags(property).filter(ts.isJSDoc);
  const text = comments.map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '').join('\n\n');
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replace(/\s+/g, ' ').trim())
    .join('\n\n');
}

function tagOf(property: ts.PropertySignature, name: string): string | undefined {
  const tag = ts.getJSDocTags(property).find(({ tagName }) => tagName.text === name);
  return tag && ts.getTextOfJSDocComment(tag.comment)?.replace(/\s+/g, ' ').trim();
}
