/*
 * What the build changes in the YAML library. Its lexer and its parser are generators, resumed for every token, which is a
 * third of what reading a file costs. Here the very same code fills a list for each call, which callers go through as they went through
 * the generator. It also reads LOG_STREAM and LOG_TOKENS at every token, and prints what it reads where they are set.
 */

const UNKNOWN = 'is not the text that the build knows';

/** The file's classes, and which of its generators are called from outside: those give lists, the others fill them. */
const CLASSES = {
  'parse/lexer.js': { name: 'Lexer', called: ['lex'], kept: [], generators: 18 },
  'parse/parser.js': { name: 'Parser', called: ['next', 'end'], kept: ['parse'], generators: 13 },
};

/** How a node is given its kind: defined as a property, which is a twentieth of what reading costs. Set, it says the same. */
const KIND = {
  defined: /Object\.defineProperty\(this, (identity\.NODE_TYPE), \{ value: type \}\);/,
  set: 'this[$1] = type;',
};

/** @returns the text of one of the library's files as it is bundled @throws Error where it is not the text that this was made for */
export function plainYaml(code, path) {
  const quiet = code.replace(/\bnode_process\.env\.LOG_(STREAM|TOKENS)\b/g, 'false');
  const [, file = ''] = path.replaceAll('\\', '/').split('/yaml/dist/');
  if (file === 'nodes/Node.js') {
    if (!KIND.defined.test(quiet))
      throw new Error(`${path} ${UNKNOWN}: it gives nodes their kind in another way`);
    return quiet.replace(KIND.defined, KIND.set);
  }
  return Object.hasOwn(CLASSES, file) ? withLists(quiet, CLASSES[file], path) : quiet;
}

/** A generator of a class begins at four blanks, and ends with the next brace there. */
const METHOD = /^ {4}\*(\w+)\(.*\n(?:.*\n)*? {4}\}$/gm;

function withLists(code, { name, called, kept, generators }, path) {
  let changed = 0;
  const text = code.replace(METHOD, (method, own) => {
    if (kept.includes(own)) return method;
    changed++;
    return method
      .replace('*', '')
      .replace(/\byield\* (?=this\.)/g, '')
      .replace(/^( *)yield (\{\n[\s\S]*?^\1\});/gm, '$1this.given.push($2);')
      .replace(/\byield (?!\*)([^;]+);/g, 'this.given.push($1);');
  });
  const plain = text.replace(/\/\*[\s\S]*?\*\//g, '');
  const rest = plain.replace(METHOD, (method, own) => (kept.includes(own) ? '' : method));
  const isLeft = /\byield\b/.test(rest);
  if (changed !== generators || isLeft)
    throw new Error(`${path} ${UNKNOWN}: ${changed} generators of ${generators}`);
  return `${text}
for (const name of ${JSON.stringify(called)}) {
    const fill = ${name}.prototype[name];
    ${name}.prototype[name] = function (...args) {
        this.given = [];
        fill.apply(this, args);
        return this.given;
    };
}
`;
}
