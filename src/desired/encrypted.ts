import type { DecodingProblem } from './decode.ts';

/*
 * Bytes that stand for a file's content and are not it: what Git LFS and programs that encrypt files leave in a
 * repository. Each is told by its name, because as YAML it would be told by whatever happens to be wrong with it first.
 */

/** Of a form, how it is known by its first bytes, and what to say. */
interface Form {
  begins: string;
  code: DecodingProblem['code'];
  summary: string;
  detail: string;
}

const DECRYPT = 'Decrypt it before reelstate reads it: encrypted files are not opened here.';

const FORMS: readonly Form[] = [
  {
    // git-lfs, docs/spec.md: the version comes first, as the address of the specification.
    begins: 'version https://git-lfs.github.com/spec/',
    code: 'git-lfs-pointer',
    summary: 'this is a pointer of Git LFS, not the file',
    detail: 'git lfs pull, or take *.yaml out of LFS. With --git and --git-url LFS is not followed.',
  },
  {
    // git-crypt, commands.cpp: the header of every encrypted file.
    begins: '\0GITCRYPT\0',
    code: 'file-encrypted',
    summary: 'this file is encrypted by git-crypt',
    detail:
      'git-crypt unlock, or take *.yaml out of .gitattributes. With --git and --git-url it stays encrypted.',
  },
  {
    begins: '$ANSIBLE_VAULT;',
    code: 'file-encrypted',
    summary: 'this file is encrypted by Ansible Vault',
    detail: DECRYPT,
  },
  {
    begins: '-----BEGIN AGE ENCRYPTED FILE-----',
    code: 'file-encrypted',
    summary: 'this file is encrypted by age',
    detail: DECRYPT,
  },
  {
    begins: '-----BEGIN PGP MESSAGE-----',
    code: 'file-encrypted',
    summary: 'this file is encrypted by OpenPGP',
    detail: DECRYPT,
  },
];

const LONGEST = Math.max(...FORMS.map(({ begins }) => begins.length));

/** What to say of bytes that are another form of the file; undefined where they are the file. */
export function otherForm(bytes: Uint8Array): DecodingProblem | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, LONGEST)).toString(
    'latin1',
  );
  const form = FORMS.find(({ begins }) => head.startsWith(begins));
  if (!form) return undefined;
  const { code, summary, detail } = form;
  return { code, span: { start: 0, end: 0 }, summary, detail };
}

/**
 * What to say of a text that SOPS has encrypted: beside the values a field `sops` at the top holds the sum of them all,
 * encrypted like them (getsops.io, "Encrypting using age": `mac: ENC[…]`).
 */
export function sopsFile(text: string): DecodingProblem | undefined {
  // Of ten thousand files hardly any has the word.
  if (!text.includes('ENC[')) return undefined;
  const field = /^sops[ \t]*:|"sops"[ \t]*:(?=[ \t]*\{)/m.exec(text);
  if (!field || !/(^|[\s{,])"?mac"?[ \t]*:[ \t]*["']?ENC\[/m.test(text.slice(field.index))) return undefined;
  return {
    code: 'file-encrypted',
    span: { start: field.index, end: field.index + field[0].length },
    summary: 'this file is encrypted by SOPS',
    detail:
      'sops --decrypt writes it in plain. Better keep secrets alone out of it: {fromEnv: NAME} or {fromFile: PATH}.',
  };
}
