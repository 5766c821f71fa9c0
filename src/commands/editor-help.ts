/** How an editor finds the schema, for the command's help and for those who have just printed it. */
export const EDITOR_HELP = `To check and complete recording files while you type, keep the schema beside them:
  reelstate schema > schemas/recording.schema.json
and begin every file in recordings/ with the line
  # yaml-language-server: $schema=../schemas/recording.schema.json
(VS Code with the YAML extension, Neovim, Helix, Zed and others with yaml-language-server), or name the folder once
in the settings of VS Code:
  "yaml.schemas": { "./schemas/recording.schema.json": "recordings/**/*.{yaml,yml}" }
In JetBrains IDEs: Settings, Languages & Frameworks, Schemas and DTDs, JSON Schema Mappings.
`;
