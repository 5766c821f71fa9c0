import type { Severity } from '../model/diagnostic.ts';

interface CodeEntry {
  severity: Severity;
  title: string;
  /** What it means and the way out. */
  meaning: string;
}

function error(title: string, meaning: string): CodeEntry {
  return { severity: 'error', title, meaning };
}

function warning(title: string, meaning: string): CodeEntry {
  return { severity: 'warning', title, meaning };
}

/** Every code that a diagnostic about recording files and the settings file can carry. schemas/README.md shows each with an example. */
export const CODES = {
  // folders and files
  'directory-not-found': error(
    'Folder not found',
    'The folder with the recording files does not exist or is no folder. Check --dir.',
  ),
  'directory-unreadable': error(
    'Folder not readable',
    'A folder below the recordings could not be listed. Recordings from there are left as they are.',
  ),
  submodule: warning(
    'Submodule',
    'A submodule is another repository. Where its files are not at hand, no recording is forgotten because its file is gone.',
  ),
  'dangling-link': error(
    'Link leads nowhere',
    'A link in the recordings folder has no target, or leads in a circle. Mend or remove it.',
  ),
  'link-out-of-bounds': error(
    'Link leads out',
    'A link among the recording files may lead no further than the folder that holds --dir. Put the file there.',
  ),
  'file-unreadable': error(
    'File not readable',
    'The file could not be read, or is no ordinary file. Its recordings are left as they are.',
  ),
  'file-too-large': error('File too large', 'A recording file may have at most 1 MiB. Split it.'),
  'file-encoding': error('Not UTF-8', 'The file holds bytes that are not UTF-8. Save it as UTF-8.'),
  'control-character': error(
    'Control character',
    'NUL and other control characters are not allowed, neither raw nor as an escape.',
  ),
  'git-lfs-pointer': error(
    'Pointer of Git LFS',
    'What stands here is only a pointer to the file. Run `git lfs pull`, or take *.yaml out of LFS.',
  ),
  'file-encrypted': error(
    'Encrypted file',
    'The file is encrypted by git-crypt, SOPS, Ansible Vault, age or OpenPGP. It must be decrypted before it is read.',
  ),
  'empty-file': error(
    'Empty file',
    'The file holds no document. It may be half written; delete it if the recording is to be forgotten.',
  ),
  'too-many-problems': error(
    'Too many problems',
    'Only the first problems of a file are shown. Mend these first.',
  ),
  'no-recording-files': warning(
    'No recording files',
    'The folder holds no file whose name ends in .yaml or .yml, so there is nothing to do. Check --dir.',
  ),
  // YAML
  'yaml-syntax': error('Broken YAML', 'The file is no valid YAML, so nothing of it is used.'),
  'look-alike-character': error(
    'Character that looks like another',
    'A no-break space, an invisible mark or a curly quote is no space and no quote to YAML. Write plain ones.',
  ),
  'yaml-version': error(
    'Another YAML version',
    'Files are read as YAML 1.2; another version changes what numbers and words mean. Remove the %YAML line.',
  ),
  'yaml-alias': error(
    'Alias that cannot be used',
    'An alias (*name) must follow its anchor (&name), must not contain itself and must not multiply the file.',
  ),
  'unknown-tag': error(
    'Unknown tag',
    'Only the tags of plain YAML (!!str, !!int, !!float, !!bool, !!null, !!map, !!seq) are known. Remove the tag.',
  ),
  'nested-too-deep': error(
    'Nested too deep',
    'No field needs that many levels. Look for brackets that are not closed.',
  ),
  'duplicate-key': error(
    'Field set twice',
    'A field may stand only once in a mapping. Remove one of the two.',
  ),
  'document-not-mapping': error(
    'Document is no mapping',
    'A recording document consists of fields such as `recording:` and `layout:`.',
  ),
  'empty-document': error(
    'Empty document',
    'Between two `---` lines nothing is left. Remove one of them, or fill in the document.',
  ),
  // shape
  'unknown-field': error(
    'Unknown field',
    'The format has no such field here. The service would ignore it silently, so it is refused.',
  ),
  'missing-field': error('Field missing', 'The field is required here.'),
  'wrong-type': error(
    'Wrong kind of value',
    'The field takes another kind of value: text, number, true or false, a list, or fields.',
  ),
  'value-not-allowed': error('Value not allowed', 'The field takes one of a few values.'),
  'out-of-range': error('Number out of range', 'The number is smaller or larger than the field allows.'),
  'list-empty': error('Empty list', 'The list needs at least one entry. Leave the field out to set nothing.'),
  'text-empty': error('Empty text', 'The field needs a text.'),
  'white-space': error(
    'White space in it',
    'No ID and no bucket has spaces or line ends: the service would not find what is meant.',
  ),
  // document and identity
  'name-format': error('Name not usable', 'A name has 1 to 128 characters and no control characters.'),
  'name-missing': error('Name missing', 'In a file of several documents each one needs a `name`.'),
  'label-format': error(
    'Label not usable',
    'Keys and values of `labels` are 1 to 63 letters, digits, -, _ and . each.',
  ),
  'identity-beside-file': error(
    'Fields beside fromFile',
    'Beside `fromFile` what is known beforehand may stand; resourceId and sid come from the file that it names.',
  ),
  'identity-contradiction': error(
    'Field against the run file',
    'What stands beside `fromFile` must be what the file that it names says.',
  ),
  'shared-file-unreadable': error(
    'Shared file not readable',
    'The file that a block takes fields from is missing or cannot be read. The recordings that use it are left as they are.',
  ),
  'shared-file-nested': error(
    'Shared file within a shared file',
    'A file that blocks take fields from takes nothing from another one. Name the other one in the recording.',
  ),
  'shared-file-among-recordings': error(
    'Shared file among the recordings',
    'The file holds the fields of a block, and no recording. Put it outside of --dir, or in a folder whose name begins with a dot.',
  ),
  'shared-file-unused': warning(
    'Shared file that nothing uses',
    'It lies beside files that blocks take fields from, and no recording names it. Remove it, or use it.',
  ),
  'identity-file-unreadable': error(
    'Identity file not readable',
    'The file that `recording.fromFile` names exists but cannot be read.',
  ),
  'recording-uid-zero': error(
    'UID 0',
    'The recording client never has the UID 0. Use the one that was given to `acquire`.',
  ),
  'recording-uid-zeros': warning(
    'UID with zeros in front',
    'It is sent as it stands: it must be what `acquire` was given, character for character.',
  ),
  'cname-format': error(
    'Not a channel name',
    'A channel name consists of letters, digits, spaces and a few signs. The service refuses any other.',
  ),
  'cname-too-long': error(
    'Channel name too long',
    'A channel name has at most 64 bytes, in mode web at most 128.',
  ),
  placeholder: warning(
    'Placeholder not filled in',
    'A template has left {{name}}, <name> or the like behind. It would be sent as it stands: fill it in.',
  ),
  'uid-format': error(
    'Not a UID',
    'A UID is an integer from 0 to 4294967295, in digits only: no leading zero, sign, exponent or hexadecimal.',
  ),
  'uid-out-of-range': error('UID too large', 'A UID is a 32-bit unsigned integer, at most 4294967295.'),
  'uid-zero': warning(
    'UID 0',
    'No user has the UID 0: users have 1 to 4294967295. The service may refuse it.',
  ),
  'uid-twice': error('UID twice', 'A UID may stand once in a list, have one region and one background.'),
  'block-against-mode': error(
    'Block does not fit the mode',
    '`subscriptions` is for individual and mix, `layout` for mix, `onhold` and `rtmp` for web.',
  ),
  'seat-format': error(
    'Not a name of a seat',
    'The name of a seat consists of letters, digits, -, _ and ., at most 63.',
  ),
  'seat-beside-uid': error(
    'Seat and UID',
    'A region, a background and the large region belong to a UID or to a seat, not to both. Keep one of the two.',
  ),
  'seat-twice': error('Seat twice', 'A seat has one region in layoutConfig.'),
  'seat-not-filled': error(
    'Seat not filled',
    'The layout names a seat of which the recording does not say who sits there. Add it to seats: a UID, null or any.',
  ),
  'seat-unknown': error('No such seat', 'The recording fills a seat that the layout does not name.'),
  'seat-any': error(
    'Seat for any user that joins',
    'A background of its own and the large region are for one user, so any cannot fill their seats. Name a UID, or null.',
  ),
  'duplicate-name': error(
    'Name used twice',
    'Two documents have the same name, so neither is used. Rename one.',
  ),
  'duplicate-recording': error(
    'Recording described twice',
    'Two documents are about the same running recording (appId, resourceId and sid), so neither is used.',
  ),
  // subscriptions
  'uid-list-too-long': error('UID list too long', 'A subscription list holds at most 32 UIDs.'),
  'more-videos-than-recorded': warning(
    'More videos than are recorded',
    'Only the first 17 video streams are recorded, in the order of joining, whatever a list says.',
  ),
  'uid-list-missing': error(
    'No list',
    'A medium needs one of its two lists. Leave the medium out to set nothing.',
  ),
  'uid-list-both': error('Both lists', 'A medium takes a subscribe list or an unsubscribe list, not both.'),
  'uid-list-two-spellings': error(
    'One list in two spellings',
    'unSubscribe… and unsubscribe… are the same list. Keep one.',
  ),
  'all-streams-beside-others': error(
    '#allstream# beside others',
    '"#allstream#" means every user and must be alone in its list.',
  ),
  'all-streams-unsubscribed': error(
    '#allstream# unsubscribed',
    'An unsubscribe list takes single users only.',
  ),
  'list-against-stream-types': error(
    'List against streamTypes',
    'With streamTypes 0 (audio only) no video list may be set, with 1 (video only) no audio list.',
  ),
  'list-for-one-medium': warning(
    'List for one medium only',
    'With a list for one medium alone the other medium is not recorded at all. Add ["#allstream#"] for the other.',
  ),
  // layout
  'colour-format': error('Not a colour', 'A colour is "#" and six hexadecimal digits, in quotes.'),
  'image-url-format': error('Not an image address', 'Background images are http or https addresses.'),
  'image-type': warning('Neither JPG nor BMP', 'The service shows JPG and BMP images only.'),
  'custom-without-regions': error(
    'Custom layout without regions',
    'mixedVideoLayout custom (3) needs layoutConfig.',
  ),
  'regions-without-custom': error(
    'Regions without the custom layout',
    'layoutConfig counts only with mixedVideoLayout custom (3).',
  ),
  'too-many-regions': error('Too many regions', 'A layout has at most 17 regions.'),
  'region-off-canvas': error(
    'Region off the canvas',
    'x_axis + width and y_axis + height must be at most 1. One millionth above is taken off the size.',
  ),
  'region-without-size': warning('Region of no size', 'A region with width or height 0 is not visible.'),
  'regions-overlap': warning(
    'Regions overlap',
    'An opaque region hides an earlier one or covers part of it. One that lies wholly on a larger one is no finding.',
  ),
  'max-resolution-uid-outside-vertical': warning(
    'maxResolutionUid outside the vertical layout',
    'maxResolutionUid counts only with mixedVideoLayout vertical (2). It is not sent.',
  ),
  'max-resolution-uid-zero': error(
    'maxResolutionUid 0',
    'The large region belongs to a user, and no user has the UID 0.',
  ),
  'vertical-without-max-resolution-uid': warning(
    'Vertical without maxResolutionUid',
    'Without maxResolutionUid the large region of the vertical layout stays empty.',
  ),
  // rtmp and storage
  'rtmp-url-placeholder': warning(
    'Placeholder in an RTMP address',
    'The address holds something like $NAME, which nothing fills in. Use {fromEnv: NAME}.',
  ),
  'rtmp-url-format': error('Not an RTMP address', 'An output is an rtmp:// or rtmps:// address.'),
  'several-rtmp-outputs': error('Several RTMP outputs', 'The service takes one output at a time.'),
  'vendor-unknown': error('Unknown vendor', 'vendor is one of the known names or numbers.'),
  'vendor-not-listed': warning(
    'Vendor no longer listed',
    'The newest reference of the service does not have the vendor: it may be refused.',
  ),
  'region-unknown': error('Unknown storage region', 'The vendor has no such region.'),
  'region-not-used': warning(
    'Storage region not used',
    'azure and google have no regions here: 0 is sent, whatever number is written.',
  ),
  'region-not-listed': warning(
    'Storage region no longer listed',
    'The newest reference of the service does not have the region: it may be refused.',
  ),
  'region-missing': error('Storage region missing', 'The vendor needs a region.'),
  'endpoint-missing': error('Endpoint missing', 's3Compatible storage needs extensionParams.endpoint.'),
  'endpoint-format': error(
    'Endpoint with more than a name',
    'extensionParams.endpoint is a domain name, without scheme and path.',
  ),
  'extension-against-vendor': error(
    'Setting not for this vendor',
    'sse is for s3, tag for s3 and alibaba, endpoint for s3Compatible.',
  ),
  'file-name-prefix-format': error(
    'Prefix not allowed',
    'Parts of fileNamePrefix consist of letters and digits only.',
  ),
  'file-name-prefix-too-long': error(
    'Prefix too long',
    'fileNamePrefix has at most 128 characters, with a slash behind each part.',
  ),
  'storage-keys-missing': error(
    'Storage keys missing',
    '`storage` needs accessKey and secretKey, or credentials.',
  ),
  'credentials-beside-keys': error(
    'Keys beside credentials',
    '`credentials` stands for accessKey, secretKey, stsToken and stsExpiration.',
  ),
  'sts-against-vendor': error(
    'Temporary token not for this vendor',
    'stsToken is for s3, alibaba and tencent.',
  ),
  'sts-incomplete': error('Temporary token incomplete', 'stsToken and stsExpiration go together.'),
  'sts-expires-soon': warning(
    'Temporary token expires soon',
    'A token must be valid for at least four hours when it is sent.',
  ),
  'sts-expired': warning(
    'Temporary token expired',
    'The service refuses an expired token. apply holds the recording back, unless its storage is unchanged.',
  ),
  // accounts
  'account-name-format': error(
    'Not a name of an account',
    'In the settings file: the name of an account is 1 to 63 letters, digits, -, _ and .',
  ),
  'account-endpoint': error(
    'Not an endpoint',
    'In the settings file: an endpoint is an address with https://, or with http:// on this machine, without credentials.',
  ),
  'app-id-twice': error(
    'App ID listed twice',
    'In the settings file: an App ID belongs to one account. Recordings with it are held back until it is listed once.',
  ),
  'app-id-account': error(
    'No account for the App ID',
    'No account in the settings file lists the App ID of the recording, or two do. The recording is left as it is.',
  ),
  // secrets
  'reference-out-of-bounds': error(
    'Reference out of bounds',
    'The variable, file or program is none that recording files may name here.',
  ),
  'reference-not-followed': warning(
    'Reference not followed',
    'With --untrusted nothing is looked up that a file names. A plan made so cannot be applied.',
  ),
  'secret-character': error(
    'White space in a secret',
    'A key, token or address holds a space or control character. Line ends at the end are dropped.',
  ),
  'secret-placeholder': error(
    'Placeholder for a secret',
    'The value is something like $NAME, which nothing fills in. Use {fromEnv: NAME}.',
  ),
  'secret-in-file': error(
    'Secret written out',
    'secretKey and stsToken are never written into a file. Use {fromEnv: NAME} or {fromFile: PATH}.',
  ),
  'secret-reference': error(
    'Reference not clear',
    'A reference is exactly one of {fromEnv: NAME} and {fromFile: PATH}.',
  ),
  'environment-name-format': error(
    'Not a variable name',
    'The name of an environment variable consists of letters, digits and underscores.',
  ),
  'environment-unset': warning(
    'Environment variable not set',
    'The variable is unset or empty here. apply holds the recording back until it has a value.',
  ),
  'secret-file-unreadable': warning(
    'Secret file without a value',
    'The file is missing, unreadable or empty here. apply holds the recording back until it has a value.',
  ),
  'credentials-unavailable': error(
    'No storage credentials',
    'The program failed, or printed no credentials that can be used. apply holds the recording back until it does.',
  ),
} satisfies Record<string, CodeEntry>;

export type Code = keyof typeof CODES;
