/*
 * The texts of what `reelstate init` writes. Paths within them count from the new folder.
 */

/** Where the package is kept for the CI: reelstate is in no registry. */
export const TARBALL = 'tools/reelstate.tgz';

/** A recording that waits for its backend: it has no mistake, and nothing is sent for it. @param schema for editors */
export function exampleText(schema: string): string {
  return `# yaml-language-server: $schema=${schema}
# How one running recording shall be. reelstate plan shows what would be sent for that, reelstate apply sends it.
name: example
# Which one: your backend writes appId, cname, uid, resourceId and sid to this file when start has answered. Until then
# the recording waits, and no call is made. Or write these five fields here, in the place of fromFile.
recording: { fromFile: ../run/example.json, mode: mix }
# Words of your own to choose by: reelstate plan --select show=example
labels: { show: example }
subscriptions:
  audioUidList: { subscribeAudioUids: ["#allstream#"] }
  videoUidList: { subscribeVideoUids: ["#allstream#"] }
# Shares of the canvas, from the top left corner. reelstate preview draws it.
layout:
  mixedVideoLayout: custom
  backgroundColor: "#1B2A41"
  layoutConfig:
    - { uid: "101", x_axis: 0, y_axis: 0, width: 0.5, height: 1, render_mode: fit }
    - { uid: "102", x_axis: 0.5, y_axis: 0, width: 0.5, height: 1, render_mode: fit }
# storage:
#   vendor: s3
#   region: EU_CENTRAL_1
#   bucket: my-bucket
#   accessKey: { fromEnv: S3_KEY }
#   secretKey: { fromFile: ../secrets/s3 }
`;
}

export const GITIGNORE = `# What was applied, as the place that applies remembers it.
/.reelstate/
# Which recordings are running: your backend writes these files.
/run/
# Values that recording files name with fromFile.
/secrets/
# Plans, saved or for a review.
/plan.json
/plan.md
`;

const INSTALL = `npm install --global ./${TARBALL}`;

/** Its first lines. */
const HEAD = `# The files are checked in each change, and what it would send is told. Nothing is sent.
#
# reelstate is in no registry. Keep the file that "npm pack" writes in its checkout as ${TARBALL}, or put in the place
# of that line: git clone ADDRESS reelstate && (cd reelstate && npm ci && npm link)
`;

const GITHUB = `${HEAD}name: recordings

on:
  pull_request:
    paths: [recordings/**, layouts/**, shared/**, reelstate.yaml]

permissions:
  contents: read

jobs:
  review:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          # The merge commit and its first parent: the branch that is merged into.
          fetch-depth: 2
      - uses: actions/setup-node@v4
        with:
          node-version: 22
      - name: Install
        run: ${INSTALL}
      - name: Check
        run: reelstate validate --git --untrusted
      - name: Plan
        run: reelstate plan --from HEAD^1 --to HEAD --untrusted --output markdown >> "$GITHUB_STEP_SUMMARY"
`;

const GITLAB = `${HEAD}review:
  image: node:22
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
      changes: [recordings/**/*, layouts/**/*, shared/**/*, reelstate.yaml]
  variables:
    # The commit that the branch began at must be there to compare with.
    GIT_DEPTH: 0
  before_script:
    - ${INSTALL}
  script:
    - reelstate validate --git --untrusted
    - reelstate plan --from "$CI_MERGE_REQUEST_DIFF_BASE_SHA" --to HEAD --untrusted --output markdown > plan.md
    - cat plan.md
  artifacts:
    paths: [plan.md]
`;

/** The CI files by --ci: where each host looks for it, and its text. */
export const CI_FILES = {
  github: { path: '.github/workflows/recordings.yml', text: GITHUB },
  gitlab: { path: '.gitlab-ci.yml', text: GITLAB },
} as const;
