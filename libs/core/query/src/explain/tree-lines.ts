/** A line of text with what hangs below it. */
export interface TextTree {
  readonly text: string;
  readonly children?: readonly TextTree[] | undefined;
}

/** A tree as InfluxDB prints it: a line per node, below a dot, and an empty line behind. */
export function treeLines(root: TextTree): readonly string[] {
  return ['.', ...nodeLines(root, '', true), ''];
}

function nodeLines({ text, children = [] }: TextTree, indent: string, isLast: boolean): readonly string[] {
  const below = `${indent}${isLast ? '    ' : '│   '}`;
  return [`${indent}${isLast ? '└──' : '├──'} ${text}`, ...children.flatMap((child, index) => nodeLines(child, below, index === children.length - 1))];
}
