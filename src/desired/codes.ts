import type { Severity } from '../model/diagnostic.ts';

interface CodeEntry {
  severity: Severity;
  /** What it means and the way out. */
  meaning: string;
}

function error(meaning: string): CodeEntry {
  return { severity: 'error', meaning };
}

function warning(meaning: string): CodeEntry {
  return { severity: 'warning', meaning };
}

/** Every code that a diagnostic about recording files and the settings file can carry. schemas/README.md shows each with an example. */
export const CODES = {
  // folders and files
  'directory-not-found': error(
    'The folder with the recording files does not exist or is no folder. Check --dir.',
  ),
  'directory-unreadable': error(
    'A folder below the recordings could not be listed. Recordings from there are left as they are.',
  ),
  submodule: warning(
    'A submodule is another repository. Where its files are not at hand, no recording is forgotten because its file is gone.',
  ),
  'dangling-link': error(
    'A link in the recordings folder has no target, or leads in a circle. Mend or remove it.',
  ),
  'link-out-of-bounds': error(
    'A link among the recording files may lead no further than the folder that holds --dir. Put the file there.',
  ),
  'file-unreadable': error(
    'The file could not be read, or is no ordinary file. Its recordings are left as they are.',
  ),
  'file-too-large': error('A recording file may have at most 1 MiB. Split it.'),
  'file-encoding': error('The file holds bytes that are not UTF-8. Save it as UTF-8.'),
  'control-character': error(
    'NUL and other control characters are not allowed, neither raw nor as an escape.',
  ),
  'git-lfs-pointer': error(
    'What stands here is only a pointer to the file. Run `git lfs pull`, or take *.yaml out of LFS.',
  ),
  'file-encrypted': error(
    'The file is encrypted by git-crypt, SOPS, Ansible Vault, age or OpenPGP. It must be decrypted before it is read.',
  ),
  'empty-file': error(
    'The file holds no document. It may be half written; delete it if the recording is to be forgotten.',
  ),
  'too-many-problems': error('Only the first problems of a file are shown. Mend these first.'),
  'no-recording-files': warning(
    'The folder holds no file whose name ends in .yaml or .yml, so there is nothing to do. Check --dir.',
  ),
  // YAML
  'yaml-syntax': error('The file is no valid YAML, so nothing of it is used.'),
  'look-alike-character': error(
    'A no-break space, an invisible mark or a curly quote is no space and no quote to YAML. Write plain ones.',
  ),
  'yaml-version': error(
    'Files are read as YAML 1.2; another version changes what numbers and words mean. Remove the %YAML line.',
  ),
  'yaml-alias': error(
    'An alias (*name) must follow its anchor (&name), must not contain itself and must not multiply the file.',
  ),
  'unknown-tag': error(
    'Only the tags of plain YAML (!!str, !!int, !!float, !!bool, !!null, !!map, !!seq) are known. Remove the tag.',
  ),
  'nested-too-deep': error('No field needs that many levels. Look for brackets that are not closed.'),
  'duplicate-key': error('A field may stand only once in a mapping. Remove one of the two.'),
  'document-not-mapping': error(
    'A recording document consists of fields such as `recording:` and `layout:`.',
  ),
  'empty-document': error(
    'Between two `---` lines nothing is left. Remove one of them, or fill in the document.',
  ),
  // shape
  'unknown-field': error(
    'The format has no such field here. The service would ignore it silently, so it is refused.',
  ),
  'missing-field': error('The field is required here.'),
  'wrong-type': error(
    'The field takes another kind of value: text, number, true or false, a list, or fields.',
  ),
  'value-not-allowed': error('The field takes one of a few values.'),
  'out-of-range': error('The number is smaller or larger than the field allows.'),
  'list-empty': error('The list needs at least one entry. Leave the field out to set nothing.'),
  'text-empty': error('The field needs a text.'),
  'white-space': error(
    'No ID and no bucket has spaces or line ends: the service would not find what is meant.',
  ),
  // document and identity
  'name-format': error('A name has 1 to 128 characters and no control characters.'),
  'name-missing': error('In a file of several documents each one needs a `name`.'),
  'label-format': error('Keys and values of `labels` are 1 to 63 letters, digits, -, _ and . each.'),
  'identity-beside-file': error(
    'Beside `fromFile` what is known beforehand may stand; resourceId and sid come from the file that it names.',
  ),
  'identity-contradiction': error('What stands beside `fromFile` must be what the file that it names says.'),
  'shared-file-unreadable': error(
    'The file that a block takes fields from is missing or cannot be read. The recordings that use it are left as they are.',
  ),
  'shared-file-nested': error(
    'A file that blocks take fields from takes nothing from another one. Name the other one in the recording.',
  ),
  'shared-file-among-recordings': error(
    'The file holds the fields of a block, and no recording. Put it outside of --dir, or in a folder whose name begins with a dot.',
  ),
  'shared-file-unused': warning(
    'It lies beside files that blocks take fields from, and no recording names it. Remove it, or use it.',
  ),
  'identity-file-unreadable': error('The file that `recording.fromFile` names exists but cannot be read.'),
  'recording-uid-zero': error(
    'The recording client never has the UID 0. Use the one that was given to `acquire`.',
  ),
  'recording-uid-zeros': warning(
    'It is sent as it stands: it must be what `acquire` was given, character for character.',
  ),
  'cname-format': error(
    'A channel name consists of letters, digits, spaces and a few signs. The service refuses any other.',
  ),
  'cname-too-long': error('A channel name has at most 64 bytes, in mode web at most 128.'),
  placeholder: warning(
    'A template has left {{name}}, <name> or the like behind. It would be sent as it stands: fill it in.',
  ),
  'uid-format': error(
    'A UID is an integer from 0 to 4294967295, in digits only: no leading zero, sign, exponent or hexadecimal.',
  ),
  'uid-out-of-range': error('A UID is a 32-bit unsigned integer, at most 4294967295.'),
  'uid-zero': warning('No user has the UID 0: users have 1 to 4294967295. The service may refuse it.'),
  'uid-twice': error('A UID may stand once in a list, have one region and one background.'),
  'block-against-mode': error(
    '`subscriptions` is for individual and mix, `layout` for mix, `onhold` and `rtmp` for web.',
  ),
  'seat-format': error('The name of a seat consists of letters, digits, -, _ and ., at most 63.'),
  'seat-beside-uid': error(
    'A region, a background and the large region belong to a UID or to a seat, not to both. Keep one of the two.',
  ),
  'seat-twice': error('A seat has one region in layoutConfig.'),
  'seat-not-filled': error(
    'The layout names a seat of which the recording does not say who sits there. Add it to seats: a UID, null or any.',
  ),
  'seat-unknown': error('The recording fills a seat that the layout does not name.'),
  'seat-any': error(
    'A background of its own and the large region are for one user, so any cannot fill their seats. Name a UID, or null.',
  ),
  'duplicate-name': error('Two documents have the same name, so neither is used. Rename one.'),
  'duplicate-recording': error(
    'Two documents are about the same running recording (appId, resourceId and sid), so neither is used.',
  ),
  // subscriptions
  'uid-list-too-long': error('A subscription list holds at most 32 UIDs.'),
  'more-videos-than-recorded': warning(
    'Only the first 17 video streams are recorded, in the order of joining, whatever a list says.',
  ),
  'uid-list-missing': error('A medium needs one of its two lists. Leave the medium out to set nothing.'),
  'uid-list-both': error('A medium takes a subscribe list or an unsubscribe list, not both.'),
  'uid-list-two-spellings': error('unSubscribe… and unsubscribe… are the same list. Keep one.'),
  'all-streams-beside-others': error('"#allstream#" means every user and must be alone in its list.'),
  'all-streams-unsubscribed': error('An unsubscribe list takes single users only.'),
  'list-against-stream-types': error(
    'With streamTypes 0 (audio only) no video list may be set, with 1 (video only) no audio list.',
  ),
  'list-for-one-medium': warning(
    'With a list for one medium alone the other medium is not recorded at all. Add ["#allstream#"] for the other.',
  ),
  // layout
  'colour-format': error('A colour is "#" and six hexadecimal digits, in quotes.'),
  'image-url-format': error('Background images are http or https addresses.'),
  'image-type': warning('The service shows JPG and BMP images only.'),
  'custom-without-regions': error('mixedVideoLayout custom (3) needs layoutConfig.'),
  'regions-without-custom': error('layoutConfig counts only with mixedVideoLayout custom (3).'),
  'too-many-regions': error('A layout has at most 17 regions.'),
  'region-off-canvas': error(
    'x_axis + width and y_axis + height must be at most 1. One millionth above is taken off the size.',
  ),
  'region-without-size': warning('A region with width or height 0 is not visible.'),
  'regions-overlap': warning(
    'An opaque region hides an earlier one or covers part of it. One that lies wholly on a larger one is no finding.',
  ),
  'max-resolution-uid-outside-vertical': warning(
    'maxResolutionUid counts only with mixedVideoLayout vertical (2). It is not sent.',
  ),
  'max-resolution-uid-zero': error('The large region belongs to a user, and no user has the UID 0.'),
  'vertical-without-max-resolution-uid': warning(
    'Without maxResolutionUid the large region of the vertical layout stays empty.',
  ),
  // rtmp and storage
  'rtmp-url-placeholder': warning(
    'The address holds something like $NAME, which nothing fills in. Use {fromEnv: NAME}.',
  ),
  'rtmp-url-format': error('An output is an rtmp:// or rtmps:// address.'),
  'several-rtmp-outputs': error('The service takes one output at a time.'),
  'vendor-unknown': error('vendor is one of the known names or numbers.'),
  'vendor-not-listed': warning(
    'The newest reference of the service does not have the vendor: it may be refused.',
  ),
  'region-unknown': error('The vendor has no such region.'),
  'region-not-used': warning('azure and google have no regions here: 0 is sent, whatever number is written.'),
  'region-not-listed': warning(
    'The newest reference of the service does not have the region: it may be refused.',
  ),
  'region-missing': error('The vendor needs a region.'),
  'endpoint-missing': error('s3Compatible storage needs extensionParams.endpoint.'),
  'endpoint-format': error('extensionParams.endpoint is a domain name, without scheme and path.'),
  'extension-against-vendor': error('sse is for s3, tag for s3 and alibaba, endpoint for s3Compatible.'),
  'file-name-prefix-format': error('Parts of fileNamePrefix consist of letters and digits only.'),
  'file-name-prefix-too-long': error(
    'fileNamePrefix has at most 128 characters, with a slash behind each part.',
  ),
  'storage-keys-missing': error('`storage` needs accessKey and secretKey, or credentials.'),
  'credentials-beside-keys': error(
    '`credentials` stands for accessKey, secretKey, stsToken and stsExpiration.',
  ),
  'sts-against-vendor': error('stsToken is for s3, alibaba and tencent.'),
  'sts-incomplete': error('stsToken and stsExpiration go together.'),
  'sts-expires-soon': warning('A token must be valid for at least four hours when it is sent.'),
  'sts-expired': warning(
    'The service refuses an expired token. apply holds the recording back, unless its storage is unchanged.',
  ),
  // accounts
  'account-name-format': error(
    'In the settings file: the name of an account is 1 to 63 letters, digits, -, _ and .',
  ),
  'account-endpoint': error(
    'In the settings file: an endpoint is an address with https://, or with http:// on this machine, without credentials.',
  ),
  'app-id-twice': error(
    'In the settings file: an App ID belongs to one account. Recordings with it are held back until it is listed once.',
  ),
  'app-id-account': error(
    'No account in the settings file lists the App ID of the recording, or two do. The recording is left as it is.',
  ),
  // secrets
  'reference-out-of-bounds': error(
    'The variable, file or program is none that recording files may name here.',
  ),
  'reference-not-followed': warning(
    'With --untrusted nothing is looked up that a file names. A plan made so cannot be applied.',
  ),
  'secret-character': error(
    'A key, token or address holds a space or control character. Line ends at the end are dropped.',
  ),
  'secret-placeholder': error(
    'The value is something like $NAME, which nothing fills in. Use {fromEnv: NAME}.',
  ),
  'secret-in-file': error(
    'secretKey and stsToken are never written into a file. Use {fromEnv: NAME} or {fromFile: PATH}.',
  ),
  'secret-reference': error('A reference is exactly one of {fromEnv: NAME} and {fromFile: PATH}.'),
  'environment-name-format': error(
    'The name of an environment variable consists of letters, digits and underscores.',
  ),
  'environment-unset': warning(
    'The variable is unset or empty here. apply holds the recording back until it has a value.',
  ),
  'secret-file-unreadable': warning(
    'The file is missing, unreadable or empty here. apply holds the recording back until it has a value.',
  ),
  'credentials-unavailable': error(
    'The program failed, or printed no credentials that can be used. apply holds the recording back until it does.',
  ),
} satisfies Record<string, CodeEntry>;

export type Code = keyof typeof CODES;
