import type { BlockName, Mode } from '../model/recording.ts';

/*
 * The service's vocabulary and limits, as data. Source unless said otherwise: Agora Cloud Recording REST,
 * update and updateLayout.
 */

export const MODES: readonly Mode[] = ['individual', 'mix', 'web'];

/** `mixedVideoLayout` by the names that files use. */
export const MIXED_VIDEO_LAYOUTS = { floating: 0, bestFit: 1, vertical: 2, custom: 3 } as const;

/** `render_mode` by the names that files use. */
export const RENDER_MODES = { crop: 0, fit: 1 } as const;

/** The modes in which each block of a file means something. */
export const BLOCK_MODES: Readonly<Record<BlockName, readonly Mode[]>> = {
  subscriptions: ['individual', 'mix'],
  layout: ['mix'],
  onhold: ['web'],
  rtmp: ['web'],
  storage: MODES,
};

/** Stands for every stream of the channel, alone in its list. */
export const ALL_STREAMS = '#allstream#';

/** UIDs that one subscription list may hold. */
export const MAX_LIST_UIDS = 32;

/** A UID is a 32-bit unsigned integer. */
export const MAX_UID = 4_294_967_295;

/** Regions of a custom layout: one for each user, at most 17 users. */
export const MAX_REGIONS = 17;

/** Video streams that are recorded or composed: the first in the order of joining, whatever a list says. */
export const MAX_VIDEO_STREAMS = 17;

/** What a channel's name consists of (Agora Cloud Recording REST, acquire: cname), and its length in bytes by mode. */
export const CHANNEL_NAME_CHARACTER = /[A-Za-z0-9 !#$%&()+\-:;<=.>?@[\]^_{}|~,]/;
export const MAX_CHANNEL_NAME_BYTES: Readonly<Record<Mode, number>> = { individual: 64, mix: 64, web: 128 };

/** Coordinates are sent with six decimals: one unit is a millionth of the canvas. */
export const COORDINATE_UNITS = 1_000_000;

/** Characters of `fileNamePrefix` with the slash behind each part. */
export const MAX_PREFIX_LENGTH = 128;

export interface Vendor {
  /** The `vendor` number of the API. */
  number: number;
  /** The name that files use. */
  name: string;
  /** For people. */
  title: string;
  /** `region` numbers by name, several names where they changed; undefined where the region is always 0. */
  regions?: Readonly<Record<string, number>>;
  /** Regions that newer references no longer list, or all of them. */
  unlisted?: readonly number[] | 'all';
}

/** The names of consecutive region numbers, counted from 0. */
function numbered(names: string): Record<string, number> {
  return Object.fromEntries(names.split(' ').map((name, number) => [name, number]));
}

/**
 * Storage vendors and their regions. Vendor 11 and the S3 regions 18 and 19 stand in the newest reference only
 * (Agora Cloud Recording REST v1, storageConfig), vendor 4 and some regions only in older ones; all are accepted.
 * Alibaba's regions 26 and 27 have another name in the Chinese reference.
 */
export const VENDORS: readonly Vendor[] = [
  {
    number: 1,
    name: 's3',
    title: 'Amazon S3',
    regions: {
      ...numbered(
        'US_EAST_1 US_EAST_2 US_WEST_1 US_WEST_2 EU_WEST_1 EU_WEST_2 EU_WEST_3 EU_CENTRAL_1 AP_SOUTHEAST_1 ' +
          'AP_SOUTHEAST_2 AP_NORTHEAST_1 AP_NORTHEAST_2 SA_EAST_1 CA_CENTRAL_1 AP_SOUTH_1 CN_NORTH_1 ' +
          'CN_NORTHWEST_1 US_GOV_WEST_1 AF_SOUTH_1 AP_EAST_1 AP_NORTHEAST_3 EU_NORTH_1 ME_SOUTH_1 ' +
          'US_GOV_EAST_1 AP_SOUTHEAST_3 EU_SOUTH_1',
      ),
      IL_CENTRAL_1: 28,
    },
    unlisted: [17, 23, 28],
  },
  {
    number: 2,
    name: 'alibaba',
    title: 'Alibaba Cloud',
    regions: {
      ...numbered(
        'CN_Hangzhou CN_Shanghai CN_Qingdao CN_Beijing CN_Zhangjiakou CN_Huhehaote CN_Shenzhen CN_Hongkong ' +
          'US_West_1 US_East_1 AP_Southeast_1 AP_Southeast_2 AP_Southeast_3 AP_Southeast_5 AP_Northeast_1 ' +
          'AP_South_1 EU_Central_1 EU_West_1 EU_East_1 AP_Southeast_6 CN_Heyuan CN_Guangzhou CN_Chengdu ' +
          'CN_Nanjing CN_Fuzhou CN_Wulanchabu CN_Northeast_2 CN_Southeast_7',
      ),
      AP_Northeast_2: 26,
      AP_Southeast_7: 27,
    },
  },
  {
    number: 3,
    name: 'tencent',
    title: 'Tencent Cloud',
    regions: numbered(
      'AP_Beijing_1 AP_Beijing AP_Shanghai AP_Guangzhou AP_Chengdu AP_Chongqing AP_Shenzhen_FSI ' +
        'AP_Shanghai_FSI AP_Beijing_FSI AP_Hongkong AP_Singapore AP_Mumbai AP_Seoul AP_Bangkok AP_Tokyo ' +
        'NA_Siliconvalley NA_Ashburn NA_Toronto EU_Frankfurt EU_Moscow',
    ),
  },
  {
    number: 4,
    name: 'kingsoft',
    title: 'Kingsoft Cloud',
    regions: numbered(
      'CN_Hangzhou CN_Shanghai CN_Qingdao CN_Beijing CN_Guangzhou CN_Hongkong JR_Beijing JR_Shanghai ' +
        'NA_Russia_1 NA_Singapore_1',
    ),
    unlisted: 'all',
  },
  { number: 5, name: 'azure', title: 'Microsoft Azure' },
  { number: 6, name: 'google', title: 'Google Cloud' },
  {
    number: 7,
    name: 'huawei',
    title: 'Huawei Cloud',
    regions: numbered(
      'CN_North_1 CN_North_4 CN_East_2 CN_East_3 CN_South_1 CN_Southwest_2 AP_Southeast_1 AP_Southeast_2 ' +
        'AP_Southeast_3 AF_South_1 SA_Argentina_1 SA_Peru_1 NA_Mexico_1 SA_Brazil_1 LA_South_2 SA_Chile_1',
    ),
  },
  {
    number: 8,
    name: 'baidu',
    title: 'Baidu AI Cloud',
    regions: numbered('Beijing Baoding Suzhou Guangzhou Hongkong Singapore Wuhan Shanghai'),
    unlisted: [0],
  },
  { number: 11, name: 's3Compatible', title: 'S3-compatible storage' },
];

/** The vendor whose address stands in `extensionParams.endpoint`. */
export const ENDPOINT_VENDOR = 11;

/** Vendors that take an `stsToken`: Amazon S3, Alibaba Cloud, Tencent Cloud. */
export const STS_VENDORS: readonly number[] = [1, 2, 3];

/** Vendors that take `extensionParams.sse`: Amazon S3. */
export const SSE_VENDORS: readonly number[] = [1];

/** Vendors that take `extensionParams.tag`: Amazon S3, Alibaba Cloud. */
export const TAG_VENDORS: readonly number[] = [1, 2];
